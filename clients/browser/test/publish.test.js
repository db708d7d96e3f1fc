import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { WhimbrelError } from '../src/client.js';
import { json, pass, problem, settle, startClock, startWorld, stopClock, WEB } from './fakes.js';

let world;

beforeEach(startClock);
afterEach(() => {
  world.client.close();
  stopClock();
});

test('says who it is and tells whether the recipient was there', async () => {
  world = startWorld();

  const receipt = await world.client.publish('address-9', { text: 'Grüße\n<b>' });

  const [request] = world.web.requestsFor('/publish');
  assert.equal(request.method, 'POST');
  assert.equal(request.headers.Authorization, 'Bearer secret-1');
  assert.equal(request.headers['Content-Type'], 'application/json');
  assert.deepEqual(JSON.parse(request.body), {
    uuid_remote: 'address-9',
    uuid_local: 'address-1',
    message: { text: 'Grüße\n<b>' },
  });
  assert.deepEqual(receipt, { id: 'id-2', online: true });
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

  const receipt = await world.client.publish('address-9', 'hello');

  const secrets = world.web.requestsFor('/publish').map(({ headers }) => headers.Authorization);
  assert.deepEqual(secrets, ['Bearer secret-1', 'Bearer secret-2']);
  assert.equal(receipt.online, true);
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

  assert.deepEqual(await world.client.publish('address-9', 'm'), { id: undefined, online: undefined });
});

test('fails when the token cannot be had', async () => {
  world = startWorld();
  world.web.answers = [() => problem(503, 'unavailable', 'Away', { 'Retry-After': '2' })];

  const error = await world.client.publish('address-9', 'm').catch((thrown) => thrown);
  await pass(1);

  assert.equal(error.kind, 'unavailable');
  assert.equal(error.retryAfterSeconds, 2);
});
