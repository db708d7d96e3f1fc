import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import {
  ForbiddenStorage,
  HOUR_MILLIS,
  FakeStorage,
  STORAGE_KEY,
  pass,
  problem,
  settle,
  startClock,
  startWorld,
  stopClock,
} from './fakes.js';

let world;

beforeEach(startClock);
afterEach(() => {
  world.client.close();
  stopClock();
});

function stored(token, uuid, expiresInMillis) {
  const storage = new FakeStorage();
  const expires_at = Math.floor((Date.now() + expiresInMillis) / 1000);
  storage.setItem(STORAGE_KEY, JSON.stringify({ token, uuid, expires_at }));
  return storage;
}

test('a stored token is used again without asking', async () => {
  world = startWorld({ storage: stored('kept', 'address-kept', HOUR_MILLIS) });

  await world.connect();

  assert.equal(world.socket.secret, 'kept');
  assert.equal(world.web.requests.length, 0);
  assert.deepEqual(world.told.address, [{ address: 'address-kept', previous: undefined }]);
});

test('a token is stored with nothing else of the answer', async () => {
  world = startWorld();

  await world.connect();

  assert.deepEqual(Object.keys(JSON.parse(world.storage.getItem(STORAGE_KEY))), ['token', 'uuid', 'expires_at']);
});

for (const content of ['', '{', '[]', 'null', '{"token":"","uuid":"a"}', '{"token":"a"}', '{"token":{},"uuid":"a"}']) {
  test(`stored content ${JSON.stringify(content)} is not taken for a token`, async () => {
    const storage = new FakeStorage();
    storage.setItem(STORAGE_KEY, content);
    world = startWorld({ storage });

    await world.connect();

    assert.equal(world.socket.secret, 'secret-1');
  });
}

test('works where the browser forbids its storage', async () => {
  world = startWorld({ storage: new ForbiddenStorage() });

  await world.connect();

  assert.equal(world.client.state.state, 'connected');
});

test('a stored token that has expired is replaced before connecting', async () => {
  world = startWorld({ storage: stored('old', 'address-old', -1_000) });

  await world.connect();

  assert.deepEqual(
    world.web.requests.map(({ headers }) => headers.Authorization),
    ['Bearer old', undefined],
  );
  assert.equal(world.socket.secret, 'secret-1');
  assert.deepEqual(world.told.address, [
    { address: 'address-old', previous: undefined },
    { address: 'address-1', previous: 'address-old' },
  ]);
});

test('an open web server answers an expired token with a new address, in one request', async () => {
  world = startWorld({ storage: stored('old', 'address-old', -1_000) });
  world.web.open = true;

  await world.connect();

  assert.equal(world.web.requests.length, 1);
  assert.deepEqual(world.told.address.at(-1), { address: 'address-1', previous: 'address-old' });

  world.socket.closeFromGateway(3500, 'invalid token');
  assert.equal(world.client.state.state, 'closed', 'it is as good as a fresh one, and refused');
});

test('a renewal never asks the person for a password, the first token may', async () => {
  world = startWorld({ storage: stored('old', 'address-old', -1_000) });

  await world.connect();

  assert.deepEqual(
    world.web.requests.map(({ credentials }) => credentials),
    ['omit', 'same-origin'],
  );
});

test('the token is renewed at 80 to 90 percent of its life and keeps its address', async () => {
  for (const [random, share] of [
    [0, 0.8],
    [0.999, 0.8999],
  ]) {
    world?.client.close();
    world = startWorld({ random: () => random });
    world.web.lifeMillis = HOUR_MILLIS;
    await world.connect();

    await pass(HOUR_MILLIS * share - 1_000);
    const before = world.web.requests.length;
    await pass(2_000);

    assert.equal(before, 1);
    assert.equal(world.web.requests.length, 2);
    assert.equal(world.web.requests[1].headers.Authorization, 'Bearer secret-1');
    assert.equal(world.client.address, 'address-1');
    assert.equal(world.told.address.length, 1);
  }
});

test('a token of 30 days does not overflow the timer', async () => {
  world = startWorld();
  world.web.lifeMillis = 30 * 24 * HOUR_MILLIS;
  await world.connect();

  await pass(12 * HOUR_MILLIS - 1);
  const before = world.web.requests.length;
  await pass(1);

  assert.equal(before, 1);
  assert.equal(world.web.requests.length, 2);
});

test('after a renewal the new socket opens before the old one closes, and each message is told once', async () => {
  world = startWorld();
  world.web.lifeMillis = HOUR_MILLIS;
  await world.connect();
  const [old] = world.sockets;

  await pass(0.85 * HOUR_MILLIS);
  const fresh = world.socket;
  assert.notEqual(fresh, old);
  assert.equal(fresh.secret, 'secret-2');
  assert.equal(old.closedWith, undefined);
  old.deliver({ message: 'before', id: 'a' });
  fresh.open();
  old.deliver({ message: 'between', id: 'b' });
  fresh.deliver({ message: 'between', id: 'b' });
  await pass(1_999);
  assert.equal(old.closedWith, undefined);
  await pass(1);
  fresh.deliver({ message: 'after', id: 'c' });

  assert.equal(old.closedWith, 1000);
  assert.deepEqual(
    world.told.message.map(({ message }) => message),
    ['before', 'between', 'after'],
  );
  assert.deepEqual(world.states(), ['connecting', 'connected']);
  assert.deepEqual(world.told.error, []);
});

test('the old socket stays when the new one fails, and the change is tried again', async () => {
  world = startWorld();
  world.web.lifeMillis = HOUR_MILLIS;
  await world.connect();
  const [old] = world.sockets;
  await pass(0.85 * HOUR_MILLIS);

  world.socket.closeFromGateway(1006);
  old.deliver({ message: 'still here', id: 'a' });
  await pass(1_000);

  assert.equal(world.client.state.state, 'connected');
  assert.equal(world.told.message.length, 1);
  assert.equal(world.sockets.length, 3);
  assert.equal(world.socket.secret, 'secret-2');
});

test('the old socket takes over again when the new one closes right after opening', async () => {
  world = startWorld();
  world.web.lifeMillis = HOUR_MILLIS;
  await world.connect();
  const [old] = world.sockets;
  await pass(0.85 * HOUR_MILLIS);

  world.socket.open();
  world.socket.closeFromGateway(3004, 'web server away, try again');
  await pass(2_500);

  assert.equal(old.closedWith, undefined);
  assert.equal(world.client.state.state, 'connected');
  assert.equal(world.sockets.length, 3);
});

test('when the old socket closes first, the new one carries on', async () => {
  world = startWorld();
  world.web.lifeMillis = HOUR_MILLIS;
  await world.connect();
  const [old] = world.sockets;
  await pass(0.85 * HOUR_MILLIS);

  old.closeFromGateway(3005, 'connection expired');
  world.socket.open();
  await pass(60_000);

  assert.equal(world.sockets.length, 2);
  assert.deepEqual(world.states(), ['connecting', 'connected', 'connecting', 'connected']);
});

test('a renewal that fails is tried again, with a word', async () => {
  world = startWorld();
  world.web.lifeMillis = HOUR_MILLIS;
  await world.connect();
  world.web.answers = [() => problem(503, 'unavailable', 'Away')];

  await pass(0.85 * HOUR_MILLIS);
  assert.equal(world.told.error[0].kind, 'unavailable');
  assert.equal(world.client.state.state, 'connected');
  await pass(7_500);

  assert.equal(world.client.address, 'address-1');
  assert.equal(world.socket.secret, 'secret-2');
});

test('close code 3005 renews the token and comes back at once', async () => {
  world = startWorld();
  await world.connect();
  await pass(10_000);

  world.socket.closeFromGateway(3005, 'connection expired');
  await settle();

  assert.equal(world.socket.secret, 'secret-2');
  assert.equal(world.client.address, 'address-1');
  assert.deepEqual(world.told.error, []);
});

test('close code 3005 with a token too old to renew leads to another address', async () => {
  world = startWorld();
  await world.connect();
  await pass(10_000);
  world.web.valid.clear();

  world.socket.closeFromGateway(3005, 'connection expired');
  await settle();

  assert.deepEqual(world.told.address.at(-1), { address: 'address-2', previous: 'address-1' });
});

test('a gateway that calls every token expired is not hammered', async () => {
  world = startWorld();
  world.client.connect();
  await settle();

  for (let minute = 0; minute < 600; minute++) {
    world.socket.open();
    world.socket.closeFromGateway(3005, 'connection expired');
    await pass(100);
  }

  assert.ok(world.sockets.length < 15, `${world.sockets.length} sockets in a minute`);
});

test('a stored token that is refused is replaced once', async () => {
  world = startWorld({ storage: stored('refused', 'address-old', HOUR_MILLIS) });
  await world.connect();

  world.socket.closeFromGateway(3500, 'invalid token');
  await settle();

  assert.equal(world.socket.secret, 'secret-1');
  assert.equal(world.web.requests[0].headers.Authorization, undefined);
  assert.deepEqual(world.told.address.at(-1), { address: 'address-1', previous: 'address-old' });
  assert.deepEqual(world.told.error, []);

  world.socket.closeFromGateway(3500, 'invalid token');
  await pass(60_000);

  assert.equal(world.sockets.length, 2);
  assert.equal(world.client.state.state, 'closed');
  assert.equal(world.told.error[0].code, 3500);
  assert.equal(world.storage.getItem(STORAGE_KEY), null);
});

test('one that is beyond the limit beside its own last connection tries on, and any other stays away', async () => {
  world = startWorld();
  await world.connect();
  world.socket.closeFromGateway(3504, 'connection limit');
  await pass(60_000);
  assert.equal(world.client.state.state, 'closed');

  await world.connect();
  await pass(60_000); // it has held
  world.socket.closeFromGateway(1006, '');
  await pass(10_000);
  const before = world.sockets.length;
  world.socket.open();
  world.socket.closeFromGateway(3504, 'connection limit');
  await pass(60_000);

  assert.notEqual(world.client.state.state, 'closed');
  assert.ok(world.sockets.length > before);
});

test('a revoked token is the end, and is forgotten', async () => {
  world = startWorld({ storage: stored('revoked', 'address-old', HOUR_MILLIS) });
  await world.connect();

  world.socket.closeFromGateway(3507, 'revoked');
  await pass(60_000);

  assert.equal(world.sockets.length, 1);
  assert.equal(world.client.state.state, 'closed');
  assert.equal(world.told.error[0].message, 'The gateway does not accept the token any more: revoked');
  assert.equal(world.storage.getItem(STORAGE_KEY), null);

  await world.connect();

  assert.equal(world.socket.secret, 'secret-1');
  assert.equal(world.web.requests[0].headers.Authorization, undefined);
});

test('a token that worked for a while and is refused later is replaced', async () => {
  world = startWorld();
  await world.connect();
  await pass(10_000);
  world.socket.closeFromGateway(1006);
  await pass(750);

  world.socket.closeFromGateway(3500, 'invalid token');
  await settle();

  assert.equal(world.socket.secret, 'secret-2');
  assert.equal(world.client.state.state, 'connecting');
});

test('a fresh token that is refused is the end', async () => {
  world = startWorld();
  await world.connect();

  world.socket.closeFromGateway(3500, 'invalid token');
  await pass(60_000);

  assert.equal(world.sockets.length, 1);
  assert.equal(world.client.state.state, 'closed');
});

test('connect() after a refusal gets another token', async () => {
  world = startWorld();
  await world.connect();
  world.socket.closeFromGateway(3500, 'invalid token');

  await world.connect();

  assert.equal(world.socket.secret, 'secret-2');
  assert.equal(world.client.state.state, 'connected');
});

test('a clock that is days ahead does not renew without end', async () => {
  world = startWorld();
  world.web.clockOffsetMillis = -48 * HOUR_MILLIS;
  await world.connect();

  await pass(HOUR_MILLIS);

  assert.equal(world.web.requests.length, 1);
  assert.equal(world.sockets.length, 1);
});

test('a clock that is nearly a token life ahead renews calmly', async () => {
  world = startWorld();
  world.web.lifeMillis = 24 * HOUR_MILLIS;
  world.web.clockOffsetMillis = -24 * HOUR_MILLIS + 1_500;
  await world.connect();

  for (let second = 0; second < 60; second++) {
    await pass(1_000);
  }

  assert.ok(world.web.requests.length <= 13, `${world.web.requests.length} requests in a minute`);
});

test('a renewal that is overdue after a sleep happens on becoming visible', async () => {
  world = startWorld();
  world.web.lifeMillis = HOUR_MILLIS;
  await world.connect();
  const realNow = Date.now;
  Date.now = () => realNow() + 0.95 * HOUR_MILLIS;

  world.page.dispatchEvent(new Event('visibilitychange'));
  await settle();
  Date.now = realNow;

  assert.equal(world.web.requests.length, 2);
});
