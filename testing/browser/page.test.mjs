/**
 * The page in a real Chromium: `node page.test.mjs <page url> [--screenshots <folder>]`, or `--fake` instead of the url
 * for the stand-in of `fake-server.mjs`, which adds what a healthy server does not do on demand.
 * CHROMIUM names the browser (default /usr/bin/chromium). Every wait has a deadline; the exit code is 1 on any failure.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const STEP_DEADLINE_MILLIS = 10_000;
const RUN_DEADLINE_MILLIS = 180_000;
const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const NOBODY = '00000000-0000-4000-8000-000000000000';
const HOSTILE = '<script>window.hacked = 1</script><img src=x onerror="window.hacked = 2"> & "quotes"';

const stories = {
  async 'two tabs have two addresses and write to each other'({ alice, bob }) {
    assert.notEqual(await addressOf(alice), await addressOf(bob));

    await write(alice, await addressOf(bob), 'Hello Bob');
    await received(bob, 'Hello Bob');
    await bob.locator('.entry.received', { hasText: 'Hello Bob' }).getByRole('button', { name: 'Reply' }).click();
    assert.equal(await bob.getByLabel('To', { exact: true }).inputValue(), await addressOf(alice));
    await bob.getByLabel('Message', { exact: true }).fill('Hello Alice, all is well here.');
    await bob.getByRole('button', { name: 'Send' }).click();
    await received(alice, 'Hello Alice, all is well here.');

    const entry = alice.locator('.entry.received').last();
    assert.match(await entry.textContent(), new RegExp(await addressOf(bob)));
    assert.ok(Date.parse(await entry.locator('time').getAttribute('datetime')) > Date.now() - 60_000);
    await seen(alice.locator('.entry.sent', { hasText: 'Hello Bob' }).getByText(/^(✓✓?|Recipient connected)$/));
  },

  async 'a message with HTML in it is shown as text and nothing runs'({ alice, bob }) {
    await write(alice, await addressOf(bob), HOSTILE);

    await received(bob, HOSTILE);
    for (const tab of [alice, bob]) {
      assert.equal(await tab.evaluate(() => document.querySelectorAll('.log img, .log script').length), 0);
      assert.equal(await tab.evaluate(() => window.hacked), undefined);
    }
  },

  async 'several lines stay several lines'({ alice, bob }) {
    await alice.getByLabel('To', { exact: true }).fill(await addressOf(bob));
    await alice.getByLabel('Message', { exact: true }).focus();
    await alice.keyboard.type('first line');
    await alice.keyboard.press('Shift+Enter');
    await alice.keyboard.type('  second line, set in');
    await alice.keyboard.press('Enter');

    await received(bob, 'first line\n  second line, set in');
    await seen(alice.locator('.entry.sent').filter({ hasText: 'second line, set in' }));
    assert.equal(await alice.getByLabel('Message', { exact: true }).inputValue(), '');
  },

  async 'an address where nobody is connected is said so'({ alice }) {
    await write(alice, NOBODY, 'Is anybody there?');

    await seen(alice.locator('.entry.sent', { hasText: 'Nobody connected' }));
  },

  async 'a recipient that is no address is explained, and the message is kept'({ alice }) {
    await write(alice, 'not-an-address', 'kept');

    await seen(alice.getByRole('alert').filter({ hasText: 'The recipient is not a valid address' }));
    assert.equal(await alice.getByLabel('Message', { exact: true }).inputValue(), 'kept');
    assert.equal(await alice.getByLabel('To', { exact: true }).getAttribute('aria-invalid'), 'true');
    assert.ok(await isFocused(alice, 'recipient'));
  },

  async 'a message that is too long is explained'({ alice, bob }) {
    await write(alice, await addressOf(bob), 'x'.repeat(70_000));

    await seen(alice.getByRole('alert').filter({ hasText: 'too long' }));
  },

  async 'an empty form says what is missing'({ alice }) {
    await write(alice, '', 'text');
    await seen(alice.getByRole('alert').filter({ hasText: 'Enter an address' }));

    await write(alice, NOBODY, '');
    await seen(alice.getByRole('alert').filter({ hasText: 'Write something' }));
  },

  async 'everything works with the keyboard alone'({ alice, bob }) {
    await alice.evaluate(() => document.activeElement.blur());
    const to = await addressOf(bob);

    await tabTo(alice, 'recipient');
    await alice.keyboard.press('Control+A');
    await alice.keyboard.type(to);
    await alice.keyboard.press('Tab');
    await alice.keyboard.type('typed without a mouse');
    await alice.keyboard.press('Enter');
    await received(bob, 'typed without a mouse');

    await bob.getByRole('log').focus();
    await bob.keyboard.press('Shift+Tab');
    assert.ok(await isFocused(bob, 'copy-link'));
    const outline = await bob.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, 'solid', 'the focus is visible');
  },

  async 'a reload keeps the address and the connection comes back'({ alice, bob }) {
    const before = await addressOf(alice);

    await alice.reload();
    await connected(alice);

    assert.equal(await addressOf(alice), before);
    await write(bob, before, 'after the reload');
    await received(alice, 'after the reload');
  },

  async 'a copied link leads to a page that writes to me'({ alice, bob, context, pageUrl }) {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await alice.bringToFront();
    await alice.getByRole('button', { name: 'Copy link' }).click();
    await seen(alice.getByText('Link copied.'));
    const link = await alice.evaluate(() => navigator.clipboard.readText());
    assert.equal(link, `${pageUrl}#to=${await addressOf(alice)}`);

    await bob.goto(link);
    await connected(bob);

    assert.equal(await bob.getByLabel('To', { exact: true }).inputValue(), await addressOf(alice));
    assert.ok(await isFocused(bob, 'message'));
  },

  async 'the address can be copied where the page has no clipboard'({ alice, context }) {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await alice.bringToFront();
    const readText = await alice.evaluateHandle(() => navigator.clipboard.readText.bind(navigator.clipboard));
    await alice.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }));

    await alice.getByRole('button', { name: 'Copy address' }).click();

    await seen(alice.getByText('Address copied.'));
    assert.equal(await readText.evaluate((read) => read()), await addressOf(alice));
    assert.ok(await isFocused(alice, 'copy-address'));
  },

  async 'JSON that is no text is shown as JSON'({ alice, bob }) {
    const to = await addressOf(bob);
    await alice.evaluate(async (uuid_remote) => {
      const key = Object.keys(sessionStorage).find((name) => name.startsWith('whimbrel.token:'));
      const { token, uuid } = JSON.parse(sessionStorage.getItem(key));
      const message = { tide: 'low', birds: [7, null], html: '<b>' };
      await fetch('/publish', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
        body: JSON.stringify({ uuid_remote, uuid_local: uuid, message }),
      });
    }, to);

    await received(bob, '{\n  "tide": "low",\n  "birds": [\n    7,\n    null\n  ],\n  "html": "<b>"\n}');
  },

  async 'the example of the README runs in an application of another origin'({ alice, context, pageUrl }) {
    const gateway = await alice.evaluate(async () => {
      const { gatewayUrl } = await import('/client.js');
      return gatewayUrl(document.querySelector('meta[name=whimbrel-gateway]').content, location);
    });
    const readme = await readFile(new URL('../../clients/browser/README.md', import.meta.url), 'utf8');
    const example = /```html\n(.*?)```/s
      .exec(readme)[1]
      .replaceAll('http://localhost:5000', new URL(pageUrl).origin)
      .replaceAll('ws://localhost:7071/ws', gateway);
    const application = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(example));
    await new Promise((resolve) => application.listen(0, '127.0.0.1', resolve));
    const tab = await context.newPage();
    try {
      const said = [];
      tab.on('console', (line) => said.push(line.text()));
      await tab.goto(`http://127.0.0.1:${application.address().port}/`);
      await until(() => said.includes('connected'), () => `the example connects, it said ${said.join(', ')}`);
      const [, address] = /People write to me at (\S+)/.exec(said.join('\n'));

      await write(alice, address, 'to another origin');

      const words = `${await addressOf(alice)} says to another origin`;
      await until(() => said.includes(words), () => `the message arrives, it said ${said.join(', ')}`);
    } finally {
      await tab.close();
      application.closeAllConnections();
      application.close();
    }
  },

  async 'the token is in no address'({ alice, requests }) {
    const secret = await alice.evaluate(() => JSON.parse(Object.values({ ...sessionStorage })[0]).token);

    assert.ok(requests.length > 10);
    assert.deepEqual(
      requests.filter((url) => url.includes(secret)),
      [],
    );
  },

  async 'fields, buttons and regions have names'({ alice }) {
    const tree = await alice.locator('body').ariaSnapshot();

    for (const part of [
      'heading "Whimbrel" [level=1]',
      'heading "Your address" [level=2]',
      'textbox "To"',
      'textbox "Message"',
      'button "Send"',
      'log "Messages"',
      'status',
    ]) {
      assert.ok(tree.includes(part), `${part} is missing in\n${tree}`);
    }
  },

  async 'text has enough contrast by day and by night'({ alice, bob }) {
    await write(bob, await addressOf(alice), 'received');
    await received(alice, 'received');
    await write(alice, NOBODY, 'missed');
    await seen(alice.locator('.entry.sent', { hasText: 'Nobody connected' }));
    await write(alice, 'not-an-address', 'refused');
    await seen(alice.locator('.error:not(:empty)'));
    for (const colorScheme of ['light', 'dark']) {
      await alice.emulateMedia({ colorScheme });
      assert.deepEqual(await alice.evaluate(paleTexts), [], colorScheme);
    }
    await alice.emulateMedia({ colorScheme: 'light' });
  },

  async 'nothing scrolls sideways, from 320 pixels up'({ alice, bob, screenshot }) {
    await write(bob, await addressOf(alice), 'w'.repeat(300));
    await received(alice, 'w'.repeat(300));
    for (const [width, height] of [
      [320, 640],
      [320, 256],
      [600, 800],
      [1280, 800],
      [1920, 1080],
    ]) {
      await alice.setViewportSize({ width, height });
      const sideways = await alice.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(sideways <= 0, `${sideways} pixels too wide at ${width}`);
      await alice.getByRole('button', { name: 'Send' }).scrollIntoViewIfNeeded();
      assert.ok(await alice.getByRole('button', { name: 'Send' }).isVisible());
    }
    await alice.setViewportSize({ width: 320, height: 640 });
    await screenshot(alice, 'narrow');
    await alice.setViewportSize({ width: 1200, height: 800 });
  },

  async 'by day and by night'({ alice, bob, screenshot }) {
    await alice.reload();
    await connected(alice);
    await screenshot(alice, 'empty');
    const [a, b] = [await addressOf(alice), await addressOf(bob)];
    await write(bob, a, 'The tide is out. Twelve of us on the mudflat by the old pier.');
    await received(alice, 'Twelve of us');
    await write(alice, b, 'On my way!\nKeep me a place.');
    await received(bob, 'Keep me a place.');
    await write(bob, a, 'شكرا — 谢谢 — <b>not bold</b> 🐦');
    await received(alice, '谢谢');
    await write(alice, NOBODY, 'And you?');
    await seen(alice.locator('.entry.sent', { hasText: 'Nobody connected' }));

    await screenshot(alice, 'light');
    await alice.emulateMedia({ colorScheme: 'dark' });
    await screenshot(alice, 'dark');
    await alice.setViewportSize({ width: 390, height: 844 });
    await screenshot(alice, 'dark-phone');
    await alice.setViewportSize({ width: 1200, height: 800 });
    await alice.emulateMedia({ colorScheme: 'light' });
  },

  async 'the list of messages is bounded'({ alice }) {
    await alice.evaluate(() => {
      const item = document.querySelector('.entry');
      const copies = Array.from({ length: 500 - document.querySelectorAll('.entry').length }, () => item.cloneNode(true));
      document.getElementById('entries').append(...copies);
    });

    await write(alice, await addressOf(alice), 'the newest');
    await received(alice, 'the newest');

    assert.equal(await alice.locator('.entry').count(), 500);
    await seen(alice.getByText('Only the last 500 messages are shown.'));
  },

  async 'who reads older messages is not torn away by a new one'({ alice, bob }) {
    const scrolled = () => alice.evaluate(() => document.getElementById('log').scrollTop);
    await alice.bringToFront(); // hidden tabs hear no scrolling
    await alice.getByRole('log').focus();
    await alice.keyboard.press('Home');
    await alice.waitForFunction(() => document.getElementById('log').scrollTop === 0);
    await alice.evaluate(() => new Promise((frame) => requestAnimationFrame(() => requestAnimationFrame(frame))));

    await write(bob, await addressOf(alice), 'while you read');
    await seen(alice.getByRole('button', { name: 'New messages' }));
    assert.ok((await scrolled()) < 1_000);
    await alice.getByRole('button', { name: 'New messages' }).click();

    assert.ok((await scrolled()) > 1_000);
    assert.equal(await alice.getByRole('button', { name: 'New messages' }).count(), 0);
  },

  async 'messages that come unseen are counted in the title'({ alice, bob }) {
    await alice.evaluate(() => {
      Object.defineProperty(document, 'hidden', { get: () => window.away, configurable: true });
      window.away = true;
    });
    await write(bob, await addressOf(alice), 'unseen');
    await received(alice, 'unseen');
    assert.equal(await alice.title(), '(1) Whimbrel');

    await alice.evaluate(() => {
      window.away = false;
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    });

    assert.equal(await alice.title(), 'Whimbrel');
  },
};

/** Only with the stand-in. */

const storiesOfReceipts = {
  async 'a message has one tick when it is kept, and two when it has arrived'({ alice, bob, pageUrl, screenshot }) {
    const to = await addressOf(bob);
    await write(alice, to, 'you are there');
    const there = alice.locator('.entry.sent', { hasText: 'you are there' });
    await seen(there.getByRole('img', { name: 'delivered' }).filter({ hasText: '✓✓' }));

    await bob.goto('about:blank');
    await write(alice, to, 'for later');
    const later = alice.locator('.entry.sent', { hasText: 'for later' });
    await seen(later.getByRole('img', { name: 'stored' }).filter({ hasText: /^✓$/ }));
    await seen(later.getByText('Nobody connected: it is kept for them'));
    assert.equal(await alice.getByLabel('Message', { exact: true }).inputValue(), '', 'sending did not wait');
    await screenshot(alice, 'ticks');

    await bob.goto(pageUrl);
    await received(bob, 'for later');
    await seen(later.getByRole('img', { name: 'delivered' }).filter({ hasText: '✓✓' }));
    assert.equal(await later.getByText('Nobody connected').count(), 0);
  },

  async 'a message that nobody came for in time is said to be gone'({ alice, server, screenshot }) {
    await write(alice, NOBODY, 'too late');
    const late = alice.locator('.entry.sent', { hasText: 'too late' });
    await seen(late.getByRole('img', { name: 'stored' }));

    server.expireMessages();

    await seen(late.getByText('Not delivered, and not kept any more'));
    assert.equal(await late.getByRole('img').count(), 0);
    assert.deepEqual(await alice.evaluate(paleTexts), []);
    await screenshot(alice, 'expired');
  },

  async 'what was acknowledged does not come again after a reload'({ alice, bob }) {
    await write(alice, await addressOf(bob), 'only once');
    await seen(alice.locator('.entry.sent', { hasText: 'only once' }).getByRole('img', { name: 'delivered' }));

    await bob.reload();
    await connected(bob);
    await write(alice, await addressOf(bob), 'the next');
    await received(bob, 'the next');

    assert.deepEqual(await bob.locator('.entry.received .entry-text').allTextContents(), ['the next']);
  },

  async 'a message whose answer was lost is sent again and arrives once'({ alice, bob, server }) {
    server.loseNextAnswer();

    await write(alice, await addressOf(bob), 'sent twice');
    await received(bob, 'sent twice');
    await seen(alice.getByRole('alert').filter({ hasText: 'HTTP status 502' }));
    await alice.getByRole('button', { name: 'Send', exact: true }).click();
    await seen(alice.locator('.entry.sent', { hasText: 'sent twice' }));
    await write(alice, await addressOf(bob), 'sent twice');
    await until(
      async () => (await bob.locator('.entry.received', { hasText: 'sent twice' }).count()) === 2,
      () => 'the same words written anew are another message',
    );

    assert.equal(await bob.locator('.entry.received', { hasText: 'sent twice' }).count(), 2);
  },

  async 'what is lost is said once, where it is missing'({ alice, bob, server, screenshot }) {
    await write(bob, await addressOf(alice), 'before the gap');
    await received(alice, 'before the gap');

    server.tellLoss(await addressOf(alice));
    server.tellLoss(await addressOf(alice));
    await write(bob, await addressOf(alice), 'after the gap');
    await received(alice, 'after the gap');

    const lines = await alice.locator('#entries > li').allTextContents();
    assert.match(lines.at(-3), /before the gap/);
    assert.equal(lines.at(-2), 'Some messages were missed and are not kept any more.');
    assert.match(lines.at(-1), /after the gap/);
    assert.deepEqual(await alice.evaluate(paleTexts), []);
    await screenshot(alice, 'gap');
  },
};

const storiesOfTrouble = {
  async 'too many messages: the button counts down, then sends'({ alice, bob, server }) {
    server.refuseNext(429, 'rate-limited', 'Too fast', { 'Retry-After': '2' });

    await write(alice, await addressOf(bob), 'eager');

    await seen(alice.getByRole('alert').filter({ hasText: 'Too many messages at once. Try again in 2 s.' }));
    await seen(alice.getByRole('button', { name: /^Send in [12] s$/ }));
    await seen(alice.getByRole('button', { name: 'Send', exact: true }));
    await alice.getByRole('button', { name: 'Send', exact: true }).click();
    await received(bob, 'eager');
  },

  async 'a gateway that is away: the page says so, counts down and comes back'({ alice, bob, server, screenshot }) {
    const port = await server.stopGateway();

    await seen(alice.getByText(/next try in \d+ s/));
    await seen(alice.getByRole('alert').filter({ hasText: 'There is no connection to the gateway' }));
    await screenshot(alice, 'trouble');
    await alice.getByRole('button', { name: 'Try now' }).click();
    await server.startGateway(port);
    await connected(alice);
    await connected(bob);

    assert.equal(await alice.locator('#notice').textContent(), '');
    await write(alice, await addressOf(bob), 'back again');
    await received(bob, 'back again');
  },

  async 'a gateway that restarts is named'({ alice, server }) {
    server.closeConnections(3001, 'shutdown');

    await seen(alice.getByRole('alert').filter({ hasText: 'The gateway is restarting' }));
    await connected(alice);
  },

  async 'a token that is no longer valid leads to a new address, said in words'({ alice, server }) {
    const before = await addressOf(alice);
    server.forgetTokens();

    await alice.reload();
    await seen(alice.getByText('This is a new address'));
    await connected(alice);

    assert.notEqual(await addressOf(alice), before);
  },
};

// ---- what the stories are made of

async function addressOf(tab) {
  return tab.locator('#address').textContent();
}

async function connected(tab) {
  await seen(tab.getByRole('status').getByText('Connected', { exact: true }).or(tab.locator('[data-state=connected]')));
  assert.match(await addressOf(tab), UUID);
}

async function write(tab, to, text) {
  await tab.getByLabel('To', { exact: true }).fill(to);
  await tab.getByLabel('Message', { exact: true }).fill(text);
  await tab.getByLabel('Message', { exact: true }).press('Enter');
}

async function received(tab, text) {
  await seen(tab.locator('.entry.received .entry-text').filter({ hasText: text }).last());
  const shown = await tab.locator('.entry.received .entry-text').allTextContents();
  assert.ok(
    shown.some((one) => one.includes(text)),
    `"${text}" is not among the messages, space for space`,
  );
}

async function seen(locator) {
  await locator.first().waitFor({ state: 'visible', timeout: STEP_DEADLINE_MILLIS });
}

/** For what no locator can wait for. */
async function until(condition, expectation) {
  const deadline = Date.now() + STEP_DEADLINE_MILLIS;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, expectation());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function isFocused(tab, id) {
  return tab.evaluate((wanted) => document.activeElement?.id === wanted, id);
}

async function tabTo(tab, id) {
  for (let presses = 0; presses < 30; presses++) {
    await tab.keyboard.press('Tab');
    if (await isFocused(tab, id)) {
      return;
    }
  }
  assert.fail(`the Tab key does not lead to ${id}`);
}

/** Runs in the page: visible texts below the contrast of WCAG AA, 4.5 to 1. */
function paleTexts() {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = (color) => {
    const [r, g, b] = [...rgba(color)].slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (rgba(color)[3] === 255) {
        return color;
      }
    }
    return 'white';
  };
  const pale = [];
  for (const element of document.querySelectorAll('body *')) {
    const ownText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
    if (!ownText || !element.checkVisibility() || element.closest('.visually-hidden, :disabled')) {
      continue;
    }
    const [one, other] = [luminance(getComputedStyle(element).color), luminance(background(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) {
      pale.push(`${element.className || element.id || element.tagName}: ${contrast.toFixed(2)}`);
    }
  }
  return pale;
}

// ---- the run

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { fake: { type: 'boolean' }, screenshots: { type: 'string' } },
  });
  if (values.fake ? positionals.length !== 0 : positionals.length !== 1) {
    console.error('Usage: node page.test.mjs <page url> | --fake   [--screenshots <folder>]');
    return 2;
  }
  const watchdog = setTimeout(() => {
    console.error(`The page test did not end within ${RUN_DEADLINE_MILLIS / 1000} s`);
    process.exit(1);
  }, RUN_DEADLINE_MILLIS);
  watchdog.unref();

  const server = values.fake ? await (await import('./fake-server.mjs')).startFakeServer() : undefined;
  const pageUrl = new URL(server?.pageUrl ?? positionals[0]).href;
  const profile = await mkdtemp(join(tmpdir(), 'whimbrel-page-test-'));
  let context;
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: CHROMIUM_FLAGS,
      headless: true,
      viewport: { width: 1200, height: 800 },
      colorScheme: 'light',
    });
    context.setDefaultTimeout(STEP_DEADLINE_MILLIS);
    return await runStories(context, pageUrl, server, values.screenshots);
  } finally {
    await context?.close();
    await server?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runStories(context, pageUrl, server, screenshots) {
  const complaints = [];
  const requests = [];
  const openTab = async () => {
    const tab = await context.newPage();
    tab.on('pageerror', (error) => complaints.push(`script error: ${error.message}`));
    tab.on('console', (said) => {
      if (/Content Security Policy/i.test(said.text())) {
        complaints.push(said.text());
      }
    });
    tab.on('request', (request) => requests.push(request.url()));
    tab.on('websocket', (socket) => requests.push(socket.url()));
    await tab.goto(pageUrl);
    await connected(tab);
    return tab;
  };
  const screenshot = async (tab, name) => {
    if (screenshots) {
      await mkdir(screenshots, { recursive: true });
      await tab.screenshot({ path: join(screenshots, `${name}.png`) });
    }
  };
  const world = { alice: await openTab(), bob: await openTab(), context, pageUrl, server, requests, screenshot };

  let failures = 0;
  const told = server ? { ...stories, ...storiesOfReceipts, ...storiesOfTrouble } : stories;
  for (const [name, story] of Object.entries(told)) {
    const startMillis = performance.now();
    try {
      await story(world);
      assert.deepEqual(complaints.splice(0), [], 'what the browser complained about');
      console.log(`ok    ${name} (${Math.round(performance.now() - startMillis)} ms)`);
    } catch (error) {
      failures++;
      console.error(`FAIL  ${name}\n${error.stack}`);
      await screenshot(world.alice, `failure-${failures}`);
    }
  }
  console.log(failures === 0 ? 'The page works.' : `${failures} of the page's stories failed.`);
  return failures === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(`The page test could not run: ${error.stack}`);
    process.exit(1);
  },
);
