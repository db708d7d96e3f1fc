import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { newIdempotencyKey, WhimbrelError } from '../src/client.js';
import { json, pass, problem, settle, startClock, startWorld, stopClock, WEB } from './fakes.js';

let world;

beforeEach(startClock);
afterEach(() => {
  world.client.close();
  stopClock();
});

test('says who it is and tells whether the recipient was there', async () => {
  world = startWorld();

  const published = await world.client.publish('address-9', { text: 'Grüße\n<b>' });

  const [request] = world.web.requestsFor('/publish');
  assert.equal(request.method, 'POST');
  assert.equal(request.headers.Authorization, 'Bearer secret-1');
  assert.equal(request.headers['Content-Type'], 'application/json');
  assert.deepEqual(JSON.parse(request.body), {
    uuid_remote: 'address-9',
    uuid_local: 'address-1',
    message: { text: 'Grüße\n<b>' },
  });
  assert.deepEqual(published, { id: 'id-2', online: true, stored: undefined, receipt: undefined });
});

test('needs no connection', async () => {
  world = startWorld();

  await world.client.publish('address-9', 'hello');

  assert.equal(world.sockets.length, 0);
});

test('two at once share one token', async () => {
  world = startWorld();

  await Promise.all([world.client.publish('address-9', 1), world.client.publish('address-9', 2)]);

  assert.equal(world.web.requestsFor('/token').length, 1);
});

test('falsy values are messages', async () => {
  world = startWorld();

  for (const message of [null, false, 0, '']) {
    await world.client.publish('address-9', message);
  }

  const sent = world.web.requestsFor('/publish').map(({ body }) => JSON.parse(body).message);
  assert.deepEqual(sent, [null, false, 0, '']);
});

test('what is not JSON is refused here', async () => {
  world = startWorld();

  await assert.rejects(world.client.publish('address-9', undefined), TypeError);
  await assert.rejects(world.client.publish('address-9', () => {}), TypeError);

  assert.equal(world.web.requests.length, 0);
});

test('a problem keeps its words', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => problem(429, 'rate-limited', 'Too fast', { 'Retry-After': '3' })];

  const error = await world.client.publish('address-9', 'hello').catch((thrown) => thrown);

  assert.ok(error instanceof WhimbrelError);
  assert.equal(error.kind, 'rate-limited');
  assert.equal(error.type, 'urn:whimbrel:problem:rate-limited');
  assert.equal(error.title, 'Too fast');
  assert.equal(error.detail, 'in detail');
  assert.equal(error.status, 429);
  assert.equal(error.retryAfterSeconds, 3);
  assert.equal(error.message, 'Too fast: in detail');
});

test('Retry-After may be a date or nonsense', async () => {
  world = startWorld();
  await world.connect();
  const headers = [new Date(Date.now() + 5_000).toUTCString(), 'soon', '-1', ''];
  const seconds = [];

  for (const header of headers) {
    world.web.answers = [() => problem(503, 'unavailable', 'Away', { 'Retry-After': header })];
    seconds.push(await world.client.publish('address-9', 'm').catch((error) => error.retryAfterSeconds));
  }

  assert.deepEqual(seconds.slice(0, 2), [5, undefined]);
  assert.equal(seconds[3], undefined);
});

test('an answer of something in between is named by its status', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => new Response('<html>Bad Gateway', { status: 502 }), () => json(500, { type: 7, title: [] })];

  const errors = [];
  errors.push(await world.client.publish('address-9', 'm').catch((error) => error));
  errors.push(await world.client.publish('address-9', 'm').catch((error) => error));

  assert.deepEqual(
    errors.map(({ kind, status, message }) => [kind, status, message]),
    [
      ['bad-answer', 502, 'The web server answered with HTTP status 502'],
      ['bad-answer', 500, 'The web server answered with HTTP status 500'],
    ],
  );
});

test('the network and the deadline have words of their own', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [
    () => {
      throw new TypeError('fetch failed');
    },
    () => {
      throw new DOMException('signal timed out', 'TimeoutError');
    },
  ];

  const network = await world.client.publish('address-9', 'm').catch((error) => error);
  const timeout = await world.client.publish('address-9', 'm').catch((error) => error);

  assert.equal(network.kind, 'network');
  assert.match(network.message, new RegExp(WEB));
  assert.equal(timeout.kind, 'timeout');
});

test('every request has a deadline', async () => {
  world = startWorld();

  await world.client.publish('address-9', 'm');

  assert.ok(world.web.requests.every(({ signal }) => signal instanceof AbortSignal));
});

test('a token that is not accepted is renewed once and the message repeated', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => problem(401, 'unauthenticated', 'Who are you')];

  const published = await world.client.publish('address-9', 'hello');

  const secrets = world.web.requestsFor('/publish').map(({ headers }) => headers.Authorization);
  assert.deepEqual(secrets, ['Bearer secret-1', 'Bearer secret-2']);
  assert.equal(published.online, true);
  assert.equal(world.client.address, 'address-1');
  await settle();
  assert.equal(world.socket.secret, 'secret-2', 'the connection changes to the new token');
});

test('is not repeated without end', async () => {
  world = startWorld();
  await world.connect();
  const refuse = () => problem(401, 'unauthenticated', 'Who are you');
  world.web.valid.clear();
  world.web.answers = [refuse, refuse, undefined, refuse];

  const error = await world.client.publish('address-9', 'hello').catch((thrown) => thrown);

  assert.equal(error.kind, 'unauthenticated');
  assert.equal(world.web.requestsFor('/publish').length, 2);
});

test('a server that says nothing more than yes is understood', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => json(200, { status: true })];

  assert.deepEqual(await world.client.publish('address-9', 'm'), {
    id: undefined,
    online: undefined,
    stored: undefined,
    receipt: undefined,
  });
});

test('fails when the token cannot be had', async () => {
  world = startWorld();
  world.web.answers = [() => problem(503, 'unavailable', 'Away', { 'Retry-After': '2' })];

  const error = await world.client.publish('address-9', 'm').catch((thrown) => thrown);
  await pass(1);

  assert.equal(error.kind, 'unavailable');
  assert.equal(error.retryAfterSeconds, 2);
});

const RECEIPT = { gateways: 1, sessions: 2, written: 2, acked: 1, ms: 12 };

test('asks for a receipt and gives all that the server answers', async () => {
  world = startWorld();
  await world.connect();
  const answer = { id: 'a', online: true, stored: true, receipt: RECEIPT };
  world.web.answers = [() => json(200, { status: true, ...answer })];

  const published = await world.client.publish('address-9', 'm', { receipt: 'acked', timeout: 2 });

  const { receipt, timeout } = JSON.parse(world.web.requestsFor('/publish')[0].body);
  assert.deepEqual({ receipt, timeout }, { receipt: 'acked', timeout: 2 });
  assert.deepEqual(published, answer);
});

test('wrong types in an answer are left out', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => json(200, { id: 7, online: 'yes', stored: 1, receipt: 'written' })];

  const published = await world.client.publish('address-9', 'm');

  assert.ok(Object.values(published).every((value) => value === undefined));
});

test('has a deadline that is longer than the server may wait for the receipt', async (context) => {
  world = startWorld();
  await world.connect();
  const deadline = context.mock.method(AbortSignal, 'timeout');
  const optionsAndDeadlines = [
    [undefined, 10_000],
    [{ timeout: 30 }, 10_000],
    [{ receipt: 'written' }, 15_000],
    [{ receipt: 'acked', timeout: 30 }, 40_000],
    [{ receipt: 'acked', timeout: 0.5 }, 10_500],
  ];

  for (const [options] of optionsAndDeadlines) {
    await world.client.publish('address-9', 'm', options);
  }

  assert.deepEqual(
    deadline.mock.calls.map((call) => call.arguments[0]),
    optionsAndDeadlines.map(([, millis]) => millis),
  );
});

for (const options of [
  { receipt: 'read' },
  { receipt: true },
  { receipt: 'acked', timeout: '5' },
  { receipt: 'acked', timeout: -1 },
  { receipt: 'acked', timeout: NaN },
  { receipt: 'acked', timeout: Infinity },
  { idempotencyKey: '' },
  { idempotencyKey: 7 },
  { idempotencyKey: null },
  { idempotencyKey: 'with a space' },
  { idempotencyKey: 'line\r\nX-Other: 1' },
  { idempotencyKey: '"quoted"' },
  { idempotencyKey: 'Grüße' },
  { idempotencyKey: 'x'.repeat(256) },
]) {
  test(`the options ${JSON.stringify(options).slice(0, 60)} are refused here`, async () => {
    world = startWorld();

    await assert.rejects(world.client.publish('address-9', 'm', options), TypeError);

    assert.equal(world.web.requests.length, 0);
  });
}

const keys = () => world.web.requestsFor('/publish').map(({ headers }) => headers['Idempotency-Key']);

test('each call has a key of its own, also where the page came over plain http', async (context) => {
  world = startWorld();
  context.mock.method(crypto, 'randomUUID', () => {
    throw new TypeError('crypto.randomUUID is not a function');
  });

  await world.client.publish('address-9', 'same');
  await world.client.publish('address-9', 'same');

  assert.match(keys()[0], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(keys()[0], keys()[1]);
});

test('a caller may name the key', async () => {
  world = startWorld();
  const idempotencyKey = newIdempotencyKey();

  await world.client.publish('address-9', 'same', { idempotencyKey });
  await world.client.publish('address-9', 'same', { idempotencyKey });

  assert.deepEqual(keys(), [idempotencyKey, idempotencyKey]);
});

test('what is repeated with another token has the same key', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => problem(401, 'unauthenticated', 'Who are you')];

  await world.client.publish('address-9', 'hello');

  assert.equal(keys().length, 2);
  assert.equal(keys()[0], keys()[1]);
});

test('a key that was used for another message has a kind of its own', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => problem(422, 'idempotency-mismatch', 'The key was used')];

  const error = await world.client.publish('address-9', 'm', { idempotencyKey: 'k' }).catch((thrown) => thrown);

  assert.equal(error.kind, 'idempotency-mismatch');
});

test('asks as the sender what became of a message', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => json(200, { id: 'a/b', state: 'acked', receipt: RECEIPT })];

  const state = await world.client.messageState('a/b');

  const request = world.web.requests.at(-1);
  assert.equal(request.method, 'GET');
  assert.equal(request.url, `${WEB}/messages/a%2Fb`);
  assert.equal(request.headers.Authorization, 'Bearer secret-1');
  assert.equal(request.credentials, 'omit');
  assert.deepEqual(state, { id: 'a/b', state: 'acked', receipt: RECEIPT });
});

test('asks again with another token where the first is not accepted', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [
    () => problem(401, 'unauthenticated', 'Who are you'),
    undefined,
    () => json(200, { id: 'a', state: 'stored' }),
  ];

  const { state } = await world.client.messageState('a');

  assert.equal(state, 'stored');
  assert.equal(world.web.requests.at(-1).headers.Authorization, 'Bearer secret-2');
});

test('a message that the server does not know is an error with its status', async () => {
  world = startWorld();
  await world.connect();
  world.web.answers = [() => problem(404, 'not-found', 'No such message')];

  const error = await world.client.messageState('a').catch((thrown) => thrown);

  assert.ok(error instanceof WhimbrelError);
  assert.equal(error.status, 404);
});
