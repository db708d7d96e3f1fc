import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { SEEN_IDS_LIMIT } from '../src/client.js';
import { FakeSocket, GATEWAY, pass, problem, settle, startClock, startWorld, stopClock } from './fakes.js';

let world;

beforeEach(startClock);
afterEach(() => {
  world.client.close();
  stopClock();
});

test('connects with the token as a subprotocol and in no URL', async () => {
  world = startWorld();

  await world.connect();

  assert.equal(world.socket.url, `${GATEWAY}?acks=1`);
  assert.deepEqual(world.socket.protocols, ['whimbrel', 'whimbrel.bearer.secret-1']);
  assert.deepEqual(world.states(), ['connecting', 'connected']);
  assert.deepEqual(world.told.address, [{ address: 'address-1', previous: undefined }]);
});

test('connecting twice opens one socket', async () => {
  world = startWorld();

  world.client.connect();
  world.client.connect();
  await settle();

  assert.equal(world.sockets.length, 1);
});

test('a message comes with its id, sender and time', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver({ message: { any: ['json', 1] }, id: 'a', from: 'address-9', time: 12 });

  assert.deepEqual(world.told.message, [{ message: { any: ['json', 1] }, id: 'a', from: 'address-9', time: 12 }]);
});

test('null is a message', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver('{"message":null}');

  assert.deepEqual(world.told.message, [{ message: null, id: undefined, from: undefined, time: undefined }]);
});

test('frames without a message are ignored, and no payload is logged', async (context) => {
  const warn = context.mock.method(console, 'warn', () => {});
  world = startWorld();
  await world.connect();

  const hostile = ['', '{', 'null', '[]', '"message"', '{"text":"private"}', '{"__proto__":{"message":"private"}}', '7'];
  hostile.forEach((frame) => world.socket.deliver(frame));
  world.socket.onmessage({ data: new ArrayBuffer(3) });

  assert.deepEqual(world.told.message, []);
  assert.equal(warn.mock.callCount(), hostile.length + 1);
  assert.doesNotMatch(JSON.stringify(warn.mock.calls.map((call) => call.arguments)), /private/);
});

test('wrong types of id, sender and time are left out', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver({ message: 'm', id: 7, from: { a: 1 }, time: 'now' });

  assert.deepEqual(world.told.message, [{ message: 'm', id: undefined, from: undefined, time: undefined }]);
});

test('a message that comes twice is told once', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver({ message: 'once', id: 'a' });
  world.socket.deliver({ message: 'once', id: 'a' });

  assert.equal(world.told.message.length, 1);
});

test('messages without an id are all told', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver({ message: 'same' });
  world.socket.deliver({ message: 'same' });

  assert.equal(world.told.message.length, 2);
});

test('the memory of ids is bounded', async () => {
  world = startWorld();
  await world.connect();

  for (let number = 0; number <= SEEN_IDS_LIMIT; number++) {
    world.socket.deliver({ message: number, id: `${number}` });
  }
  world.socket.deliver({ message: 'forgotten, so told again', id: '0' });
  world.socket.deliver({ message: 'remembered', id: `${SEEN_IDS_LIMIT}` });

  assert.equal(world.told.message.length, SEEN_IDS_LIMIT + 2);
});

for (const code of [1000, 1001, 1006, 1011, 1012, 3001, 3004, 3008, 3012, 4000, 4499, 5000]) {
  test(`close code ${code} leads to another try`, async () => {
    world = startWorld();
    await world.connect();

    world.socket.closeFromGateway(code, 'why');
    const waiting = world.client.state;
    await pass(1_000);

    assert.equal(waiting.state, 'waiting');
    assert.equal(world.told.error.at(-1).kind, 'connection-lost');
    assert.equal(world.told.error.at(-1).code, code);
    assert.equal(world.sockets.length, 2);
    assert.equal(world.client.state.state, 'connecting');
  });
}

for (const code of [1009, 3501, 3999, 4500, 4999]) {
  test(`close code ${code} is the end`, async () => {
    world = startWorld();
    await world.connect();

    world.socket.closeFromGateway(code, 'why');
    await pass(60_000);

    assert.equal(world.client.state.state, 'closed');
    assert.equal(world.sockets.length, 1);
    assert.equal(world.told.error.length, 1);
    assert.equal(world.told.error[0].kind, 'connection-refused');
    assert.equal(world.told.error[0].detail, 'why');
  });
}

test('says until when it waits, and waits that long', async () => {
  world = startWorld();
  await world.connect();

  world.socket.closeFromGateway(1006);

  const { until } = world.client.state;
  assert.equal(until - Date.now(), 750); // 500 + 0.5 of 500
  await pass(749);
  assert.equal(world.sockets.length, 1);
  await pass(1);
  assert.equal(world.sockets.length, 2);
});

test('waits grow while tries fail, and start again after a connection that lasted', async () => {
  world = startWorld();
  world.client.connect();
  await settle();
  const waits = [];
  for (let round = 0; round < 8; round++) {
    world.socket.closeFromGateway(1006);
    waits.push(world.client.state.until - Date.now());
    await pass(waits.at(-1));
  }

  world.socket.open();
  await pass(10_000);
  world.socket.closeFromGateway(1006);

  assert.deepEqual(waits, [750, 1_000, 1_500, 2_500, 4_500, 8_500, 10_500, 10_500]);
  assert.equal(world.client.state.until - Date.now(), 750);
});

test('a connection that breaks at once does not reset the wait', async () => {
  world = startWorld();
  await world.connect();
  world.socket.closeFromGateway(1006);
  await pass(750);
  world.socket.open();
  await pass(9_999);

  world.socket.closeFromGateway(1006);

  assert.equal(world.client.state.until - Date.now(), 1_000);
});

test('a handshake that gets no answer is given up', async () => {
  world = startWorld();
  world.client.connect();
  await settle();

  await pass(10_000);

  assert.equal(world.socket.closedWith, 1000);
  assert.equal(world.client.state.state, 'waiting');
  assert.equal(world.told.error[0].code, 1006);
});

for (const [name, wake] of [
  ['connect()', () => world.client.connect()],
  ['online', () => world.page.dispatchEvent(new Event('online'))],
  ['becoming visible', () => world.page.dispatchEvent(new Event('visibilitychange'))],
]) {
  test(`${name} ends the wait`, async () => {
    world = startWorld();
    await world.connect();
    world.socket.closeFromGateway(1006);

    wake();
    await settle();
    await pass(700);

    assert.equal(world.sockets.length, 2);
    assert.equal(world.client.state.state, 'connecting');
  });
}

test('becoming hidden does not end the wait', async () => {
  world = startWorld();
  await world.connect();
  world.socket.closeFromGateway(1006);

  world.page.visibilityState = 'hidden';
  world.page.dispatchEvent(new Event('visibilitychange'));
  await settle();

  assert.equal(world.sockets.length, 1);
});

test('online while connected changes to a new socket, since the old one may be dead', async () => {
  world = startWorld();
  await world.connect();
  const [old] = world.sockets;

  world.page.dispatchEvent(new Event('online'));
  await settle();
  world.socket.open();
  await pass(2_000);

  assert.equal(world.sockets.length, 2);
  assert.equal(old.closedWith, 1000);
  assert.equal(world.socket.closedWith, undefined);
  assert.deepEqual(world.states(), ['connecting', 'connected']);
});

test('a machine that slept changes to a new socket', async () => {
  world = startWorld();
  await world.connect();
  const realNow = Date.now;
  Date.now = () => realNow() + 600_000;

  await pass(15_000);
  Date.now = realNow;

  assert.equal(world.sockets.length, 2);
});

test('an awake machine keeps its socket', async () => {
  world = startWorld();
  await world.connect();

  for (let minute = 0; minute < 240; minute++) {
    await pass(15_000);
  }

  assert.equal(world.sockets.length, 1);
});

test('close() ends everything', async () => {
  world = startWorld();
  await world.connect();
  const requests = world.web.requests.length;

  world.client.close();
  world.client.close();
  world.page.dispatchEvent(new Event('online'));
  await pass(13 * 3_600_000);

  assert.equal(world.socket.closedWith, 1000);
  assert.equal(world.sockets.length, 1);
  assert.equal(world.web.requests.length, requests);
  assert.deepEqual(world.states(), ['connecting', 'connected', 'closed']);
});

test('close() while the token is on its way opens no socket', async () => {
  world = startWorld();

  world.client.connect();
  world.client.close();
  await settle();

  assert.equal(world.sockets.length, 0);
  assert.equal(world.client.state.state, 'closed');
});

test('close() in a listener of an error starts nothing again', async () => {
  world = startWorld();
  await world.connect();
  world.client.addEventListener('state', ({ detail }) => detail.state === 'waiting' && world.client.close());

  world.socket.closeFromGateway(1006);
  await pass(60_000);

  assert.equal(world.sockets.length, 1);
  assert.equal(world.client.state.state, 'closed');
});

test('connects again after close() with the same address', async () => {
  world = startWorld();
  await world.connect();
  world.client.close();

  await world.connect();

  assert.equal(world.socket.secret, 'secret-1');
  assert.equal(world.told.address.length, 1);
});

test('a web server that cannot be reached is tried again', async () => {
  world = startWorld();
  world.web.answers = [
    () => {
      throw new TypeError('fetch failed');
    },
  ];

  world.client.connect();
  await settle();
  const { state } = world.client.state;
  await pass(750);

  assert.equal(state, 'waiting');
  assert.equal(world.told.error[0].kind, 'network');
  assert.match(world.told.error[0].message, /cannot be reached: http:\/\/web\.test:5000/);
  assert.equal(world.sockets.length, 1);
});

test('a web server that asks for patience gets it', async () => {
  world = startWorld();
  world.web.answers = [() => problem(503, 'unavailable', 'Away', { 'Retry-After': '7' })];

  world.client.connect();
  await settle();

  assert.equal(world.client.state.until - Date.now(), 7_000);
});

test('patience has a limit', async () => {
  world = startWorld();
  world.web.answers = [() => problem(503, 'unavailable', 'Away', { 'Retry-After': '999999999' })];

  world.client.connect();
  await settle();

  assert.equal(world.client.state.until - Date.now(), 300_000);
});

test('a web server that does not know this person is the end', async () => {
  world = startWorld({ authorization: () => 'Basic d3Jvbmc6d3Jvbmc=' });
  world.web.answers = [() => problem(401, 'unauthenticated', 'Who are you')];

  world.client.connect();
  await pass(60_000);

  assert.equal(world.client.state.state, 'closed');
  assert.equal(world.told.error[0].kind, 'unauthenticated');
  assert.equal(world.web.requests.length, 1);
  assert.equal(world.web.requests[0].headers.Authorization, 'Basic d3Jvbmc6d3Jvbmc=');
});

test('an application that cannot say who is asking hears so', async () => {
  const cause = new Error('signed out');
  world = startWorld({ authorization: () => Promise.reject(cause) });

  world.client.connect();
  await settle();

  assert.equal(world.client.state.state, 'closed');
  assert.equal(world.told.error[0].cause, cause);
});

test('something that is not Whimbrel is tried again and named', async () => {
  world = startWorld();
  world.web.answers = [() => new Response('<html>Please sign in to the hotel'), () => new Response('{"token":7}')];

  world.client.connect();
  await settle();
  await pass(750);

  assert.deepEqual(
    world.told.error.map(({ kind }) => kind),
    ['bad-answer', 'bad-answer'],
  );
  assert.equal(world.client.state.state, 'waiting');
});

test('a socket the browser refuses to make is the end', async () => {
  world = startWorld();
  FakeSocket.refuses = true;

  world.client.connect();
  await settle();

  assert.equal(world.client.state.state, 'closed');
  assert.equal(world.told.error[0].kind, 'connection-refused');
});
