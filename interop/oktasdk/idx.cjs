// @okta/okta-auth-js drives Identity Engine, from the state token of an app's page.
'use strict';
const { delay, scene, wrong } = require('./lab.cjs');
const Browser = require('./browser.cjs');
const { OktaAuth } = require('@okta/okta-auth-js');

const REFRESH = 1e9; // how often polls may come, in nanoseconds

const BURST = 10; // requests that the org takes for one transaction in WINDOW ms
const WINDOW = 5000;

// Flow is a transaction of a scene, with an SDK of its own. Where people would type it
// waits, so that the org does not take it for a program.
class Flow {
	constructor(s) {
		this.s = s;
		this.browser = new Browser();
		this.sent = [];
		const memory = new Map();
		this.sdk = new OktaAuth({
			issuer: s.base, clientId: 'interop', redirectUri: `${s.base}/callback`,
			// The SDK's own memory is one for all clients of a process.
			storageManager: { transaction: { storageProvider: {
				getItem: key => memory.get(key) ?? null,
				setItem: (key, value) => memory.set(key, value),
				removeItem: key => memory.delete(key),
			} } },
		});
		const request = this.sdk.options.httpRequestClient;
		this.sdk.options.httpRequestClient = async (...args) => {
			const recent = () => this.sent.filter(at => Date.now() - at < WINDOW + 100).length;
			while (recent() >= BURST) await delay(100);
			this.sent.push(Date.now());
			return request(...args);
		};
	}

	async run(how, options) {
		this.at = await this.sdk.idx[how]({ stateHandle: this.token, useGenericRemediator: true, ...options });
		return this;
	}

	// introspect asks the org, whatever the SDK remembers.
	introspect() {
		this.sdk.transactionManager.clear();
		return this.run('start', { autoRemediate: false });
	}

	async open() {
		this.token = await this.browser.stateToken(this.s.link);
		return this.introspect();
	}

	step(step, values = {}) {
		return this.run('proceed', { step, ...values });
	}

	action(name, params) {
		return this.run('proceed', { actions: [params ? { name, params } : name] });
	}

	resend() {
		return this.run('proceed', { resend: true });
	}

	password(passcode = this.s.password) {
		return this.step('identify', { identifier: this.s.user, credentials: { passcode } });
	}

	get names() {
		return (this.at.availableSteps || []).map(x => x.name);
	}

	// messages are the keys of all messages, those of fields included.
	get messages() {
		const keys = [];
		const collect = (value, inside) => {
			if (inside && value && value.i18n) keys.push(value.i18n.key);
			if (typeof value === 'object' && value) for (const [name, x] of Object.entries(value)) collect(x, inside || name === 'messages');
		};
		const raw = this.at.rawIdxState || {};
		collect({ messages: raw.messages, remediation: raw.remediation });
		return keys;
	}

	// choice fills in what chooses the authenticator of that label.
	choice(form, label, methodType) {
		const remediation = this.at.rawIdxState.remediation.value.find(x => x.name === form);
		const option = remediation.value[0].options.find(x => x.label === label);
		const authenticator = {};
		for (const field of option.value.form.value) if (field.mutable === false) authenticator[field.name] = field.value;
		if (methodType) authenticator.methodType = methodType;
		return { authenticator };
	}

	// choose leads to the challenge, also where the method is asked for on its own.
	async choose(label, methodType) {
		const form = 'select-authenticator-authenticate';
		this.is('there is a choice', form);
		await this.step(form, this.choice(form, label, methodType));
		if (this.names[0] === 'authenticator-verification-data') {
			const field = this.at.rawIdxState.remediation.value[0].value.find(x => x.name === 'authenticator');
			const authenticator = {};
			for (const x of field.form.value) if (x.mutable === false) authenticator[x.name] = x.value;
			await this.step('authenticator-verification-data', { authenticator: { ...authenticator, methodType } });
		}
		return this;
	}

	// answer gives a code that the remediation's field takes.
	answer(field, value, more = {}) {
		return this.step('challenge-authenticator', { credentials: { ...more, [field]: value } });
	}

	is(what, name) {
		this.s.check(what, this.names[0] === name, [this.names, this.messages]);
		return this;
	}

	says(what, key) {
		this.s.check(what, this.messages.includes(key), this.messages);
		return this;
	}

	async success(what) {
		const success = this.at.context && this.at.context.success;
		this.s.check(what, success && success.name === 'success-redirect', [this.names, this.messages]);
		this.s.check('the redirect opens the app', await this.browser.assertion(success.href, this.s.acs));
	}
}

const play = (title, options, f) => scene(`IDX, ${title}`, { engine: 'idx', ...options }, s => f(new Flow(s), s));

const onlyPassword = [{ AnyOf: ['okta_password'] }];

// authenticators that a code or an answer is typed for.
const typed = [
	{ title: 'sms', label: 'Phone', method: 'sms', type: 'sms', key: 'api.authn.error.PASSCODE_INVALID' },
	{ title: 'voice', label: 'Phone', method: 'voice', type: 'call', key: 'api.authn.error.PASSCODE_INVALID' },
	{ title: 'email', label: 'Email', method: 'email', type: 'email', key: 'api.authn.error.PASSCODE_INVALID' },
	{ title: 'totp of Okta Verify', label: 'Okta Verify', method: 'totp', type: 'token:software:totp', field: 'totp', also: [{ Type: 'push' }], key: 'api.authn.error.PASSCODE_INVALID' },
	{ title: 'totp of Google Authenticator', label: 'Google Authenticator', method: 'otp', type: 'token:software:totp', provider: 'GOOGLE', key: 'authfactor.challenge.soft_token.invalid_passcode' },
	{ title: 'question', label: 'Security Question', method: 'security_question', type: 'question', field: 'answer', more: { questionKey: 'disliked_food' }, key: 'errors.E0000087' },
];

module.exports = () => [
	play('password only', { idx: { Steps: onlyPassword } }, async (f, s) => {
		(await f.open()).is('introspect leads to identify', 'identify');
		(await f.password('not it')).says('a wrong password is told', 'errors.E0000004').is('and can be tried again', 'identify');
		await (await f.password()).success('the right one is enough');
		const again = await new Browser().get(`${s.base}/login/token/redirect?stateToken=${encodeURIComponent(f.token)}`);
		s.check('but the redirect only once, and in one browser', again.status >= 400, String(again.status));
	}),

	play('identifier first', { idx: { IdentifierFirst: true, Steps: onlyPassword } }, async f => {
		await (await f.open()).step('identify', { identifier: f.s.user });
		f.is('the password is a challenge', 'challenge-authenticator');
		(await f.answer('passcode', 'not it')).says('a wrong one is told', 'incorrectPassword');
		await (await f.answer('passcode', f.s.password)).success('the right one is enough');
	}),

	play('a user whom nobody knows', { idx: { IdentifierFirst: true, TellUnknown: true, Steps: onlyPassword } }, async f => {
		await (await f.open()).step('identify', { identifier: 'nobody@example.com' });
		f.says('is told where the policy says so', 'errors.E0000004').is('and another can be named', 'identify');
	}),

	...typed.map(({ title, label, method, type, provider = '', field = 'passcode', also = [], more = {}, key }) =>
		play(title, { factors: [{ Type: type, Provider: provider }, ...also] }, async (f, s) => {
			await (await f.open()).password();
			(await f.choose(label, method)).is('it is asked for', 'challenge-authenticator');
			const right = await s.code(type, provider);
			(await f.answer(field, wrong(right), more)).says('a wrong one is told', key).is('and can be tried again', 'challenge-authenticator');
			await (await f.answer(field, right, more)).success('the right one is enough');
		})),

	play('push approved', { factors: [{ Type: 'push' }, { Type: 'token:software:totp' }], idx: { Refresh: REFRESH } }, async (f, s) => {
		await (await f.open()).password();
		(await f.choose('Okta Verify', 'push')).is('it is sent', 'challenge-poll');
		await delay(1000);
		(await f.step('challenge-poll')).is('and waits', 'challenge-poll');
		await s.act('number', { number: 0 });
		await delay(1000);
		await f.step('challenge-poll');
		const shown = f.at.context.currentAuthenticator.value.contextualData;
		s.check('the number 0 is shown', shown && shown.correctAnswer === '0', shown);
		await s.act('approve');
		await delay(1000);
		await (await f.step('challenge-poll')).success('the poll ends');
	}),

	play('push rejected', { factors: [{ Type: 'push' }, { Type: 'token:software:totp' }], idx: { Refresh: REFRESH } }, async (f, s) => {
		await (await f.open()).password();
		await f.choose('Okta Verify', 'push');
		await s.act('deny');
		await delay(1000);
		(await f.step('challenge-poll')).says('the poll says so', 'api.authn.poll.error.push_rejected');
		s.check('another can be had', f.names.includes('resend'), f.names);
		(await f.step('resend')).is('it is sent', 'challenge-poll');
		s.check('to the telephone', await s.act('sent') === 2);
		await s.act('approve');
		await delay(1000);
		await (await f.step('challenge-poll')).success('and approved');
	}),

	...[['sms', 'Phone', 'sms', 30], ['email', 'Email', 'email', 5]].map(([type, label, method, pause]) =>
		play(`${type} sent again`, { factors: [{ Type: type }] }, async (f, s) => {
			await (await f.open()).password();
			await f.choose(label, method);
			const first = await s.code(type);
			await delay(pause * 1000 + 200);
			(await f.resend()).is(`after ${pause} seconds`, 'challenge-authenticator');
			s.check('another is sent', await s.act('sent') === 2);
			const second = await s.code(type);
			if (first !== second) (await f.answer('passcode', first)).says('the first code is no good any more', 'api.authn.error.PASSCODE_INVALID');
			await (await f.answer('passcode', second)).success('the second is');
		})),

	play('another authenticator after all', { factors: [{ Type: 'sms' }, { Type: 'question' }] }, async (f, s) => {
		await (await f.open()).password();
		await f.choose('Phone', 'sms');
		s.check('the choice stays open', f.names.includes('select-authenticator-authenticate'), f.names);
		const form = 'select-authenticator-authenticate';
		await f.step(form, f.choice(form, 'Security Question', 'security_question'));
		await (await f.answer('answer', await s.code('question'), { questionKey: 'disliked_food' })).success('it is enough');
	}),

	play('a device that is looked for', { idx: { Probing: 'LOOPBACK', Steps: onlyPassword } }, async f => {
		(await f.open()).is('is polled for', 'device-challenge-poll');
		await f.action('authenticatorChallenge-cancel', { reason: 'OV_UNREACHABLE_BY_LOOPBACK', statusCode: null });
		f.is('and given up', 'identify');
		await (await f.password()).success('the password is enough');
	}),

	play('keep me signed in', { idx: { Steps: onlyPassword, KMSI: true } }, async f => {
		(await (await f.open()).password()).is('it is asked', 'keep-me-signed-in');
		await (await f.step('keep-me-signed-in', { keepMeSignedIn: true })).success('and done');
	}),

	play('an authenticator to set up', { idx: { Steps: [...onlyPassword, { AnyOf: ['rsa_token'] }], Enroll: 1 } }, async f => {
		(await (await f.open()).password()).is('it is asked for', 'select-authenticator-enroll');
		await (await f.step('skip')).success('and can wait');
	}),

	play('cancel', { factors: [{ Type: 'question' }] }, async (f, s) => {
		await (await f.open()).password();
		await f.action('cancel');
		s.check('it begins again', f.at.status === 'CANCELED' && f.names.includes('identify'), [f.at.status, f.names]);
		await f.password();
		f.is('everything is asked again', 'select-authenticator-authenticate');
	}),

	play('expired', { factors: [{ Type: 'question' }], idx: { Lifetime: 2e9 } }, async (f, s) => {
		const expired = error => error.xhr && error.xhr.status === 401 && error.xhr.responseText.includes('"idx.session.expired"');
		(await f.open()).is('it begins', 'identify');
		await delay(2100);
		await s.refused('introspect throws 401 with the message', f.introspect(), expired);
		await s.refused('so does every step', f.password(), expired);
		const other = new Flow(s);
		(await other.open()).is('the app link begins another', 'identify');
		other.token = '02.id.' + 'x'.repeat(43);
		await s.refused('a token that never was is expired too', other.introspect(), expired);
	}),

	play('too many wrong codes', { factors: [{ Type: 'question' }] }, async (f, s) => {
		await (await f.open()).password();
		await f.choose('Security Question', 'security_question');
		for (let i = 0; i < 5; i++) {
			// The SDK introspects before each answer: at full speed that is more than the
			// ten requests in five seconds that Okta allows a transaction.
			await new Promise(done => setTimeout(done, 1500));
			await f.answer('answer', 'not it', { questionKey: 'disliked_food' });
		}
		f.says('lock the account', 'errors.E0000069');
		s.check('and nothing is left to do', f.names.length === 0, f.names);
	}),

	play('an app for others', { idx: { Steps: onlyPassword }, app: { Users: ['bob@example.com'] } }, async f => {
		(await (await f.open()).password()).says('is told', 'idx.error.user.not.assigned.to.app');
	}),
];
