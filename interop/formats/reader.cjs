// Opens an address in Chromium with a storageState file.
//
// usage: node reader.cjs CHROMIUM FILE URL
const [executablePath, storageState, url] = process.argv.slice(2);
const { chromium } = require("playwright-core");

async function main() {
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox", // it runs as root in containers
      "--disable-dev-shm-usage",
      "--no-proxy-server",
      "--host-resolver-rules=MAP *.localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
  try {
    const context = await browser.newContext({ storageState, ignoreHTTPSErrors: true });
    const page = await context.newPage();
    const answer = await page.goto(url, { timeout: 30000 });
    process.stdout.write(await answer.text());
  } finally {
    await browser.close();
  }
}

main().catch((err) => {
  console.error(String(err.message || err));
  process.exit(1);
});
