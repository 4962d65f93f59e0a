// Drives Firefox over WebDriver BiDi. Each line of the input is a command in JSON, and each answer is a line of JSON: "value" is what the
// command found, "problem" says why it failed, "faults" has what the pages logged as errors or what their security policy refused since.
// usage: node firefox.mjs PUPPETEER-FOLDER FIREFOX ADDRESS-OF-THE-VISITOR
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';

const [, , folder, firefox, address] = process.argv;
const puppeteer = createRequire(`${folder}/node_modules/`)('puppeteer-core');
const patience = 60_000;

const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath: firefox,
  headless: true,
  timeout: patience,
  protocolTimeout: patience,
  extraPrefsFirefox: { 'intl.accept_languages': 'en' },
});
const page = await browser.newPage();
page.setDefaultTimeout(patience);
await page.setViewport({ width: 360, height: 640 });
await page.setExtraHTTPHeaders({ 'X-Forwarded-For': address });

let faults = [];
await page.evaluateOnNewDocument(() => {
  document.addEventListener('securitypolicyviolation', (event) =>
    console.error(`the policy ${event.violatedDirective} refused ${event.blockedURI}`));
});
page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
page.on('pageerror', (error) => faults.push(error.message));

// A press or a way back may lead to another page, or change the one that is shown. The caller says what must be true afterwards.
const commands = {
  open: (to) => page.goto(to).then((answer) => answer?.status() ?? 0),
  fill: (selector, text) => page.locator(selector).fill(text),
  press: (selector) => page.locator(selector).click(),
  back: () => page.goBack().then(() => null),
  ask: (expression) => page.evaluate(expression),
  until: (expression) => page.waitForFunction(expression, { polling: 50 }).then(() => true),
};

process.stdout.write('{}\n'); // Firefox is there
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line);
  const answer = {};
  try {
    answer.value = (await commands[name](...args)) ?? null;
  } catch (problem) {
    answer.problem = `${name} ${args[0] ?? ''}: ${problem.message}, at ${page.url()}`;
  }
  answer.faults = faults;
  faults = [];
  process.stdout.write(JSON.stringify(answer) + '\n');
}
await browser.close();
