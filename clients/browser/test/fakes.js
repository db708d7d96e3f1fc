/** Hand-written stand-ins for what a browser and the two servers give. No sockets, no waiting: tests move the clock. */
import { mock } from 'node:test';
import { WhimbrelClient } from '../src/client.js';

export const WEB = 'http://web.test:5000';
export const GATEWAY = 'ws://gateway.test:7071/ws';
export const STORAGE_KEY = 'whimbrel.token:http://web.test:5000/';
export const START_MILLIS = 1_800_000_000_000;
export const HOUR_MILLIS = 3_600_000;
const STEP_MILLIS = 10_000;

export function startClock() {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: START_MILLIS });
}

export function stopClock() {
  mock.timers.reset();
}

/** Lets everything happen that needs no time. */
export async function settle() {
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** In small steps: the mock clock jumps to the end of a step before it runs the step's timers. */
export async function pass(millis) {
  for (let left = millis; left > 0; left -= STEP_MILLIS) {
    mock.timers.tick(Math.min(left, STEP_MILLIS));
    await settle();
  }
}

export class FakeStorage {
  items = new Map();

  getItem(key) {
    return this.items.get(key) ?? null;
  }

  setItem(key, value) {
    this.items.set(key, value);
  }

  removeItem(key) {
    this.items.delete(key);
  }
}

export class ForbiddenStorage {
  getItem() {
    throw new Error('SecurityError');
  }

  setItem() {
    throw new Error('SecurityError');
  }

  removeItem() {
    throw new Error('SecurityError');
  }
}

/** A socket whose far end is the test. */
export class FakeSocket {
  /** @type {FakeSocket[]} */
  static all = [];

  constructor(url, protocols) {
    if (FakeSocket.refuses) {
      throw new SyntaxError('not a token');
    }
    this.url = url;
    this.protocols = protocols;
    this.closedWith = undefined;
    this.readyState = 0;
    this.sent = [];
    FakeSocket.all.push(this);
  }

  get query() {
    return Object.fromEntries(new URL(this.url).searchParams);
  }

  get acks() {
    return this.sent.map((text) => JSON.parse(text).ack);
  }

  send(text) {
    if (this.readyState !== 1) {
      throw new Error('this socket is not open');
    }
    this.sent.push(text);
  }

  get secret() {
    return this.protocols[1].slice('whimbrel.bearer.'.length);
  }

  close(code) {
    this.closedWith = code;
    this.readyState = 2;
  }

  open() {
    this.readyState = 1;
    this.onopen?.({});
  }

  deliver(frame) {
    this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }

  closeFromGateway(code, reason = '') {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

/** The web server: answers `GET /token` and `POST /publish` by itself, or with what the test laid out. */
export class FakeWeb {
  requests = [];
  /** Answers given instead of the usual ones, the first one first: functions of the request. */
  answers = [];
  /** Secrets that are still valid for a renewal. */
  valid = new Map();
  lifeMillis = 24 * HOUR_MILLIS;
  clockOffsetMillis = 0;
  /** Whether a token that is not valid gets a new address at once, as from a web server that is open to anybody. */
  open = false;
  issued = 0;

  fetch = async (url, init = {}) => {
    const request = { path: new URL(url).pathname, url, method: init.method ?? 'GET', ...init };
    this.requests.push(request);
    const special = this.answers.shift();
    if (special) {
      return special(request);
    }
    return request.path === '/token' ? this.#token(request.headers.Authorization) : this.#publish();
  };

  #token(authorization) {
    const bearer = authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length) : undefined;
    if (bearer !== undefined && !this.valid.has(bearer) && !this.open) {
      return problem(401, 'unauthenticated', 'The sender did not prove who it is');
    }
    const number = ++this.issued;
    const uuid = this.valid.get(bearer) ?? `address-${number}`;
    this.valid.set(`secret-${number}`, uuid);
    const expiresAtMillis = Date.now() + this.clockOffsetMillis + this.lifeMillis;
    return json(200, { token: `secret-${number}`, uuid, expires_at: Math.floor(expiresAtMillis / 1000) });
  }

  #publish() {
    return json(200, { status: true, id: `id-${this.requests.length}`, online: true });
  }

  requestsFor(path) {
    return this.requests.filter((request) => request.path === path);
  }
}

export function json(status, body, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } });
}

export function problem(status, slug, title, headers = {}) {
  return json(status, { type: `urn:whimbrel:problem:${slug}`, title, status, detail: 'in detail' }, headers);
}

/** A client among fakes, with everything it told. */
export function startWorld(options = {}) {
  FakeSocket.all = [];
  FakeSocket.refuses = false;
  const web = options.server ?? new FakeWeb();
  const page = new EventTarget();
  const storage = options.storage ?? new FakeStorage();
  const client = new WhimbrelClient({
    web: WEB,
    gateway: GATEWAY,
    WebSocket: FakeSocket,
    fetch: web.fetch,
    random: () => 0.5,
    page,
    ...options,
    storage,
  });
  const told = { message: [], missed: [], state: [], address: [], error: [] };
  for (const type of Object.keys(told)) {
    client.addEventListener(type, (event) => told[type].push(event.detail));
  }
  return {
    client,
    web,
    page,
    storage,
    told,
    get sockets() {
      return FakeSocket.all;
    },
    get socket() {
      return FakeSocket.all.at(-1);
    },
    states: () => told.state.map(({ state }) => state),
    async connect() {
      client.connect();
      await settle();
      FakeSocket.all.at(-1).open();
      await settle();
    },
  };
}
