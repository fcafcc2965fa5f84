// @simplewebauthn/server is the relying party; the authenticator is ours.
'use strict';
const rp = require('@simplewebauthn/server');

const AAGUID = '0563721c-38e3-423a-aa5a-d295ce023bac'; // as it is published

let count = 0;

// check prints a line: why is empty if it passed.
const check = (name, why) => {
	count++;
	process.stdout.write(JSON.stringify({ check: name, why: why ? String(why.message || why).slice(0, 400) : '' }) + '\n');
};

const passes = async (name, does) => {
	try {
		check(name, await does());
	} catch (error) {
		check(name, error);
	}
};

const refuses = async (name, does) => {
	try {
		const got = await does();
		check(name, got && got.verified === false ? '' : 'it was accepted');
	} catch {
		check(name, '');
	}
};

const call = async (path, body) => {
	const answer = await fetch(`${process.env.AUTHENTICATOR}/${path}`, { method: 'POST', body: JSON.stringify(body) });
	const got = await answer.json();
	if (got.refused) throw Object.assign(new Error(got.refused), { refused: true });
	return got;
};

const user = { userName: 'bot@example.com', userID: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]) };

const register = async ({ origin, rpID, Properties = {}, exclude = [], uv = 'discouraged', algorithms = [-7, -257] }) => {
	const options = await rp.generateRegistrationOptions({
		rpName: 'example', rpID, ...user, attestationType: 'direct', supportedAlgorithmIDs: algorithms,
		excludeCredentials: exclude.map(id => ({ id })), authenticatorSelection: { userVerification: uv },
	});
	return { options, response: await call('create', { Origin: origin, Options: options, Properties }) };
};

const verifyRegistration = ({ origin, rpID, uv }, { options, response }) => rp.verifyRegistrationResponse({
	response, expectedChallenge: options.challenge, expectedOrigin: origin, expectedRPID: rpID, requireUserVerification: uv === 'required',
});

const login = async ({ origin, rpID, uv = 'discouraged' }, credential, Properties = {}, allow = [credential]) => {
	const options = await rp.generateAuthenticationOptions({ rpID, userVerification: uv, allowCredentials: allow.map(c => ({ id: c.id })) });
	return { options, response: await call('get', { Origin: origin, Options: options, Properties, ID: credential.id }) };
};

const verifyLogin = ({ origin, rpID, uv }, { options, response }, credential) => rp.verifyAuthenticationResponse({
	response, expectedChallenge: options.challenge, expectedOrigin: origin, expectedRPID: rpID, credential, requireUserVerification: uv === 'required',
});

// tampered changes one byte of a part of a response.
const tampered = (response, part, at) => {
	const bytes = Buffer.from(response.response[part], 'base64url');
	bytes[at < 0 ? bytes.length + at : at] ^= 1;
	return { ...response, response: { ...response.response, [part]: bytes.toString('base64url') } };
};

const sites = [
	{ origin: 'https://example.okta.com', rpID: 'example.okta.com' },
	{ origin: 'https://example.okta.com', rpID: 'okta.com' },
	{ origin: 'https://login.example.com:8443', rpID: 'example.com' },
	{ origin: 'http://localhost:8080', rpID: 'localhost' },
];

const flags = [
	{}, { UserVerified: true }, { BackupEligible: true }, { BackupEligible: true, BackedUp: true },
	{ UserVerified: true, BackupEligible: true, BackedUp: true },
];

const honest = async () => {
	for (const site of sites) for (const SelfAttestation of [false, true]) for (const f of flags) {
		const Properties = { ...f, SelfAttestation };
		const what = `${site.origin} as ${site.rpID}, ${Object.keys(Properties).filter(k => Properties[k]).join(' ') || 'user present'}`;
		const uv = f.UserVerified ? 'required' : 'discouraged';
		let credential;
		await passes(`registration at ${what}`, async () => {
			const made = await register({ ...site, Properties, uv });
			const { verified, registrationInfo: i } = await verifyRegistration({ ...site, uv }, made);
			credential = i.credential;
			if (!verified) return 'it is not verified';
			if (i.aaguid !== AAGUID) return `the AAGUID is ${i.aaguid}`;
			if (i.fmt !== (SelfAttestation ? 'packed' : 'none')) return `the attestation is ${i.fmt}`;
			if (i.credentialDeviceType !== (f.BackupEligible ? 'multiDevice' : 'singleDevice')) return `it is told as ${i.credentialDeviceType}`;
			if (i.credentialBackedUp !== !!f.BackedUp) return 'the backup state is wrong';
			if (i.userVerified !== !!f.UserVerified) return 'user verification is wrong';
			if (i.credential.counter !== 0) return `the counter is ${i.credential.counter}`;
		});
		if (!credential) continue;
		await passes(`five sign-ins at ${what}`, async () => {
			for (let n = 0; n < 5; n++) {
				const { verified, authenticationInfo: i } = await verifyLogin({ ...site, uv }, await login({ ...site, uv }, credential, f), credential);
				if (!verified) return 'one is not verified';
				if (i.newCounter !== 0 || i.userVerified !== !!f.UserVerified || i.credentialBackedUp !== !!f.BackedUp) return JSON.stringify(i);
				credential.counter = i.newCounter;
			}
		});
	}
};

const dishonest = async () => {
	const site = sites[0];
	const make = async () => (await verifyRegistration(site, await register(site))).registrationInfo.credential;
	const [credential, other] = [await make(), await make()];
	const made = await register({ ...site, Properties: { SelfAttestation: true } });
	const answer = await login(site, credential);
	const again = await login(site, credential);
	const verify = response => verifyLogin(site, { ...answer, response }, credential);

	await refuses('the verifier refuses a challenge of another ceremony', () => verify(again.response));
	await refuses('the verifier refuses another key under the id', async () => {
		const theirs = await login(site, other);
		return verifyLogin(site, { options: theirs.options, response: { ...theirs.response, id: credential.id, rawId: credential.id } }, credential);
	});
	await refuses('the verifier refuses another origin', () => verifyLogin({ ...site, origin: 'https://evil.test' }, answer, credential));
	await refuses('the verifier refuses another relying party', () => verifyLogin({ ...site, rpID: 'okta.com' }, answer, credential));
	await refuses('the verifier refuses an unverified user where one is wanted', () => verifyLogin({ ...site, uv: 'required' }, answer, credential));
	for (const [part, at] of [['authenticatorData', 0], ['authenticatorData', 32], ['authenticatorData', 36], ['signature', -1], ['clientDataJSON', 20]]) {
		await refuses(`the verifier refuses a changed byte ${at} of ${part}`, () => verify(tampered(answer.response, part, at)));
	}
	for (const [part, at] of [['attestationObject', -1], ['attestationObject', 40], ['clientDataJSON', 40]]) {
		await refuses(`the verifier refuses a registration with a changed byte ${at} of ${part}`, () =>
			verifyRegistration(site, { ...made, response: tampered(made.response, part, at) }));
	}
	await refuses('the verifier refuses a registration as another origin', () => verifyRegistration({ ...site, origin: 'https://evil.test' }, made));

	const ours = async (name, does) => {
		try {
			await does();
			check(`the authenticator refuses ${name}`, 'it did not');
		} catch (error) {
			check(`the authenticator refuses ${name}`, error.refused ? '' : error);
		}
	};
	await ours('a registration of one that is registered', () => register({ ...site, exclude: [credential.id] }));
	await ours('a registration with a public suffix', () => register({ ...site, rpID: 'com' }));
	await ours('a registration with a foreign domain', () => register({ ...site, rpID: 'example.org' }));
	await ours('a registration without ES256', () => register({ ...site, algorithms: [-257] }));
	await ours('a registration that wants the user verified', () => register({ ...site, uv: 'required' }));
	await ours('a sign-in for another host', () => login({ origin: 'https://evil.test' , rpID: 'evil.test' }, credential));
	await ours('a sign-in whose host may not use the domain', () => login({ ...site, origin: 'https://evil.test' }, credential));
	await ours('a sign-in that lists other keys only', () => login(site, credential, {}, [other]));
	await ours('a sign-in that wants the user verified', () => login({ ...site, uv: 'required' }, credential));
};

honest().then(dishonest).then(() => {
	check('no connection was asked for to any other machine', globalThis.strangers.join(' '));
	process.stdout.write(JSON.stringify({ done: count }) + '\n', () => process.exit(0));
}).catch(error => { console.error(error); process.exit(1); });
