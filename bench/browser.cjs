// The rival: Playwright and Chromium do what a person would, and print Jira's cookies.
'use strict';
const { chromium } = require('playwright-core');

const { LINK, USERNAME, PASSWORD, CODE, JIRA, STATE } = process.env;

(async () => {
	const browser = await chromium.launch({
		executablePath: process.env.CHROMIUM,
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
	});
	const context = await browser.newContext({ ignoreHTTPSErrors: true, storageState: STATE && require('node:fs').existsSync(STATE) ? STATE : undefined });
	context.setDefaultTimeout(20_000);
	const page = await context.newPage();
	await page.goto(LINK, { waitUntil: 'commit' });
	if (USERNAME) {
		const name = page.locator('input[name="username"], input[name="j_username"]');
		await name.fill(USERNAME);
		await page.locator('input[name="password"], input[name="j_password"]').fill(PASSWORD);
		await name.press('Enter');
	}
	if (CODE) {
		await page.locator('input[name="code"]').fill(CODE);
		await page.locator('input[name="code"]').press('Enter');
	}
	await page.waitForURL(`${JIRA}/**`, { waitUntil: 'commit' });
	const cookies = await context.cookies(JIRA);
	if (STATE) await context.storageState({ path: STATE });
	process.stdout.write(cookies.map(c => `${c.name}=${c.value}`).join('; '));
	await browser.close();
})().catch(error => {
	process.stderr.write(String(error));
	process.exit(1);
});
