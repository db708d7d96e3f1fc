/**
 * A Whimbrel client in one file, without dependencies: copy it or import it from the web server's `/client.js`.
 *
 * It keeps a token, holds one WebSocket to a gateway, comes back when the connection breaks, renews the token before it
 * expires and changes to a new connection without losing a message. Where to start reading: {@link WhimbrelClient}.
 *
 * @module
 */

/** How many ids of messages are remembered, so that one that comes twice is told once. */
export const SEEN_IDS_LIMIT = 1_000;

const REQUEST_TIMEOUT_MILLIS = 10_000;
/** How long the web server waits for a receipt when nobody says how long. */
const RECEIPT_TIMEOUT_SECONDS = 5;
const HANDSHAKE_TIMEOUT_MILLIS = 10_000;
const RECONNECT_MIN_MILLIS = 500;
const RECONNECT_MAX_MILLIS = 20_000;
/** A connection that lived this long was a good one: the next break starts again with the shortest wait. */
const STABLE_AFTER_MILLIS = 10_000;
/** An open socket may not be subscribed yet, so the one it replaces listens this much longer. */
const OVERLAP_MILLIS = 2_000;
/** A web server that asks for patience gets it, up to here. */
const RETRY_AFTER_LIMIT_SECONDS = 300;
const RENEWAL_MIN_MILLIS = 5_000;
const RENEWAL_RETRY_MAX_MILLIS = 60_000;
/** Timers of browsers overflow after 24 days, and clocks are wrong by hours: renew at the latest after this. */
const RENEWAL_MAX_MILLIS = 12 * 3_600_000;
const PULSE_MILLIS = 15_000;
/** Background tabs run timers once a minute; a longer gap means that the machine slept and the socket may be dead. */
const SLEPT_AFTER_MILLIS = 120_000;

const CLOSED_NORMALLY = 1000;
const CLOSED_ABNORMALLY = 1006;
const TOKEN_EXPIRED = 3005;
const TOKEN_REFUSED = 3500;
const CONNECTION_LIMIT = 3504;
const TOKEN_REVOKED = 3507;
/** `WebSocket.OPEN`, also where the WebSocket is not the global one. */
const SOCKET_OPEN = 1;

/** @type {ReadonlyMap<number, string>} */
const CLOSE_TITLES = new Map([
  [CLOSED_ABNORMALLY, 'The connection broke or could not be made'],
  [1009, 'A message was too big for the gateway'],
  [3001, 'The gateway is restarting'],
  [3004, 'The gateway cannot serve at the moment'],
  [TOKEN_EXPIRED, 'The token has expired'],
  [3008, 'Messages came faster than this client read them'],
  [3010, 'Messages were missed, and are asked for again'],
  [3012, 'The gateway heard nothing from this client'],
  [TOKEN_REFUSED, 'The gateway does not accept the token'],
  [CONNECTION_LIMIT, 'There are as many connections as one may have'],
  [TOKEN_REVOKED, 'The gateway does not accept the token any more'],
]);

/**
 * @typedef {object} Message
 * @property {any} message what was sent: any JSON value
 * @property {string} [id] the same whenever this message is delivered again
 * @property {string} [from] the sender's address; missing when the sender named none
 * @property {number} [time] milliseconds since 1970, by the web server's clock
 */

/**
 * @typedef {object} PublishOptions
 * @property {'written' | 'acked'} [receipt] answer only when each connection that the recipient has at that time was sent
 *   the message, or has acknowledged it; at once where there is none
 * @property {number} [timeout] for how many seconds at most; default 5, the web server takes up to 30
 * @property {string} [idempotencyKey] the same for each attempt to send this message, which is then sent once; default: a
 *   new one for each call
 */

/**
 * @typedef {object} Published what the web server answered; what it did not say is missing
 * @property {string} [id] the message's
 * @property {boolean} [online] whether the recipient was connected
 * @property {boolean} [stored] whether it is kept for a recipient that comes back
 * @property {Receipt} [receipt] where one was asked for
 */

/**
 * @typedef {object} Receipt how far a message has come
 * @property {number} gateways that listened for the recipient
 * @property {number} sessions the recipient's connections
 * @property {number} written of these, to how many it was sent
 * @property {number} acked of these, how many have acknowledged it
 * @property {number} [ms] how long that took
 */

/**
 * @typedef {object} MessageState
 * @property {string} id
 * @property {'stored' | 'routed' | 'written' | 'acked' | 'expired'} state
 * @property {Receipt} [receipt]
 */

/**
 * @typedef {object} State
 * @property {'closed' | 'connecting' | 'connected' | 'waiting'} state
 * @property {number} [until] while waiting: when the next try is, in milliseconds since 1970
 */

/**
 * @typedef {object} Options
 * @property {string | URL} web where the web server is
 * @property {string | URL} gateway where the gateway is, `ws:` or `wss:`
 * @property {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null} [storage] where the token outlives a reload;
 *   default `sessionStorage`, `null` for nowhere
 * @property {() => string | Promise<string>} [authorization] the `Authorization` header for `GET /token`, where the web
 *   server does not give tokens to everybody
 * @property {typeof globalThis.WebSocket} [WebSocket] default: the global one
 * @property {typeof globalThis.fetch} [fetch] default: the global one
 * @property {() => number} [random] from 0 up to 1; default `Math.random`
 * @property {EventTarget} [page] where `online` and `visibilitychange` are heard; default: the window or the worker
 */

/** Everything that can go wrong, in words: thrown by `publish` and told by the `error` event. */
export class WhimbrelError extends Error {
  /**
   * @param {string} kind what went wrong, for programs: the last word of the server's problem type (`rate-limited`,
   *   `invalid-recipient`, …), or `network`, `timeout`, `bad-answer`, `connection-lost`, `connection-refused`
   * @param {string} title one sentence for people
   * @param {{detail?: string, type?: string, status?: number, code?: number, retryAfterSeconds?: number,
   *   cause?: unknown}} [more]
   */
  constructor(kind, title, more = {}) {
    super(more.detail ? `${title}: ${more.detail}` : title, { cause: more.cause });
    this.name = 'WhimbrelError';
    this.kind = kind;
    this.title = title;
    /** What exactly, for people; may be missing. */
    this.detail = more.detail;
    /** The problem type of the server's answer (RFC 9457), stable: programs may compare it. */
    this.type = more.type;
    /** The HTTP status, where a server answered. */
    this.status = more.status;
    /** The close code of the WebSocket, where it was closed. */
    this.code = more.code;
    /** When the same may be tried again. */
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}

/**
 * The gateway's address as a page needs it, from a setting that is either the whole address or only a port on the host
 * the page came from.
 *
 * @param {string} setting `ws://…`, `wss://…` or a port number
 * @param {{protocol: string, hostname: string}} location the page's
 * @returns {string}
 */
export function gatewayUrl(setting, location) {
  if (/^wss?:\/\//i.test(setting)) {
    return new URL(setting).href;
  }
  const port = /^\d{1,5}$/.test(setting) ? Number(setting) : 0;
  if (port < 1 || port > 65_535) {
    throw new TypeError(`gateway must be a ws: or wss: URL or a port from 1 to 65535, not "${setting}"`);
  }
  const bareIpv6 = location.hostname.includes(':') && !location.hostname.startsWith('[');
  const host = bareIpv6 ? `[${location.hostname}]` : location.hostname;
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${host}:${port}/ws`;
}

/** Full jitter with exponential growth: clients that lost the same gateway do not come back in step. */
export class Backoff {
  #attempts = 0;

  /**
   * @param {number} minMillis
   * @param {number} maxMillis
   * @param {() => number} random
   */
  constructor(minMillis, maxMillis, random) {
    this.minMillis = minMillis;
    this.maxMillis = maxMillis;
    this.random = random;
  }

  /** The next wait in milliseconds. */
  next() {
    const growth = this.minMillis * 2 ** Math.min(this.#attempts, 20);
    this.#attempts++;
    return Math.min(this.maxMillis, Math.round(this.minMillis + this.random() * Math.min(growth, this.maxMillis)));
  }

  reset() {
    this.#attempts = 0;
  }
}

/** The last ids seen; the oldest is forgotten first. */
export class SeenIds {
  /** @type {Set<string>} */
  #ids = new Set();

  /** @param {number} limit */
  constructor(limit) {
    this.limit = limit;
  }

  get size() {
    return this.#ids.size;
  }

  /**
   * @param {string} id
   * @returns {boolean} whether it was new
   */
  add(id) {
    if (this.#ids.has(id)) {
      return false;
    }
    this.#ids.add(id);
    if (this.#ids.size > this.limit) {
      this.#ids.delete(/** @type {string} */ (this.#ids.values().next().value));
    }
    return true;
  }
}

/** The web server over HTTP: every request has a deadline, every failure becomes a {@link WhimbrelError}. */
class WebServer {
  /**
   * @param {URL} url
   * @param {typeof globalThis.fetch} fetch
   */
  constructor(url, fetch) {
    this.url = url;
    this.fetch = fetch;
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   * @param {number} [extraMillis] what the server may take on purpose
   * @returns {Promise<Record<string, any>>} the answer, a JSON object
   */
  async request(path, init, extraMillis = 0) {
    let response;
    let text;
    try {
      response = await this.fetch(new URL(path, this.url).href, {
        cache: 'no-store',
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MILLIS + extraMillis),
        ...init,
      });
      text = await response.text();
    } catch (cause) {
      throw cause instanceof Error && (cause.name === 'TimeoutError' || cause.name === 'AbortError')
        ? new WhimbrelError('timeout', 'The web server did not answer in time', { detail: this.url.origin, cause })
        : new WhimbrelError('network', 'The web server cannot be reached', { detail: this.url.origin, cause });
    }
    const answer = jsonObject(text);
    if (!response.ok) {
      throw problem(response, answer ?? {});
    }
    if (!answer) {
      throw new WhimbrelError('bad-answer', 'The answer was not understood', {
        detail: `${this.url.origin} answered something that is not from Whimbrel`,
        status: response.status,
      });
    }
    return answer;
  }
}

/**
 * @param {Response} response
 * @param {Record<string, any>} body problem details (RFC 9457), or whatever a proxy in between said
 */
function problem(response, body) {
  const type = typeof body.type === 'string' ? body.type : undefined;
  return new WhimbrelError(
    type?.startsWith('urn:whimbrel:problem:') ? type.slice('urn:whimbrel:problem:'.length) : 'bad-answer',
    typeof body.title === 'string' ? body.title : `The web server answered with HTTP status ${response.status}`,
    {
      detail: typeof body.detail === 'string' ? body.detail : undefined,
      type,
      status: response.status,
      retryAfterSeconds: retryAfterSeconds(response.headers.get('retry-after')),
    },
  );
}

/** @param {string | null} header seconds or a date (RFC 9110 §10.2.3) */
function retryAfterSeconds(header) {
  const text = header?.trim();
  if (!text) {
    return undefined;
  }
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), RETRY_AFTER_LIMIT_SECONDS);
}

/**
 * @param {unknown} text
 * @returns {Record<string, any> | undefined}
 */
function jsonObject(text) {
  if (typeof text !== 'string') {
    return undefined;
  }
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined; // the caller says what it expected instead
  }
}

/**
 * @typedef {object} Token
 * @property {string} secret
 * @property {string} address
 * @property {number} [expiresAtMillis] missing when it never expires, or when this machine's clock cannot tell
 * @property {boolean} unproven issued to a stranger and not yet used on a connection that lasted: when the gateway
 *   refuses it, so it would the next one
 */

/** Gets, keeps and renews the token; however many ask at once, one request is on its way. */
class TokenKeeper {
  /** @type {Token | undefined} */
  #token;
  /** @type {Promise<Token> | undefined} */
  #pending;

  /**
   * @param {WebServer} server
   * @param {Options['storage']} storage
   * @param {Options['authorization']} authorization
   * @param {() => void} onChange told when {@link current} is another one
   */
  constructor(server, storage, authorization, onChange) {
    this.server = server;
    this.storage = storage;
    this.authorization = authorization;
    this.onChange = onChange;
    this.storageKey = `whimbrel.token:${server.url.href}`;
    this.#token = this.#load();
  }

  get current() {
    return this.#token;
  }

  /** A token that is valid as far as this machine's clock can tell. */
  async get() {
    const token = this.#token;
    const valid = token && (token.expiresAtMillis === undefined || Date.now() < token.expiresAtMillis);
    return valid ? token : this.renew(token);
  }

  /**
   * A token in place of this one: for the same address where the server agrees, else a new one.
   *
   * @param {Token | undefined} token
   */
  renew(token) {
    if (this.#token && this.#token !== token) {
      return Promise.resolve(this.#token); // somebody else was quicker
    }
    this.#pending ??= this.#replace(this.#token).finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  /**
   * The gateway says that the token's time is over, whatever this machine's clock says.
   *
   * @param {Token} token
   */
  expire(token) {
    token.expiresAtMillis = 0;
  }

  /**
   * The token is of no use any more.
   *
   * @param {Token} token
   */
  drop(token) {
    if (this.#token === token) {
      this.#token = undefined;
      this.#store(undefined);
    }
  }

  /** @param {Token | undefined} previous */
  async #replace(previous) {
    let answer;
    if (previous) {
      try {
        answer = await this.#ask(`Bearer ${previous.secret}`, 'omit');
      } catch (error) {
        if (!(error instanceof WhimbrelError) || error.status !== 401) {
          throw error;
        }
      }
    }
    answer ??= await this.#ask(await this.#authorize(), 'same-origin');
    // An open web server answers an expired token with one for a new address.
    const token = tokenFrom(answer, answer.uuid === previous?.address ? 'renewed' : 'issued');
    if (!token) {
      throw new WhimbrelError('bad-answer', 'The answer was not understood', {
        detail: `${this.server.url.origin} gave no token`,
      });
    }
    this.#token = token;
    this.#store(answer);
    this.onChange();
    return token;
  }

  /**
   * @param {string | undefined} authorization
   * @param {RequestCredentials} credentials `same-origin` lets the browser ask the person for name and password
   */
  #ask(authorization, credentials) {
    return this.server.request('token', { headers: authorization ? { Authorization: authorization } : {}, credentials });
  }

  async #authorize() {
    try {
      return await this.authorization?.();
    } catch (cause) {
      throw new WhimbrelError('unauthenticated', 'The application could not say who is asking', { cause });
    }
  }

  #load() {
    try {
      const answer = jsonObject(this.storage?.getItem(this.storageKey));
      return answer && tokenFrom(answer, 'stored');
    } catch {
      return undefined; // a browser may forbid its storage: then a reload gets another address
    }
  }

  /** @param {Record<string, any> | undefined} answer */
  #store(answer) {
    try {
      if (answer) {
        const { token, uuid, expires_at } = answer;
        this.storage?.setItem(this.storageKey, JSON.stringify({ token, uuid, expires_at }));
      } else {
        this.storage?.removeItem(this.storageKey);
      }
    } catch {
      // forbidden or full: as in #load
    }
  }
}

/**
 * @param {Record<string, any>} answer of `GET /token`
 * @param {'issued' | 'renewed' | 'stored'} origin
 * @returns {Token | undefined}
 */
function tokenFrom(answer, origin) {
  const { token, uuid, expires_at: expiresAt } = answer;
  if (typeof token !== 'string' || typeof uuid !== 'string' || token === '' || uuid === '') {
    return undefined;
  }
  const expiresAtMillis = typeof expiresAt === 'number' && expiresAt * 1000 < 8.64e15 ? expiresAt * 1000 : undefined;
  const clockIsWrong = origin !== 'stored' && expiresAtMillis !== undefined && expiresAtMillis <= Date.now();
  return {
    secret: token,
    address: uuid,
    expiresAtMillis: clockIsWrong ? undefined : expiresAtMillis,
    unproven: origin === 'issued',
  };
}

/**
 * @param {Record<string, any>} answer
 * @returns {Receipt | undefined}
 */
function receiptOf({ receipt }) {
  return typeof receipt === 'object' && receipt !== null ? receipt : undefined;
}

/** For one message, however often it is tried: a random UUID. */
export function newIdempotencyKey() {
  // crypto.randomUUID is missing in pages that came over plain http.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** @typedef {{offset: number, epoch: string}} Position where somebody stands among the messages to an address */

/**
 * @param {Record<string, any>} frame
 * @returns {Position | undefined} undefined where the gateway keeps nothing
 */
function positionOf({ offset, epoch }) {
  // Whatever else came would be refused by the gateway at each further handshake.
  const known = Number.isSafeInteger(offset) && offset >= 0 && typeof epoch === 'string' && epoch !== '';
  return known ? { offset, epoch } : undefined;
}

/**
 * Whether who stands there has everything up to the other. Epochs say nothing about each other.
 *
 * @param {Position | undefined} position
 * @param {Position} other
 */
function covers(position, other) {
  return position?.epoch === other.epoch && position.offset >= other.offset;
}

/**
 * @typedef {object} Link one WebSocket with what belongs to it
 * @property {WebSocket} socket
 * @property {Token} token the one it was opened with
 * @property {boolean} stable
 * @property {Position} [at] up to where the page has what came, or could have come, by this connection
 * @property {Position} [acknowledged] what of that the gateway was told
 * @property {boolean} [acknowledging] whether it is about to be told
 * @property {ReturnType<typeof setTimeout>} [ackTimer]
 * @property {ReturnType<typeof setTimeout>} [deadline] of the handshake, later of the retirement
 * @property {ReturnType<typeof setTimeout>} [stableTimer]
 */

/**
 * Holds a connection to a gateway and sends messages over HTTP.
 *
 * ```
 *             connect()                open                breaks
 *   closed ─────────────▶ connecting ───────▶ connected ──────────▶ waiting
 *     ▲                       ▲                                        │
 *     │                       └── the wait is over, connect(), online ─┘
 *     └── close(), or a reason that coming back would not change: `error` says which
 * ```
 *
 * Events, each a `CustomEvent` that carries its `detail`: `message` ({@link Message}), `state` ({@link State}),
 * `address` (`{address, previous}`: the own address is known now or has changed), `error` ({@link WhimbrelError}), `missed`
 * (messages were lost to this client, since it was away for longer than they are kept).
 *
 * What the listeners of `message` were called with counts as received and is acknowledged to the gateway, also where one
 * of them threw.
 */
export class WhimbrelClient extends EventTarget {
  /** @type {State} */
  #state = { state: 'closed' };
  /** Between `connect()` and `close()`. */
  #wanted = false;
  /** Whether a connection has held since `connect()`: then the one that takes all room may be the last of our own. */
  #hasHeld = false;
  #seen = new SeenIds(SEEN_IDS_LIMIT);

  /** The attempt under way; it has a link as soon as it has a token. @type {{link?: Link} | undefined} */
  #opening;
  /** The open one. @type {Link | undefined} */
  #current;
  /** Was the current one until a moment ago and still listens. @type {Link | undefined} */
  #retiring;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #renewalTimer;
  #renewAtMillis = Infinity;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pulseTimer;
  #pulseAtMillis = 0;

  #gateway;
  #WebSocket;
  #page;
  #random;
  #server;
  #tokens;
  #backoff;
  #renewalBackoff;
  /** @type {string | undefined} */
  #toldAddress;
  /** Of the own address; the page has everything up to there. @type {Position | undefined} */
  #position;

  /** @param {Options} options */
  constructor(options) {
    super();
    const web = new URL(options.web);
    if (!web.pathname.endsWith('/')) {
      web.pathname += '/';
    }
    const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    const storage = options.storage === undefined ? sessionStorageIfAllowed() : options.storage;
    this.#gateway = new URL(options.gateway).href;
    this.#WebSocket = options.WebSocket ?? globalThis.WebSocket;
    if (!this.#WebSocket) {
      throw new TypeError('There is no WebSocket here: give one as the option WebSocket');
    }
    this.#page = options.page ?? ('addEventListener' in globalThis ? /** @type {any} */ (globalThis) : new EventTarget());
    this.#random = options.random ?? Math.random;
    this.#server = new WebServer(web, fetch);
    this.#tokens = new TokenKeeper(this.#server, storage, options.authorization, () => this.#onToken());
    this.#backoff = new Backoff(RECONNECT_MIN_MILLIS, RECONNECT_MAX_MILLIS, this.#random);
    this.#renewalBackoff = new Backoff(RENEWAL_MIN_MILLIS, RENEWAL_RETRY_MAX_MILLIS, this.#random);
  }

  /** The own address, safe to give away; missing until the first token is there. */
  get address() {
    return this.#tokens.current?.address;
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** Connects and stays connected until {@link close}. While it waits for the next try: tries now. */
  connect() {
    if (this.#wanted) {
      this.#wake();
      return;
    }
    this.#wanted = true;
    this.#page.addEventListener('online', this.#refresh);
    this.#page.addEventListener('visibilitychange', this.#onVisibility);
    this.#pulseAtMillis = Date.now();
    this.#pulseTimer = setInterval(() => this.#onPulse(), PULSE_MILLIS);
    this.#tellAddress();
    if (this.#tokens.current) {
      this.#scheduleRenewal();
    }
    this.#attempt();
  }

  /** Disconnects and stays away. The token is kept: the next {@link connect} has the same address. */
  close() {
    if (this.#wanted) {
      this.#stop();
      this.#tellState({ state: 'closed' });
    }
  }

  /**
   * Sends a message. It goes over HTTP, so it depends neither on {@link connect} nor on the connection.
   *
   * @param {string} address the recipient's
   * @param {any} message any JSON value
   * @param {PublishOptions} [options]
   * @returns {Promise<Published>}
   * @throws {WhimbrelError} when the server did not accept it, or its answer did not come: then it may have, and the same
   *   with the same `idempotencyKey` is safe for five minutes
   */
  async publish(address, message, options = {}) {
    const { receipt, timeout, idempotencyKey = newIdempotencyKey() } = options;
    if (JSON.stringify(message) === undefined) {
      throw new TypeError('message must be a JSON value');
    }
    if (receipt !== undefined && receipt !== 'written' && receipt !== 'acked') {
      throw new TypeError(`receipt must be "written" or "acked", not ${JSON.stringify(receipt)}`);
    }
    if (timeout !== undefined && !(Number.isFinite(timeout) && timeout >= 0)) {
      throw new TypeError('timeout must be a number of seconds');
    }
    if (typeof idempotencyKey !== 'string' || !/^[!#-~]{1,255}$/.test(idempotencyKey)) {
      throw new TypeError('idempotencyKey must be 1 to 255 visible ASCII characters without spaces and quotes');
    }
    const waitMillis = receipt === undefined ? 0 : (timeout ?? RECEIPT_TIMEOUT_SECONDS) * 1000;
    const answer = await this.#authorized((token) => {
      const headers = {
        Authorization: `Bearer ${token.secret}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': idempotencyKey,
      };
      const body = JSON.stringify({ uuid_remote: address, uuid_local: token.address, message, receipt, timeout });
      return this.#server.request('publish', { method: 'POST', headers, body, credentials: 'omit' }, waitMillis);
    });
    const { id, online, stored } = answer;
    return {
      id: typeof id === 'string' ? id : undefined,
      online: typeof online === 'boolean' ? online : undefined,
      stored: typeof stored === 'boolean' ? stored : undefined,
      receipt: receiptOf(answer),
    };
  }

  /**
   * What became of an own message that was published with `receipt`. The web server knows it for an hour.
   *
   * @param {string} id what {@link publish} answered
   * @returns {Promise<MessageState>}
   * @throws {WhimbrelError} with status 404 where the server knows of no such message
   */
  async messageState(id) {
    const answer = await this.#authorized((token) => {
      const headers = { Authorization: `Bearer ${token.secret}` };
      return this.#server.request(`messages/${encodeURIComponent(id)}`, { headers, credentials: 'omit' });
    });
    return { id, state: answer.state, receipt: receiptOf(answer) };
  }

  /**
   * Asks the web server as who this is, with another token where it does not accept the first.
   *
   * @param {(token: Token) => Promise<Record<string, any>>} ask
   */
  async #authorized(ask) {
    const token = await this.#tokens.get();
    try {
      return await ask(token);
    } catch (error) {
      if (!(error instanceof WhimbrelError) || error.status !== 401) {
        throw error;
      }
    }
    return ask(await this.#tokens.renew(token));
  }

  // ---- connecting

  /** Opens a connection, beside the current one where there is one. */
  async #attempt() {
    if (this.#opening || !this.#wanted) {
      return;
    }
    this.#clearRetry();
    /** @type {{link?: Link}} */
    const attempt = {};
    this.#opening = attempt;
    if (!this.#current) {
      this.#tellState({ state: 'connecting' });
    }
    try {
      const token = await this.#tokens.get();
      if (this.#opening === attempt) {
        this.#open(token, attempt);
      }
    } catch (error) {
      if (this.#opening === attempt) {
        this.#opening = undefined;
        this.#onNoToken(/** @type {WhimbrelError} */ (error));
      }
    }
  }

  /**
   * @param {Token} token
   * @param {{link?: Link}} attempt
   */
  #open(token, attempt) {
    let socket;
    try {
      // As a subprotocol the token stays out of URLs, and so out of the logs of proxies.
      socket = new this.#WebSocket(this.#address(), ['whimbrel', `whimbrel.bearer.${token.secret}`]);
    } catch (cause) {
      this.#opening = undefined;
      this.#finish(
        new WhimbrelError('connection-refused', 'The browser does not allow this connection', {
          detail: this.#gateway,
          cause,
        }),
      );
      return;
    }
    /** @type {Link} */
    const link = { socket, token, stable: false, at: this.#position, acknowledged: this.#position };
    attempt.link = link;
    link.deadline = setTimeout(() => {
      this.#discard(link);
      this.#onClose(link, CLOSED_ABNORMALLY, 'no answer in time');
    }, HANDSHAKE_TIMEOUT_MILLIS);
    socket.onopen = () => this.#onOpen(link);
    socket.onmessage = (event) => this.#onFrame(link, event.data);
    socket.onclose = (event) => this.#onClose(link, event.code, event.reason);
  }

  /** The gateway's, with what it needs to send what was missed: without a position, all that was never acknowledged. */
  #address() {
    const address = new URL(this.#gateway);
    address.searchParams.set('acks', '1');
    if (this.#position) {
      address.searchParams.set('offset', String(this.#position.offset));
      address.searchParams.set('epoch', this.#position.epoch);
    }
    return address.href;
  }

  /** @param {Link} link */
  #onOpen(link) {
    clearTimeout(link.deadline);
    link.stableTimer = setTimeout(() => this.#onStable(link), STABLE_AFTER_MILLIS);
    if (this.#retiring) {
      this.#discard(this.#retiring);
    }
    const previous = this.#current;
    if (previous) {
      previous.deadline = setTimeout(() => {
        this.#retiring = undefined;
        this.#discard(previous);
      }, OVERLAP_MILLIS);
    }
    this.#retiring = previous;
    this.#current = link;
    this.#opening = undefined;
    this.#tellState({ state: 'connected' });
    if (this.#tokens.current && this.#tokens.current !== link.token) {
      this.#attempt(); // renewed while this one was opening
    }
  }

  /** @param {Link} link */
  #onStable(link) {
    link.stable = true;
    this.#hasHeld = true;
    link.token.unproven = false;
    this.#backoff.reset();
  }

  /**
   * @param {Link} link
   * @param {unknown} data
   */
  #onFrame(link, data) {
    const frame = jsonObject(data);
    if (frame?.recovered === false) {
      this.#onLoss(link, positionOf(frame));
      return;
    }
    if (!frame || !Object.hasOwn(frame, 'message')) {
      console.warn('Whimbrel: a frame without a message was ignored');
      return;
    }
    const { message, id, from, time, topic } = frame;
    const position = topic === undefined ? positionOf(frame) : undefined; // topics have offsets of their own
    if (position) {
      this.#advance(link, position);
    }
    if (typeof id === 'string' && !this.#seen.add(id)) {
      return;
    }
    this.#tell('message', {
      message,
      id: typeof id === 'string' ? id : undefined,
      from: typeof from === 'string' ? from : undefined,
      time: typeof time === 'number' ? time : undefined,
    });
  }

  /**
   * What came by this connection up to there is with the page, or will be before anybody is told so. Two connections may
   * bring the same, so nothing goes back within an epoch.
   *
   * @param {Link} link
   * @param {Position} to
   */
  #advance(link, to) {
    if (this.#isOwn(link) && !covers(this.#position, to)) {
      this.#position = to;
    }
    if (!covers(link.at, to)) {
      this.#acknowledge(link, to);
    }
  }

  /**
   * Messages up to there are not kept any more. They are no loss where the other connection has brought them; but where
   * this one stood further on already, the gateway's offsets have begun anew.
   *
   * @param {Link} link
   * @param {Position | undefined} upTo
   */
  #onLoss(link, upTo) {
    const known = upTo && covers(this.#position, upTo) && !covers(link.at, upTo);
    if (upTo && !known && this.#isOwn(link)) {
      this.#position = upTo;
    }
    if (upTo) {
      this.#acknowledge(link, upTo);
    }
    if (!known) {
      this.#tell('missed', {});
    }
  }

  /** An address that has just been replaced may still be listened to. @param {Link} link */
  #isOwn(link) {
    return link.token.address === this.#toldAddress;
  }

  /**
   * @param {Link} link
   * @param {Position} upTo
   */
  #acknowledge(link, upTo) {
    link.at = upTo;
    if (!link.acknowledging) {
      link.acknowledging = true;
      queueMicrotask(() => this.#sendAck(link)); // when the listeners have returned, or thrown
    }
  }

  /**
   * The first of a burst is acknowledged at once, since hidden tabs run their timers only once a second and somebody may
   * wait for the receipt; what comes until the timer fires is acknowledged together.
   *
   * @param {Link} link
   */
  #sendAck(link) {
    clearTimeout(link.ackTimer);
    const { socket, at, acknowledged } = link;
    if (!at || at === acknowledged || socket.readyState !== SOCKET_OPEN) {
      link.acknowledging = false; // a closed one needs none: the next connection brings the position
      return;
    }
    link.acknowledged = at;
    socket.send(JSON.stringify({ ack: at.offset }));
    link.ackTimer = setTimeout(() => this.#sendAck(link), 0);
  }

  // ---- what went wrong, and what next

  /**
   * @param {Link} link
   * @param {number} code
   * @param {string} reason
   */
  #onClose(link, code, reason) {
    this.#stopTimers(link);
    if (link === this.#retiring) {
      this.#retiring = undefined;
      return;
    }
    if (link === this.#opening?.link) {
      this.#opening = undefined;
    } else if (link === this.#current) {
      this.#current = this.#retiring; // the one it was to replace, if that still listens
      this.#retiring = undefined;
      clearTimeout(this.#current?.deadline);
    } else {
      return;
    }
    if (this.#opening) {
      if (!this.#current) {
        this.#tellState({ state: 'connecting' });
      }
      return; // its successor is on the way already
    }

    const isOurOwnRoom = code === CONNECTION_LIMIT && this.#hasHeld;
    const final = isTerminal(code) && !isOurOwnRoom;
    const error = new WhimbrelError(
      final ? 'connection-refused' : 'connection-lost',
      CLOSE_TITLES.get(code) ?? `The gateway closed the connection with code ${code}`,
      { detail: reason || undefined, code },
    );
    if (code === TOKEN_REFUSED && this.#tokens.current !== link.token) {
      this.#retry(error); // the refused token is replaced already
    } else if (code === TOKEN_REFUSED) {
      this.#tokens.drop(link.token);
      if (link.token.unproven) {
        this.#finish(error);
      } else {
        this.#attempt();
      }
    } else if (final) {
      if (code === TOKEN_REVOKED) {
        this.#tokens.drop(link.token); // whoever calls `connect` again asks for another one
      }
      this.#finish(error);
    } else if (code === TOKEN_EXPIRED && link.stable) {
      this.#tokens.expire(link.token);
      this.#attempt();
    } else {
      if (code === TOKEN_EXPIRED) {
        this.#tokens.expire(link.token);
      }
      this.#retry(error);
    }
  }

  /** @param {WhimbrelError} error */
  #onNoToken(error) {
    const { status = 0, kind } = error;
    const final = kind === 'unauthenticated' || (status >= 400 && status < 500 && status !== 408 && status !== 429);
    if (final && !this.#current) {
      this.#finish(error);
    } else {
      this.#retry(error);
    }
  }

  /** @param {WhimbrelError} error why it is necessary */
  #retry(error) {
    if (!this.#wanted) {
      return;
    }
    const waitMillis = Math.max(this.#backoff.next(), (error.retryAfterSeconds ?? 0) * 1000);
    this.#clearRetry();
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#attempt();
    }, waitMillis);
    if (!this.#current) {
      this.#tellState({ state: 'waiting', until: Date.now() + waitMillis });
    }
    this.#tell('error', error);
  }

  /** @param {WhimbrelError} error why trying again would not help */
  #finish(error) {
    this.#stop();
    this.#tellState({ state: 'closed' });
    this.#tell('error', error);
  }

  #stop() {
    this.#wanted = false;
    this.#hasHeld = false;
    this.#clearRetry();
    clearTimeout(this.#renewalTimer);
    clearInterval(this.#pulseTimer);
    this.#renewAtMillis = Infinity;
    this.#page.removeEventListener('online', this.#refresh);
    this.#page.removeEventListener('visibilitychange', this.#onVisibility);
    for (const link of [this.#opening?.link, this.#current, this.#retiring]) {
      if (link) {
        this.#discard(link);
      }
    }
    this.#opening = this.#current = this.#retiring = undefined;
  }

  /** @param {Link} link */
  #discard(link) {
    this.#sendAck(link);
    this.#stopTimers(link);
    link.socket.onopen = link.socket.onmessage = link.socket.onclose = null;
    link.socket.close(CLOSED_NORMALLY);
  }

  /** @param {Link} link */
  #stopTimers(link) {
    clearTimeout(link.deadline);
    clearTimeout(link.stableTimer);
    clearTimeout(link.ackTimer);
  }

  #clearRetry() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  // ---- the token's life

  #onToken() {
    this.#renewalBackoff.reset();
    this.#tellAddress();
    if (this.#wanted) {
      this.#scheduleRenewal();
      if (this.#current) {
        this.#attempt();
      }
    }
  }

  #scheduleRenewal() {
    const remainingMillis = (this.#tokens.current?.expiresAtMillis ?? Infinity) - Date.now();
    const share = 0.8 + 0.1 * this.#random();
    this.#renewIn(Math.min(Math.max(remainingMillis * share, RENEWAL_MIN_MILLIS), RENEWAL_MAX_MILLIS));
  }

  /** @param {number} millis */
  #renewIn(millis) {
    clearTimeout(this.#renewalTimer);
    this.#renewAtMillis = Date.now() + millis;
    this.#renewalTimer = setTimeout(() => this.#renew(), millis);
  }

  async #renew() {
    clearTimeout(this.#renewalTimer);
    this.#renewAtMillis = Infinity;
    try {
      await this.#tokens.renew(this.#tokens.current);
    } catch (error) {
      if (this.#wanted) {
        const askedForMillis = (/** @type {WhimbrelError} */ (error).retryAfterSeconds ?? 0) * 1000;
        this.#renewIn(Math.max(this.#renewalBackoff.next(), askedForMillis));
        this.#tell('error', error);
      }
    }
  }

  // ---- the world outside

  /** Something says that now is a good moment. */
  #wake() {
    if (Date.now() >= this.#renewAtMillis) {
      this.#renew();
    }
    if (this.#retryTimer !== undefined) {
      this.#attempt();
    }
  }

  /**
   * The network changed, so the connection may be dead without anybody having said so. (`offline` is not heard:
   * gateways on the same machine stay reachable, and the others fail by themselves.)
   */
  #refresh = () => {
    this.#wake();
    if (this.#current) {
      this.#attempt();
    }
  };

  /** @param {Event} event */
  #onVisibility = (event) => {
    if (/** @type {Partial<Document>} */ (event.target).visibilityState !== 'hidden') {
      this.#wake();
    }
  };

  #onPulse() {
    const gapMillis = Date.now() - this.#pulseAtMillis;
    this.#pulseAtMillis = Date.now();
    if (gapMillis > SLEPT_AFTER_MILLIS) {
      this.#refresh();
    }
  }

  // ---- telling

  #tellAddress() {
    const address = this.address;
    const previous = this.#toldAddress;
    if (address !== undefined && address !== previous) {
      this.#toldAddress = address;
      if (previous !== undefined) {
        this.#position = undefined; // of another stream of messages
      }
      this.#tell('address', { address, previous });
    }
  }

  /** @param {State} state */
  #tellState(state) {
    if (state.state !== this.#state.state || state.until !== this.#state.until) {
      this.#state = state;
      this.#tell('state', state);
    }
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Whether coming back would not help: the ranges of the Centrifuge protocol. @param {number} code */
function isTerminal(code) {
  return (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000) || code === 1009;
}

function sessionStorageIfAllowed() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null; // a browser that forbids its storage throws already here
  }
}
