// @okta/okta-auth-js drives the AuthN API of the Classic engine.
'use strict';
const { delay, scene, wrong } = require('./lab.cjs');
const Browser = require('./browser.cjs');
const { OktaAuth } = require('@okta/okta-auth-js');

const play = (title, options, f) => scene(`Classic, ${title}`, { engine: 'classic', ...options }, s => {
	s.sdk = new OktaAuth({ issuer: s.base, clientId: 'interop', redirectUri: `${s.base}/callback` });
	s.signIn = (more = {}) => s.sdk.signInWithCredentials({ username: s.user, password: s.password, ...more });
	s.is = (what, transaction, status) => s.check(what, transaction.status === status, transaction.status);
	s.success = async (what, transaction) => {
		s.is(what, transaction, 'SUCCESS');
		const browser = new Browser();
		s.check('the session token opens the app', await browser.assertion(`${s.link}?sessionToken=${transaction.sessionToken}`, s.acs));
	};
	s.factor = (transaction, type, provider = 'OKTA') => {
		const factor = transaction.factors.find(x => x.factorType === type && x.provider === provider);
		s.check(`${type} is offered`, factor && typeof factor.verify === 'function', transaction.factors.map(x => x.factorType));
		return factor;
	};
	return f(s);
});

const code = (errorCode, status) => error => error.errorCode === errorCode && error.xhr.status === status;

// factors that a code or an answer is typed for.
const typed = [
	{ title: 'sms', factor: { Type: 'sms', Phone: '+15550001111' }, sent: true, profile: p => /^\+1 XXX-XXX-1111$/.test(p.phoneNumber) },
	{ title: 'call', factor: { Type: 'call', Phone: '+15550002222' }, sent: true, profile: p => /2222$/.test(p.phoneNumber) },
	{ title: 'email', factor: { Type: 'email' }, sent: true, profile: p => /^a\.\.\..@example\.com$/.test(p.email) },
	{ title: 'question', factor: { Type: 'question' }, field: 'answer', profile: p => p.questionText.length > 0 },
	{ title: 'totp of Okta Verify', factor: { Type: 'token:software:totp' }, profile: p => p.credentialId.length > 0 },
	{ title: 'totp of Google Authenticator', factor: { Type: 'token:software:totp' }, provider: 'GOOGLE' },
	{ title: 'a token of RSA', factor: { Type: 'token' }, provider: 'RSA' },
];

module.exports = () => [
	play('password only', {}, async s => {
		await s.refused('a wrong password is E0000004', s.signIn({ password: 'not it' }), code('E0000004', 401));
		await s.refused('so is a user whom nobody knows', s.signIn({ username: 'nobody@example.com' }), code('E0000004', 401));
		const found = await s.sdk.webfinger({ resource: `okta:acct:${s.user}`, rel: 'okta:idp' });
		s.check('webfinger says that it is Okta that asks', found.links[0].properties['okta:idp:type'] === 'OKTA', found);
		const transaction = await s.signIn();
		await s.success('the right one is enough', transaction);
		const { location } = await new Browser().get(`${s.link}?sessionToken=${transaction.sessionToken}`);
		s.check('but the token only once', (location || '').includes('/login/login.htm'), String(location));
	}),

	...typed.map(({ title, factor, provider = 'OKTA', sent, field = 'passCode', profile }) =>
		play(title, { factors: [provider === 'OKTA' ? factor : { ...factor, Provider: provider }] }, async s => {
			let transaction = await s.signIn();
			s.is('a factor is asked for', transaction, 'MFA_REQUIRED');
			let chosen = s.factor(transaction, factor.Type, provider);
			if (profile) s.check('its profile is readable', profile(chosen.profile), chosen.profile);
			if (sent) {
				transaction = await chosen.verify();
				s.is('it is sent', transaction, 'MFA_CHALLENGE');
				chosen = transaction;
			}
			const right = await s.code(factor.Type, provider);
			await s.refused('a wrong one is E0000068', chosen.verify({ [field]: wrong(right) }), code('E0000068', 403));
			await s.success('the right one is enough', await chosen.verify({ [field]: right }));
		})),

	play('push approved', { factors: [{ Type: 'push', Name: 'Pat' }] }, async s => {
		const required = await s.signIn();
		const transaction = await s.factor(required, 'push').verify();
		s.is('it is sent', transaction, 'MFA_CHALLENGE');
		s.check('and waits', transaction.factorResult === 'WAITING' && await s.act('waiting'), transaction.factorResult);
		let number;
		const end = transaction.poll({
			delay: 200,
			transactionCallBack: answer => {
				const challenge = answer._embedded.factor._embedded;
				if (challenge) number = challenge.challenge.correctAnswer;
			},
		});
		await delay(300);
		await s.act('number', { number: 0 });
		await delay(500);
		s.check('the number 0 is shown', number === 0, String(number));
		await s.act('approve');
		await s.success('the poll ends', await end);
	}),

	play('push rejected', { factors: [{ Type: 'push' }] }, async s => {
		const transaction = await s.factor(await s.signIn(), 'push').verify();
		await s.act('deny');
		let end = await transaction.poll({ delay: 200 });
		s.check('the poll says so', end.status === 'MFA_CHALLENGE' && end.factorResult === 'REJECTED', [end.status, end.factorResult]);
		end = await end.verify();
		s.check('another is sent', end.factorResult === 'WAITING', end.factorResult);
		await s.act('ignore');
		end = await end.poll({ delay: 200 });
		s.check('nobody answers it', end.factorResult === 'TIMEOUT', end.factorResult);
		end = await end.verify();
		await s.act('approve');
		await s.success('the third is approved', await end.poll({ delay: 200 }));
	}),

	play('push sent again', { factors: [{ Type: 'push' }] }, async s => {
		const transaction = await s.factor(await s.signIn(), 'push').verify();
		const again = await transaction.resend('push');
		s.check('resend sends another', again.factorResult === 'WAITING' && await s.act('sent') === 2, again.factorResult);
		await s.act('approve');
		await s.success('which is approved', await again.poll({ delay: 200 }));
	}),

	...[['sms', 'E0000109', 30], ['call', 'E0000133', 30], ['email', 'E0000118', 5]].map(([type, tooEarly, pause]) =>
		play(`${type} sent again`, { factors: [{ Type: type }] }, async s => {
			let transaction = await s.factor(await s.signIn(), type).verify();
			const first = await s.code(type);
			await s.refused(`at once is ${tooEarly}`, transaction.resend(type), code(tooEarly, 429));
			await delay(pause * 1000 + 200);
			transaction = await transaction.resend(type);
			s.check(`after ${pause} seconds another is sent`, transaction.status === 'MFA_CHALLENGE' && await s.act('sent') === 2, transaction.status);
			const second = await s.code(type);
			if (first !== second) await s.refused('the first code is no good any more', transaction.verify({ passCode: first }), code('E0000068', 403));
			await s.success('the second is', await transaction.verify({ passCode: second }));
		})),

	play('back and cancel', { factors: [{ Type: 'sms' }, { Type: 'question' }] }, async s => {
		const required = await s.signIn();
		const stateToken = required.data.stateToken;
		let transaction = await s.factor(required, 'sms').verify();
		transaction = await transaction.prev();
		s.is('prev leads back to the choice', transaction, 'MFA_REQUIRED');
		transaction = await s.sdk.tx.introspect({ stateToken });
		s.is('introspect says the same', transaction, 'MFA_REQUIRED');
		transaction = await s.sdk.tx.resume({ stateToken });
		s.is('so does resume', transaction, 'MFA_REQUIRED');
		const cancelled = await transaction.cancel();
		s.check('cancel leaves nothing', cancelled.status === undefined, cancelled.status);
		await s.refused('the token is dead: E0000011', s.sdk.tx.resume({ stateToken }), code('E0000011', 401));
		await s.refused('for a factor too', s.factor(transaction, 'question').verify({ answer: 'x' }), code('E0000011', 401));
	}),

	play('too many wrong codes', { factors: [{ Type: 'question' }] }, async s => {
		const factor = s.factor(await s.signIn(), 'question');
		for (let i = 0; i < 4; i++) await factor.verify({ answer: 'not it' }).catch(() => 0);
		await s.refused('the fifth locks the account: E0000069', factor.verify({ answer: 'not it' }), code('E0000069', 403));
		await s.refused('the right password is of no use then', s.signIn(), code('E0000004', 401));
	}),

	play('a locked account', { user: { Locked: true }, policy: { MFA: true, ShowLockout: true } }, async s => {
		s.is('is told where the policy says so', await s.signIn(), 'LOCKED_OUT');
	}),

	play('an expired password', { user: { PasswordExpired: true } }, async s => {
		const transaction = await s.signIn();
		s.is('has to be changed', transaction, 'PASSWORD_EXPIRED');
		await s.refused('not to a short one: E0000080', transaction.changePassword({ oldPassword: s.password, newPassword: 'x' }), code('E0000080', 403));
		await s.success('to another', await transaction.changePassword({ oldPassword: s.password, newPassword: 'another horse 99' }));
	}),

	play('a password that will expire', { user: { PasswordWarnDays: 3 } }, async s => {
		const transaction = await s.signIn({ options: { warnBeforePasswordExpired: true } });
		s.is('is told', transaction, 'PASSWORD_WARN');
		await s.success('and can wait', await transaction.skip());
	}),

	play('a factor to set up', { policy: { MFA: true, Enroll: 1 } }, async s => {
		const transaction = await s.signIn();
		s.is('is asked for', transaction, 'MFA_ENROLL');
		await s.success('and can wait', await transaction.skip());
	}),
];
