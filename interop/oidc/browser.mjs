// A person with a browser: opens the address in headless Chromium, signs in, presses the consent
// button, and stays until the browser has been sent to the redirect_uri.
//
//   node browser.mjs ADDRESS
//
// It fails if the browser has asked anything of a host that is not this machine.
import { chromium } from 'playwright-core';

const address = process.argv[2];
const callback = new URL(new URL(address).searchParams.get('redirect_uri'));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update'] });
const page = await browser.newPage();
const beyond = [];
page.on('request', r => { if (!/^(http:\/\/(127\.0\.0\.1|localhost)[:/]|data:)/.test(r.url())) beyond.push(new URL(r.url()).host); });
await page.goto(address);
for (let i = 0; i < 8 && new URL(page.url()).host !== callback.host; i++) {
  const password = page.locator('input[type=password]');
  if (await password.count()) {
    await page.locator('input[name=login]').fill('jdoe');
    await password.fill('secret');
  }
  await Promise.all([page.waitForNavigation({ timeout: 20000 }), page.locator('button').first().click()]);
}
const text = await page.locator('body').innerText();
await browser.close();
if (beyond.length) throw new Error('asked of ' + beyond.join(', '));
console.log(text);
