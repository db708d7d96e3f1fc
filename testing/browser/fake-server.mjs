/**
 * A stand-in for web server and gateway in one process, for working on the page and for what a healthy Whimbrel does
 * not do on demand: refuse tokens, limit rates, break connections. It speaks the wire; its tokens are no secrets.
 *
 * By hand: `node fake-server.mjs [port]`.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const PAGE_FOLDER = new URL('../../clients/browser/src/', import.meta.url);
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; connect-src *; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Allow-Headers': 'Content-Type, Authorization, X-API-Key, Idempotency-Key, traceparent',
  'Access-Control-Expose-Headers': 'Retry-After',
};
const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TOKEN_LIFE_SECONDS = 86_400;
const PUBLISH_LIMIT_BYTES = 65_536;
const KEPT_MESSAGES = 100;
const RECEIPT_TIMEOUT_SECONDS = 5;
const CLOSE_GRACE_MILLIS = 1_000;

/** @param {{host?: string, webPort?: number, gatewayPort?: number}} [options] */
export async function startFakeServer({ host = '127.0.0.1', webPort = 0, gatewayPort = 0 } = {}) {
  /** @type {Map<string, {address: string, expiresAtSeconds: number}>} */
  const tokens = new Map();
  /** @type {Map<import('ws').WebSocket, string>} address by connection */
  const connections = new Map();
  const epoch = randomUUID().replaceAll('-', '');
  /** What is kept for each address, and up to where that was acknowledged. */
  /** @type {Map<string, {top: number, cursor: number, kept: Array<{offset: number, frame: string, sent: Sent}>}>} */
  const inboxes = new Map();
  /** Own messages of senders by id. @typedef {{from: string, at: number, written: Set<any>, acked: Set<any>}} Sent */
  /** @type {Map<string, Sent>} */
  const messages = new Map();
  /** Answers by sender, recipient and idempotency key. @type {Map<string, {message: string, answer: object}>} */
  const repeatable = new Map();
  let losesNextAnswer = false;
  /** Answers for the next requests to `/publish`, the first one first. @type {Array<[number, string, string, object]>} */
  const refusals = [];

  const gatewayHttp = createServer((_, response) => response.writeHead(404).end());
  const gateway = new WebSocketServer({
    server: gatewayHttp,
    maxPayload: PUBLISH_LIMIT_BYTES,
    handleProtocols: (offered) => (offered.has('whimbrel') ? 'whimbrel' : false),
  });
  gateway.on('connection', (socket, request) => {
    socket.on('error', () => {}); // a broken client is not an error of the server
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    const secret = offered.find((name) => name.startsWith('whimbrel.bearer.'))?.slice('whimbrel.bearer.'.length);
    const token = tokens.get(secret ?? '');
    if (!token) {
      socket.close(3500, 'invalid token');
    } else {
      connections.set(socket, token.address);
      socket.on('close', () => connections.delete(socket));
      const inbox = inboxOf(token.address);
      const query = new URL(request.url ?? '/', 'ws://any').searchParams;
      const since = query.get('epoch') === epoch ? Number(query.get('offset')) : inbox.cursor;
      inbox.kept.filter(({ offset }) => offset > since).forEach((kept) => send(socket, kept));
      socket.on('message', (text) => onAck(inbox, socket, JSON.parse(String(text)).ack));
    }
  });

  function inboxOf(address) {
    const inbox = inboxes.get(address) ?? { top: 0, cursor: 0, kept: [] };
    inboxes.set(address, inbox);
    return inbox;
  }

  function send(socket, { frame, sent }) {
    socket.send(frame);
    sent.written.add(socket);
  }

  function onAck(inbox, socket, offset) {
    inbox.cursor = Math.max(inbox.cursor, offset);
    inbox.kept
      .filter((kept) => kept.offset <= offset && kept.sent.written.has(socket))
      .forEach(({ sent }) => sent.acked.add(socket));
  }

  const receiptOf = ({ at, written, acked }) => ({
    gateways: written.size > 0 ? 1 : 0,
    sessions: written.size,
    written: written.size,
    acked: acked.size,
    ms: Date.now() - at,
  });

  const web = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://any').pathname;
    Object.entries(CORS).forEach(([name, value]) => response.setHeader(name, value));
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end();
    } else if (path === '/token') {
      sendToken(request, response);
    } else if (path === '/publish' && request.method === 'POST') {
      await publish(request, response, await bodyOf(request));
    } else if (path.startsWith('/messages/')) {
      sendState(request, response, path.slice('/messages/'.length));
    } else if (path.startsWith('/auth/')) {
      const token = tokens.get(path.slice('/auth/'.length));
      sendJson(
        response,
        200,
        token ? { auth: true, uuid: token.address, expires_at: token.expiresAtSeconds } : { auth: false },
      );
    } else {
      await sendFile(response, path === '/' ? '/index.html' : path);
    }
  });

  function sendToken(request, response) {
    const address = tokens.get(bearer(request) ?? '')?.address ?? randomUUID();
    const secret = `fake.${randomUUID()}`;
    const expiresAtSeconds = Math.floor(Date.now() / 1000) + TOKEN_LIFE_SECONDS;
    tokens.set(secret, { address, expiresAtSeconds });
    sendJson(response, 200, { token: secret, uuid: address, expires_at: expiresAtSeconds });
  }

  function sendState(request, response, id) {
    const sent = messages.get(id);
    if (!sent || sent.from !== tokens.get(bearer(request) ?? '')?.address) {
      sendProblem(response, 404, 'not-found', 'There is no such message');
    } else {
      const expired = [...inboxes.values()].every(({ kept }) => kept.every((one) => one.sent !== sent));
      const state = sent.acked.size > 0 ? 'acked' : expired ? 'expired' : sent.written.size > 0 ? 'written' : 'stored';
      sendJson(response, 200, { id, state, receipt: receiptOf(sent) });
    }
  }

  async function publish(request, response, body) {
    const refusal = refusals.shift();
    const sender = tokens.get(bearer(request) ?? '');
    if (refusal) {
      sendProblem(response, ...refusal);
    } else if (body === undefined) {
      sendProblem(response, 413, 'payload-too-large', 'The request is larger than this server takes');
    } else if (!sender) {
      sendProblem(response, 401, 'unauthenticated', 'The sender did not prove who it is');
    } else {
      const { uuid_remote: to, uuid_local: from, message, receipt, timeout } = JSON.parse(body);
      const recipient = UUID.test(to) ? to : tokens.get(to)?.address;
      if (from !== sender.address) {
        sendProblem(response, 403, 'forbidden-sender', 'The sender is not who it says');
      } else if (!recipient) {
        sendProblem(response, 422, 'invalid-recipient', 'The recipient is neither an address nor a valid token');
      } else {
        const key = `${from} ${recipient} ${request.headers['idempotency-key'] ?? randomUUID()}`;
        const first = repeatable.get(key);
        if (first && first.message !== JSON.stringify(message)) {
          sendProblem(response, 422, 'idempotency-mismatch', 'The idempotency key was used for another message');
          return;
        }
        const answer = first?.answer ?? deliver(recipient, from, message);
        repeatable.set(key, { message: JSON.stringify(message), answer });
        if (losesNextAnswer) {
          losesNextAnswer = false;
          response.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>Bad Gateway</h1>');
        } else if (receipt) {
          const sent = messages.get(answer.id);
          await settled(sent, receipt, (timeout ?? RECEIPT_TIMEOUT_SECONDS) * 1000);
          sendJson(response, 200, { ...answer, receipt: receiptOf(sent) });
        } else {
          sendJson(response, 200, answer);
        }
      }
    }
  }

  function deliver(recipient, from, message) {
    const id = randomUUID();
    const inbox = inboxOf(recipient);
    const offset = ++inbox.top;
    const sent = { from, at: Date.now(), written: new Set(), acked: new Set() };
    messages.set(id, sent);
    const kept = { offset, sent, frame: JSON.stringify({ message, id, from, time: sent.at, offset, epoch }) };
    inbox.kept = [...inbox.kept, kept].slice(-KEPT_MESSAGES);
    const listeners = [...connections].filter(([, address]) => address === recipient);
    listeners.forEach(([socket]) => send(socket, kept));
    return { status: true, id, online: listeners.length > 0, stored: true };
  }

  async function settled(sent, receipt, timeoutMillis) {
    const deadline = Date.now() + timeoutMillis;
    while (receipt === 'acked' && sent.acked.size < sent.written.size && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async function sendFile(response, path) {
    const name = path.slice(1);
    if (!/^[a-z]+\.(html|css|js|svg)$/.test(name)) {
      sendProblem(response, 404, 'not-found', 'There is nothing here');
      return;
    }
    try {
      const file = await readFile(new URL(name, PAGE_FOLDER), 'utf8');
      response.writeHead(200, {
        'Content-Type': `${TYPES[name.split('.')[1]]}; charset=utf-8`,
        'Content-Security-Policy': CONTENT_SECURITY_POLICY,
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      });
      response.end(file.replace('{{gateway}}', String(gatewayHttp.address().port)));
    } catch {
      sendProblem(response, 404, 'not-found', 'There is nothing here');
    }
  }

  await listen(gatewayHttp, gatewayPort, host);
  await listen(web, webPort, host);
  return {
    pageUrl: `http://${host}:${web.address().port}/`,
    /** The next message is refused: HTTP status, last word of the problem's type, its title, headers. */
    refuseNext: (...refusal) => refusals.push(refusal),
    /** The next message is taken, and something in between answers instead of us. */
    loseNextAnswer() {
      losesNextAnswer = true;
    },
    expireMessages() {
      inboxes.forEach((inbox) => (inbox.kept = []));
    },
    /** As for a client that was away for longer than its messages are kept. */
    tellLoss(address) {
      const frame = JSON.stringify({ recovered: false, offset: ++inboxOf(address).top, epoch });
      connections.forEach((owner, socket) => owner === address && socket.send(frame));
    },
    /** As after a start with another secret. */
    forgetTokens: () => tokens.clear(),
    closeConnections(code, reason) {
      connections.forEach((_, socket) => socket.close(code, reason));
    },
    async stopGateway() {
      const { port } = gatewayHttp.address();
      gateway.clients.forEach((socket) => socket.terminate());
      await new Promise((resolve) => gatewayHttp.close(resolve));
      return port;
    },
    startGateway: (port) => listen(gatewayHttp, port, host),
    async close() {
      gateway.clients.forEach((socket) => socket.terminate());
      gatewayHttp.close();
      web.close();
      web.closeIdleConnections();
      setTimeout(() => web.closeAllConnections(), CLOSE_GRACE_MILLIS).unref();
    },
  };
}

function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function bearer(request) {
  const header = request.headers.authorization ?? '';
  return header.startsWith('Bearer ') ? header.slice('Bearer '.length) : undefined;
}

/** The body as text; undefined when it is too large. */
async function bodyOf(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= PUBLISH_LIMIT_BYTES) {
      chunks.push(chunk);
    }
  }
  return bytes > PUBLISH_LIMIT_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

function sendJson(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

function sendProblem(response, status, slug, title, headers = {}) {
  const type = `urn:whimbrel:problem:${slug}`;
  sendJson(response, status, { type, title, status }, { 'Content-Type': 'application/problem+json', ...headers });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await startFakeServer({ webPort: Number(process.argv[2] ?? 5000) });
  console.log(`The page: ${server.pageUrl}`);
}
