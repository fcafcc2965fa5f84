// The sign-in widget, in Chromium, on the pages of the simulated org.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { chromium } = require('playwright-core');
const { delay, scene, wrong, finish } = require('./lab.cjs');

const STEP = 12_000; // ms that a step may take

const flavours = {
	'second generation': { engine: 'idx', script: 'okta-sign-in.min.js', file: 'gen2' },
	'third generation': { engine: 'idx', script: 'okta-sign-in.next.js', file: 'gen3' },
	Classic: { engine: 'classic', script: 'okta-sign-in.classic.min.js', file: 'classic' },
};

const elsewhere = [];
const local = address => {
	const { protocol, hostname } = new URL(address);
	return ['data:', 'blob:', 'about:'].includes(protocol) || hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1';
};

// Visit is a scene in a browser of its own.
class Visit {
	constructor(s, flavour, file) {
		Object.assign(this, { s, flavour, file, shots: 0, problems: [], answers: [] });
	}

	async open(browser) {
		this.context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 800, height: 900 }, locale: 'en-US' });
		this.context.setDefaultTimeout(STEP);
		this.context.on('request', r => local(r.url()) || elsewhere.push(r.url()));
		await this.context.addCookies([{ name: 'widget', value: this.flavour.script, url: this.s.base }]);
		this.page = await this.context.newPage();
		this.page.on('response', r => r.request().method() === 'POST' && this.answers.push(`${r.status()} ${new URL(r.url()).pathname}`));
		this.page.on('pageerror', e => this.problems.push(String(e)));
		// The app's page goes on by itself, at once: here it waits until it is looked at.
		await this.page.addInitScript(() => {
			const submit = HTMLFormElement.prototype.submit;
			HTMLFormElement.prototype.submit = function () {
				if (this.elements.SAMLResponse) window.goOn = () => submit.call(this);
				else submit.call(this);
			};
		});
		await this.page.goto(this.s.link);
		return this;
	}

	async shot(step) {
		const name = `${this.file}-${++this.shots}-${step}.png`;
		await this.page.screenshot({ path: path.join(process.env.ARTIFACTS, name) });
	}

	// field is a visible input of one of these names.
	field(...names) {
		return this.page.locator(names.map(name => `input[name="${name}"]:visible`).join(', ')).first();
	}

	async type(name, value, ...names) {
		const field = this.field(name, ...names);
		await field.waitFor();
		await field.fill(value);
	}

	// submit presses the button, and again if nothing comes of it: just after a refusal the
	// widget does not listen yet, and people are not as fast as this.
	async submit() {
		const button = this.page.locator('input[type=submit]:visible, button[type=submit]:visible').first();
		const posted = r => r.method() === 'POST' && /\/(idp\/idx|api\/v1\/authn)(?!.*poll)/.test(r.url());
		for (let i = 0; i < 3; i++) {
			const sent = this.page.waitForRequest(posted, { timeout: 3000 }).then(() => true, () => false);
			await button.click();
			if (await sent) return;
		}
		throw new Error('the widget does not send its form');
	}

	// sees waits for a text of the page.
	async sees(what, pattern, step) {
		const found = await this.page.locator('body').getByText(pattern).filter({ visible: true }).first().waitFor().then(() => true, () => false);
		if (step) await this.shot(step);
		this.s.check(what, found, found ? '' : await this.text());
	}

	async text() {
		return (await this.page.innerText('body')).replace(/\s+/g, ' ');
	}

	// rendered waits for the form that asks who it is.
	async rendered() {
		await this.field('identifier', 'username').waitFor();
		await this.shot('rendered');
		this.s.check('it is rendered', (await this.text()).includes('Sign In'), await this.text());
	}

	async password(password) {
		await this.type('identifier', this.s.user, 'username');
		await this.type('credentials.passcode', password, 'password');
		await this.submit();
	}

	// ends waits for the app's page, looks at its form, and lets it go on to Jira.
	async ends() {
		const arrived = await this.page.waitForFunction(() => window.goOn).then(() => true, () => false);
		const detail = arrived ? '' : `${this.page.url().replace(/[?].*/, '')} ${await this.text()} ${this.problems.join(' ')} ${this.answers.slice(-3).join(', ')}`;
		this.s.check('it ends on the page of the app', arrived, detail);
		const form = await this.page.evaluate(() => {
			const f = document.forms[0];
			return { host: location.host, action: f.action, size: f.elements.SAMLResponse.value.length };
		});
		await this.shot('app-page');
		this.s.check('with the assertion in a form for Jira', this.s.base.endsWith(form.host) && form.action === this.s.acs && form.size > 1000, form);
		await this.page.evaluate(() => window.goOn());
		await this.page.waitForURL(`${this.s.jira}/**`, { waitUntil: 'commit' });
		await this.page.waitForLoadState();
		const who = await this.page.evaluate(async () => (await fetch('/rest/api/2/myself')).json());
		await this.shot('jira');
		this.s.check('and Jira knows who it is', who.name === this.s.user, Object.keys(who));
		this.s.check('no script of a page failed', this.problems.length === 0, this.problems.join(' '));
	}
}

const PUSH = { Type: 'push', Name: 'Pat', NumberChallenge: true };
const TOTP = { Type: 'token:software:totp', Provider: 'GOOGLE' };
const onlyPassword = [{ AnyOf: ['okta_password'] }];
const second = (...AnyOf) => [...onlyPassword, { AnyOf }];

const IDX = ['second generation', 'third generation'];
const ALL = [...IDX, 'Classic'];

const plays = [
	{
		title: 'password and code', file: 'code', flavours: ALL,
		options: { factors: [TOTP], idx: { Steps: second('google_otp'), Direct: true } },
		async play(v) {
			await v.rendered();
			await v.password('not it');
			await v.sees('a wrong password is told', /unable to sign in|authentication failed/i, 'wrong-password');
			await v.password(v.s.password);
			const code = ['credentials.passcode', 'answer'];
			await v.field('identifier', 'username').waitFor({ state: 'hidden' });
			const right = await v.s.code(TOTP.Type, 'GOOGLE');
			await v.type(...[code[0], wrong(right), code[1]]);
			await v.submit();
			await v.sees('a wrong code is told', /invalid code|doesn't match our records/i, 'wrong-code');
			await v.type(...[code[0], right, code[1]]);
			await v.shot('right-code');
			await v.submit();
			await v.ends();
		},
	},
	{
		title: 'push with a number', file: 'push', flavours: ALL,
		options: { factors: [PUSH], idx: { Steps: second('okta_verify:push'), Refresh: 1e9 } },
		async play(v) {
			await v.rendered();
			await v.password(v.s.password);
			if (v.flavour.engine === 'classic') {
				await v.page.getByText(/okta verify/i).first().waitFor();
				await v.submit();
			} else {
				const choice = v.page.locator('[data-se="okta_verify-push"] a, [data-se="okta_verify-push"] button, button[data-se="okta_verify-push"]')
					.or(v.page.getByRole('link', { name: /push notification/i })).or(v.page.getByRole('button', { name: /push notification/i })).first();
				await choice.click();
			}
			for (let i = 0; i < 100 && !await v.s.act('waiting'); i++) {
				const send = v.page.locator('input[type=submit]:visible, button[type=submit]:visible').first();
				if (v.flavour.engine === 'idx' && await send.isEnabled({ timeout: 200 }).catch(() => false)) await send.click({ timeout: 500 }).catch(() => 0);
				await delay(200);
			}
			v.s.check('it is sent', await v.s.act('waiting'), await v.text());
			await v.shot('sent');
			// The third generation shows only a number that comes with the first answer.
			const number = v.flavour.file === 'gen3' ? await v.s.act('shown') : 46;
			await v.s.act('number', { number });
			await v.sees('the number is shown', new RegExp(`^${number}$`), 'number');
			await v.s.act('approve');
			await v.ends();
		},
	},
	{
		title: 'identifier first and mail', file: 'mail', flavours: IDX,
		options: { factors: [{ Type: 'email' }], idx: { IdentifierFirst: true, Steps: second('okta_email'), Direct: true, MagicLink: true } },
		async play(v) {
			await v.rendered();
			await v.type('identifier', v.s.user);
			await v.submit();
			await v.type('credentials.passcode', v.s.password);
			await v.shot('password');
			await v.submit();
			await v.sees('a mail is offered', /send me an email|verify with your email|get a verification email/i, 'offer');
			await v.submit();
			await v.page.getByText(/enter a (verification )?code/i).first().click();
			const right = await v.s.code('email');
			await v.type('credentials.passcode', wrong(right));
			await v.submit();
			await v.sees('a wrong code is told', /invalid code/i, 'wrong-code');
			await v.type('credentials.passcode', right);
			await v.submit();
			await v.ends();
		},
	},
	{
		title: 'Okta Verify is looked for in vain', file: 'probe', flavours: ['second generation'],
		options: { idx: { Probing: 'LOOPBACK', Steps: onlyPassword, KMSI: true } },
		async play(v) {
			await v.rendered();
			await v.password(v.s.password);
			await v.sees('it asks whether to stay signed in', /stay signed in/i, 'stay');
			await v.page.locator('[data-se*=stay i], button:has-text("Stay signed in"), a:has-text("Stay signed in"), input[type=submit]').filter({ visible: true }).first().click();
			await v.ends();
		},
	},
	{
		title: 'the app wants a factor', file: 'stepup', flavours: ['Classic'],
		options: { factors: [{ Type: 'question' }], policy: {}, app: { EveryTime: true } },
		async play(v) {
			await v.rendered();
			await v.password(v.s.password);
			await v.sees('a factor is asked for', /security question/i, 'question');
			await v.type('answer', await v.s.code('question'));
			await v.submit();
			await v.ends();
		},
	},
];

(async () => {
	fs.mkdirSync(process.env.ARTIFACTS, { recursive: true });
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM,
		args: process.getuid() === 0 ? ['--no-sandbox'] : [],
		proxy: { server: `http://${process.env.PROXY}`, bypass: '<-loopback>' },
	});
	for (const { title, file, flavours: names, options, play } of plays) {
		for (const name of names) {
			if (!browser.isConnected()) throw new Error('the browser has ended');
			const flavour = flavours[name];
			await scene(`${name}, ${title}`, { engine: flavour.engine, ...options }, async s => {
				const visit = new Visit(s, flavour, `${flavour.file}-${file}`);
				try {
					await play(await visit.open(browser));
				} catch (error) {
					if (visit.page) await visit.shot('failed').catch(() => 0);
					throw error;
				} finally {
					await visit.context?.close();
				}
			});
		}
	}
	await browser.close();
	finish({ what: 'no page asked for anything on another machine', why: elsewhere.join(' ') });
})().catch(error => {
	console.error(error);
	process.exit(1);
});
