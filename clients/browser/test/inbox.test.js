/** What a client says of the messages it has: acknowledgements, and its position when it comes back. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { HOUR_MILLIS, pass, settle, startClock, startWorld, stopClock } from './fakes.js';

let world;

beforeEach(startClock);
afterEach(() => {
  world.client.close();
  stopClock();
});

const frame = (offset, epoch = 'e1') => ({ message: `m${offset}`, id: `${epoch}-${offset}`, offset, epoch });
const loss = (offset, epoch = 'e1') => ({ recovered: false, offset, epoch });
const texts = () => world.told.message.map(({ message }) => message);

/** Two open connections, as while a token is renewed. */
async function overlap() {
  world.page.dispatchEvent(new Event('online'));
  await settle();
  world.socket.open();
  return world.sockets.slice(-2);
}

// ---- acknowledgements

test('a message is acknowledged when the page has it, not before', async () => {
  world = startWorld();
  await world.connect();
  const ackedWhenTold = [];
  world.client.addEventListener('message', () => ackedWhenTold.push(...world.socket.acks));

  world.socket.deliver(frame(7));
  await settle();

  assert.deepEqual(ackedWhenTold, []);
  assert.deepEqual(world.socket.sent, ['{"ack":7}']);
});

test('a single message is acknowledged without a timer, which a hidden tab would run late', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver(frame(1));
  await settle(); // no time passes

  assert.deepEqual(world.socket.acks, [1]);
});

test('what comes in one task is acknowledged with its highest offset', async () => {
  world = startWorld();
  await world.connect();

  for (let offset = 1; offset <= 100; offset++) {
    world.socket.deliver(frame(offset));
  }
  await settle();
  await pass(1);

  assert.deepEqual(world.socket.acks, [100]);
});

test('what comes in many tasks of one turn is acknowledged with the first and the last', async () => {
  world = startWorld();
  await world.connect();

  for (let offset = 1; offset <= 100; offset++) {
    world.socket.deliver(frame(offset));
    await settle();
  }
  await pass(1);
  world.socket.deliver(frame(101));
  await settle();
  await pass(1);
  await pass(1);

  assert.deepEqual(world.socket.acks, [1, 100, 101]);
});

test('what has no offset, or one of a topic, or one that cannot be, is not acknowledged', async () => {
  world = startWorld();
  await world.connect();
  const wrong = [{}, { offset: 5 }, { epoch: 'e1' }, { offset: '5', epoch: 'e1' }, { offset: 5, epoch: '' }];
  wrong.push({ offset: -1, epoch: 'e1' }, { offset: 1.5, epoch: 'e1' }, { offset: 1e300, epoch: 'e1' });
  wrong.push({ offset: 5, epoch: 'e1', topic: 'news' });

  wrong.forEach((more) => world.socket.deliver({ message: 'm', ...more }));
  await settle();
  world.socket.closeFromGateway(1006);
  await pass(750);

  assert.equal(world.told.message.length, wrong.length);
  assert.deepEqual(world.sockets[0].sent, []);
  assert.deepEqual(world.socket.query, { acks: '1' });
});

test('nothing goes back within an epoch, and another epoch begins where it begins', async () => {
  world = startWorld();
  await world.connect();

  for (const next of [frame(5), frame(4), frame(5), frame(2, 'e2'), frame(3, 'e2')]) {
    world.socket.deliver(next);
    await settle();
    await pass(1);
  }

  assert.deepEqual(world.socket.acks, [5, 2, 3]);
});

test('a listener that throws has the message all the same', async (context) => {
  world = startWorld();
  await world.connect();
  const reported = [];
  context.mock.method(process, 'nextTick', (task) => reported.push(task)); // where Node reports what a listener threw
  world.client.addEventListener('message', () => {
    throw new Error('the page made a mistake');
  });

  world.socket.deliver(frame(1));
  context.mock.restoreAll();
  await settle();

  assert.equal(reported.length, 1);
  assert.throws(reported[0], /the page made a mistake/);
  assert.deepEqual(world.socket.acks, [1]);
});

test('nothing is sent on a connection that is not open any more', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver(frame(1));
  world.socket.readyState = 2; // its closing handshake is under way, which nobody has been told yet
  await settle();
  await pass(1);

  assert.deepEqual(world.socket.sent, []);
});

test('what a listener closes after is acknowledged before the connection ends', async () => {
  world = startWorld();
  await world.connect();
  world.client.addEventListener('message', () => world.client.close());

  world.socket.deliver(frame(1));
  await settle();

  assert.deepEqual(world.socket.acks, [1]);
  assert.equal(world.socket.closedWith, 1000);
});

test('what was not acknowledged when the connection broke is, by the position of the next', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver(frame(1));
  world.socket.closeFromGateway(1006);
  await pass(750);
  world.socket.open();
  await pass(1);

  assert.deepEqual(world.sockets[0].sent, []);
  world.client.close();
  assert.deepEqual(world.socket.query, { acks: '1', offset: '1', epoch: 'e1' });
  assert.deepEqual(world.socket.sent, []);
});

// ---- two connections

test('each connection acknowledges what came by it, and the page gets it once', async () => {
  world = startWorld();
  await world.connect();
  world.socket.deliver(frame(1));
  await settle();
  await pass(1);
  const [old, fresh] = await overlap();

  old.deliver(frame(2));
  await settle();
  const ackedEarly = [...fresh.acks];
  fresh.deliver(frame(2));
  fresh.deliver(frame(3));
  old.deliver(frame(3));
  await settle();
  await pass(1);

  assert.deepEqual(texts(), ['m1', 'm2', 'm3']);
  assert.deepEqual(ackedEarly, [], 'the new one was not sent it yet, and would ignore that');
  assert.deepEqual(old.acks, [1, 2, 3]);
  assert.deepEqual(fresh.acks, [3]);
});

test('what the old connection brings last is acknowledged before it ends', async () => {
  world = startWorld();
  await world.connect();
  const [old] = await overlap();
  old.deliver(frame(1));
  await settle();
  old.deliver(frame(2));

  await pass(2_000);

  assert.equal(old.closedWith, 1000);
  assert.deepEqual(old.acks, [1, 2]);
});

test('where the old connection brings an address that was replaced, it does not count for the new one', async () => {
  world = startWorld();
  world.web.lifeMillis = HOUR_MILLIS;
  world.web.open = true;
  await world.connect();
  world.socket.deliver(frame(4));
  world.web.valid.clear();
  await pass(0.85 * HOUR_MILLIS);
  const [old, fresh] = world.sockets;
  assert.equal(world.client.address, 'address-2');
  assert.deepEqual(fresh.query, { acks: '1' });

  old.deliver(frame(5));
  fresh.open();
  old.deliver(frame(6));
  fresh.deliver(frame(1, 'other'));
  old.deliver(frame(7));
  old.deliver(loss(9));
  await settle();
  await pass(1);
  fresh.closeFromGateway(1006);
  old.closeFromGateway(1006);
  await pass(1_000);

  assert.deepEqual(texts(), ['m4', 'm5', 'm6', 'm1', 'm7']);
  assert.equal(old.acks.at(-1), 9);
  assert.deepEqual(fresh.acks, [1]);
  assert.deepEqual(world.socket.query, { acks: '1', offset: '1', epoch: 'other' });
});

// ---- the position

test('comes back with its position, and only with that of its own address', async () => {
  world = startWorld();
  await world.connect();
  world.socket.deliver(frame(3));
  world.socket.deliver({ message: 'news', topic: 'news', offset: 90, epoch: 'n' });

  world.socket.closeFromGateway(1006);
  await pass(750);

  assert.deepEqual(world.socket.query, { acks: '1', offset: '3', epoch: 'e1' });
});

test('keeps what the address of the gateway had already', async () => {
  world = startWorld({ gateway: 'ws://gateway.test/ws?shore=north' });

  await world.connect();

  assert.deepEqual(world.socket.query, { shore: 'north', acks: '1' });
});

test('close() and connect() miss nothing and repeat nothing', async () => {
  world = startWorld();
  await world.connect();
  world.socket.deliver(frame(1));
  world.client.close();

  await world.connect();
  world.socket.deliver(frame(1));
  world.socket.deliver(frame(2));

  assert.deepEqual(world.socket.query, { acks: '1', offset: '1', epoch: 'e1' });
  assert.deepEqual(texts(), ['m1', 'm2']);
});

// ---- what is lost

test('a loss is told, acknowledged, and not asked for again', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver(loss(40));
  world.socket.deliver(frame(41));
  await settle();
  world.socket.closeFromGateway(1006);
  await pass(750);

  assert.equal(world.told.missed.length, 1);
  assert.deepEqual(world.sockets[0].acks, [41]);
  assert.deepEqual(world.socket.query, { acks: '1', offset: '41', epoch: 'e1' });
});

test('a loss before which everything was lost, and nothing follows, is acknowledged', async () => {
  world = startWorld();
  await world.connect();

  world.socket.deliver(loss(40));
  await settle();

  assert.deepEqual(world.socket.acks, [40]);
});

test('what one connection lost and the other brought is no loss', async () => {
  world = startWorld();
  await world.connect();
  const [old, fresh] = await overlap();

  for (let offset = 1; offset <= 50; offset++) {
    old.deliver(frame(offset));
  }
  fresh.deliver(loss(40));
  fresh.deliver(frame(41));
  await settle();

  assert.equal(world.told.missed.length, 0);
  assert.deepEqual(fresh.acks, [41]);
});

test('a loss that both connections tell is told once', async () => {
  world = startWorld();
  await world.connect();
  const [old, fresh] = await overlap();

  old.deliver(loss(40));
  fresh.deliver(loss(40));

  assert.equal(world.told.missed.length, 1);
});

test('a gateway whose offsets have begun anew in the same epoch is followed back', async () => {
  world = startWorld();
  await world.connect();
  world.socket.deliver(frame(90));
  await settle();
  await pass(1);

  world.socket.deliver(loss(3));
  world.socket.deliver({ ...frame(4), id: 'anew' });
  await settle();
  world.socket.closeFromGateway(1006);
  await pass(750);

  assert.equal(world.told.missed.length, 1);
  assert.deepEqual(world.sockets[0].acks, [90, 4]);
  assert.deepEqual(world.socket.query, { acks: '1', offset: '4', epoch: 'e1' });
});

test('a loss without a position is told, and nothing is acknowledged', async () => {
  world = startWorld();
  await world.connect();
  world.socket.deliver(frame(2));
  await settle();

  world.socket.deliver({ recovered: false });
  await settle();
  await pass(1);

  assert.equal(world.told.missed.length, 1);
  assert.deepEqual(world.socket.acks, [2]);
});
