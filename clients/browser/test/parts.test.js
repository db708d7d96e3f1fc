import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff, gatewayUrl, SeenIds, WhimbrelClient } from '../src/client.js';
import { FakeSocket, GATEWAY, WEB } from './fakes.js';

test('waits stay between their bounds, whatever chance says', () => {
  for (const chance of [0, 0.25, 0.999999]) {
    const backoff = new Backoff(500, 20_000, () => chance);

    const waits = Array.from({ length: 2_000 }, () => backoff.next());

    assert.ok(waits.every((wait) => wait >= 500 && wait <= 20_000));
    assert.ok(waits[0] <= 1_000);
  }
});

test('waits spread clients that left together', () => {
  const waits = new Set();

  for (let client = 0; client < 100; client++) {
    const backoff = new Backoff(500, 20_000, Math.random);
    Array.from({ length: 5 }, () => backoff.next());
    waits.add(backoff.next());
  }

  assert.ok(waits.size > 50);
});

test('the memory of ids forgets the oldest first', () => {
  const seen = new SeenIds(2);

  const news = ['a', 'b', 'a', 'c', 'a', 'c'].map((id) => seen.add(id));

  assert.deepEqual(news, [true, true, false, true, true, false]);
  assert.equal(seen.size, 2);
});

test('the gateway is a port on the host of the page, or a whole address', () => {
  const cases = [
    ['7071', 'http:', 'shore.test', 'ws://shore.test:7071/ws'],
    ['7071', 'https:', 'shore.test', 'wss://shore.test:7071/ws'],
    ['7071', 'http:', '127.0.0.1', 'ws://127.0.0.1:7071/ws'],
    ['7071', 'http:', '[::1]', 'ws://[::1]:7071/ws'],
    ['7071', 'http:', '::1', 'ws://[::1]:7071/ws'],
    ['ws://other.test/', 'https:', 'shore.test', 'ws://other.test/'],
    ['wss://other.test:8443/path', 'http:', 'shore.test', 'wss://other.test:8443/path'],
  ];

  for (const [setting, protocol, hostname, expected] of cases) {
    assert.equal(gatewayUrl(setting, { protocol, hostname }), expected);
  }
});

test('a gateway setting that is neither is refused in words', () => {
  for (const setting of ['', '0', '65536', '{{gateway}}', 'http://host', '70 71', '-1', 'ws://']) {
    assert.throws(() => gatewayUrl(setting, { protocol: 'http:', hostname: 'a' }), TypeError, setting);
  }
});

test('without a WebSocket the client says what is missing', { skip: 'WebSocket' in globalThis }, () => {
  assert.throws(() => new WhimbrelClient({ web: WEB, gateway: GATEWAY }), /option WebSocket/);
});

test('a web server below a path is asked below that path', async () => {
  const urls = [];
  const fetch = async (url) => {
    urls.push(url);
    return Response.json({ token: 't', uuid: 'u', status: true });
  };

  for (const web of ['http://a.test', 'http://a.test/chat', 'http://a.test/chat/']) {
    const client = new WhimbrelClient({ web, gateway: GATEWAY, storage: null, WebSocket: FakeSocket, fetch });
    await client.publish('u', 'm');
  }

  assert.deepEqual(
    urls.filter((url) => url.endsWith('token')),
    ['http://a.test/token', 'http://a.test/chat/token', 'http://a.test/chat/token'],
  );
});
