/**
 * The page: shows what {@link WhimbrelClient} tells and sends what a person writes. Whatever came over the network
 * enters the page as text, never as HTML.
 */
import { Backoff, gatewayUrl, newIdempotencyKey, WhimbrelClient } from './client.js';

/** @import { Message, Published, State, WhimbrelError } from './client.js' */

/** The oldest entries leave the page when there are more. */
const ENTRIES_LIMIT = 500;
const COUNTDOWN_TICK_MILLIS = 250;
const LONGEST_DATE_MILLIS = 8.64e15;
/** Who reads this near the end of the list wants to see what comes next. */
const NEAR_PIXELS = 48;
/** A recipient that is there acknowledges within milliseconds; nobody shall wait long for one that never does. */
const RECEIPT_TIMEOUT_SECONDS = 1;
/** Of this many sent messages, the newest, it is looked whether they have arrived since. */
const WATCHED_LIMIT = 20;
const WATCH_MIN_MILLIS = 1_000;
const WATCH_MAX_MILLIS = 60_000;
/** For longer the web server does not know either. */
const WATCH_MILLIS = 3_600_000;

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @returns {T}
 */
const find = (id) => /** @type {T} */ (document.getElementById(id));

const connection = find('connection');
const connectionText = find('connection-text');
const countdown = find('countdown');
const tryNow = find('try-now');
const notice = find('notice');
const address = find('address');
const ownHint = find('own-hint');
const log = find('log');
const entries = find('entries');
const jump = find('jump');
const composer = /** @type {HTMLFormElement} */ (find('composer'));
const recipient = /** @type {HTMLInputElement} */ (find('recipient'));
const message = /** @type {HTMLTextAreaElement} */ (find('message'));
const formError = find('form-error');
const send = find('send');

/** @type {WhimbrelClient} */
let client;
let sending = false;
let blockedUntil = 0;
/**
 * What was not accepted, or maybe was: the same again has the same key.
 *
 * @type {{to: string, text: string, key: string} | undefined}
 */
let failed;
/** The last lines of sent messages that may still arrive, the oldest first. @type {Set<HTMLElement>} */
const watched = new Set();
let unread = 0;
/** Whether the list stays at its newest entry by itself. */
let follows = true;

function start() {
  const setting = document.querySelector('meta[name="whimbrel-gateway"]')?.getAttribute('content') ?? '';
  let gateway;
  try {
    gateway = gatewayUrl(setting, location);
  } catch {
    showState({ state: 'closed' });
    tryNow.hidden = true;
    tellOnce(notice, 'This page does not know its gateway. It has to be opened from a Whimbrel web server.');
    return;
  }
  client = new WhimbrelClient({ web: new URL('.', location.href), gateway });
  client.addEventListener('state', (event) => showState(detail(event)));
  client.addEventListener('address', (event) => showAddress(detail(event)));
  client.addEventListener('error', (event) => tellOnce(notice, connectionWords(detail(event), gateway)));
  client.addEventListener('message', (event) => showReceived(detail(event)));
  client.addEventListener('missed', showMissed);

  tryNow.addEventListener('click', () => client.connect());
  find('copy-address').addEventListener('click', () => copy(client.address ?? '', 'Address'));
  find('copy-link').addEventListener('click', () => copy(linkTo(client.address ?? ''), 'Link'));
  jump.addEventListener('click', () => {
    scrollToNewest();
    log.focus();
  });
  log.addEventListener('scroll', onScroll);
  new ResizeObserver(() => follows && scrollToNewest()).observe(log);
  composer.addEventListener('submit', onSubmit);
  message.addEventListener('keydown', onMessageKey);
  recipient.addEventListener('input', () => showFormError(''));
  document.addEventListener('visibilitychange', clearUnread);
  addEventListener('hashchange', takeRecipientFromLink);
  setInterval(tick, COUNTDOWN_TICK_MILLIS);
  takeRecipientFromLink();
  client.connect();
}

/** @param {Event} event */
const detail = (event) => /** @type {CustomEvent} */ (event).detail;

// ---- connection and own address

/** @param {State} state */
function showState({ state }) {
  connection.dataset.state = state;
  connectionText.textContent = {
    closed: 'Not connected',
    connecting: 'Connecting',
    connected: 'Connected',
    waiting: 'Not connected',
  }[state];
  const pressed = document.activeElement === tryNow;
  tryNow.hidden = state === 'connected' || (state === 'connecting' && !pressed);
  if (state === 'connected') {
    if (pressed) {
      message.focus(); // the keyboard would lose its place with the button
    }
    notice.textContent = '';
  }
  tick();
}

/** @param {{address: string, previous?: string}} change */
function showAddress({ address: own, previous }) {
  address.textContent = own;
  for (const id of ['copy-address', 'copy-link']) {
    /** @type {HTMLButtonElement} */ (find(id)).disabled = false;
  }
  if (previous) {
    ownHint.textContent = 'This is a new address: the old one is no longer valid. Tell people who had it.';
  }
}

function tick() {
  const { state, until } = client?.state ?? {};
  setText(countdown, state === 'waiting' && until ? `· next try in ${secondsUntil(until)} s` : '');
  if (blockedUntil !== 0) {
    showSendButton();
  }
}

/** @param {number} millis */
const secondsUntil = (millis) => Math.max(0, Math.ceil((millis - Date.now()) / 1000));

/**
 * @param {WhimbrelError} error
 * @param {string} gateway
 */
function connectionWords(error, gateway) {
  switch (error.kind) {
    case 'network':
    case 'timeout':
      return `The web server at ${location.host} does not answer.`;
    case 'unauthenticated':
      return 'The web server gives addresses only to people it knows. Sign in, then try again.';
    case 'connection-lost':
      return error.code === 1006
        ? `There is no connection to the gateway at ${gateway}. It is tried again by itself.`
        : `${error.title}. It is tried again by itself.`;
    default:
      return `${error.message}.`;
  }
}

/** @param {string} own */
const linkTo = (own) => `${location.origin}${location.pathname}#to=${encodeURIComponent(own)}`;

function takeRecipientFromLink() {
  const to = new URLSearchParams(location.hash.slice(1)).get('to');
  if (to) {
    writeTo(to);
  }
}

/**
 * @param {string} text
 * @param {string} what
 */
async function copy(text, what) {
  const copied = (await copyByClipboard(text)) || copyBySelection(text);
  ownHint.textContent = copied ? `${what} copied.` : `This browser does not let a page copy. Here it is: ${text}`;
}

/** @param {string} text */
async function copyByClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no clipboard on plain http:, or not allowed: there is an older way
  }
}

/** @param {string} text */
function copyBySelection(text) {
  const focused = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) {
    focused.focus();
  }
  return copied;
}

// ---- writing

/** @param {string} to */
function writeTo(to) {
  recipient.value = to;
  showFormError('');
  message.focus();
}

/** @param {KeyboardEvent} event */
function onMessageKey(event) {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    composer.requestSubmit();
  }
}

/** @param {SubmitEvent} event */
async function onSubmit(event) {
  event.preventDefault();
  const to = recipient.value.trim();
  const text = message.value;
  if (sending || blockedUntil !== 0) {
    return;
  }
  if (to === '') {
    showFormError('Who shall get it? Enter an address.', recipient);
    return;
  }
  if (text === '') {
    showFormError('Write something first.', message);
    return;
  }
  sending = true;
  message.readOnly = true; // so that what was typed is neither lost nor sent twice
  showFormError('');
  showSendButton();
  const key = failed?.to === to && failed.text === text ? failed.key : newIdempotencyKey();
  try {
    const published = await client.publish(to, text, {
      receipt: 'acked',
      timeout: RECEIPT_TIMEOUT_SECONDS,
      idempotencyKey: key,
    });
    failed = undefined;
    message.value = '';
    showSent(to, text, published);
  } catch (thrown) {
    const error = /** @type {WhimbrelError} */ (thrown);
    failed = { to, text, key };
    const seconds = error.retryAfterSeconds ?? 0;
    blockedUntil = seconds > 0 ? Date.now() + seconds * 1000 : 0;
    showFormError(publishWords(error), error.kind === 'invalid-recipient' ? recipient : undefined);
  } finally {
    sending = false;
    message.readOnly = false;
    showSendButton();
  }
}

/** @param {WhimbrelError} error */
function publishWords(error) {
  const again = error.retryAfterSeconds ? ` Try again in ${error.retryAfterSeconds} s.` : '';
  switch (error.kind) {
    case 'rate-limited':
      return `Too many messages at once.${again}`;
    case 'invalid-recipient':
      return 'The recipient is not a valid address. Was all of it copied?';
    case 'payload-too-large':
      return 'The message is too long for this server.';
    case 'unavailable':
      return `Messages cannot be delivered at the moment; this one was not sent.${again}`;
    case 'unauthenticated':
      return 'The web server does not accept who you are. Reload the page to sign in.';
    case 'network':
      return 'The web server cannot be reached. The message may not have been sent. Send it again: it arrives once.';
    case 'timeout':
      return 'The web server did not answer in time. Send it again: the message arrives once.';
    default:
      return `${error.message}.${again}`;
  }
}

/**
 * @param {string} words
 * @param {HTMLElement} [field] the one to correct
 */
function showFormError(words, field) {
  tellOnce(formError, words);
  recipient.toggleAttribute('aria-invalid', false);
  message.toggleAttribute('aria-invalid', false);
  field?.setAttribute('aria-invalid', 'true');
  field?.focus();
}

/** The button stays focusable while it may not be used, so that the keyboard does not lose its place. */
function showSendButton() {
  if (blockedUntil !== 0 && Date.now() >= blockedUntil) {
    blockedUntil = 0;
    showFormError('');
  }
  setText(send, sending ? 'Sending…' : blockedUntil === 0 ? 'Send' : `Send in ${secondsUntil(blockedUntil)} s`);
  send.setAttribute('aria-disabled', String(sending || blockedUntil !== 0));
}

// ---- messages

/** @param {Message} received */
function showReceived({ message: value, from, time }) {
  const foot = element('p', 'entry-foot');
  if (from) {
    const reply = element('button', 'quiet', 'Reply');
    reply.setAttribute('type', 'button');
    reply.setAttribute('aria-label', `Reply to ${from}`);
    reply.addEventListener('click', () => writeTo(from));
    foot.append(reply);
  }
  addEntry('received', who('From', from ?? 'an unnamed sender', from !== undefined), time, value, from ? foot : undefined);
  if (document.hidden) {
    unread++;
    document.title = `(${unread}) Whimbrel`;
  }
}

/**
 * @param {string} to
 * @param {string} text
 * @param {Published} published
 */
function showSent(to, text, { id, online, stored, receipt }) {
  const foot = element('p', 'entry-foot');
  if (receipt && receipt.acked > 0) {
    showDelivered(foot);
  } else if (stored) {
    foot.append(ticks('✓', 'stored'), online ? 'Recipient connected' : 'Nobody connected: it is kept for them');
  } else {
    const words = { true: 'Recipient connected', false: 'Nobody connected: it was not delivered', undefined: 'Sent' };
    foot.append(words[`${online}`]);
    foot.classList.toggle('missed', online === false);
  }
  addEntry('sent', who('To', to, true), undefined, text, foot);
  scrollToNewest();
  const mayArrive = stored || (online && receipt);
  if (id && mayArrive && !foot.querySelector('.delivered')) {
    watch(id, foot);
  }
}

/** @param {HTMLElement} foot */
function showDelivered(foot) {
  const arrived = ticks('✓✓', 'delivered');
  arrived.classList.add('delivered');
  foot.replaceChildren(arrived);
}

/**
 * @param {string} marks
 * @param {string} meaning
 */
function ticks(marks, meaning) {
  const made = element('span', 'ticks', marks);
  made.setAttribute('role', 'img');
  made.setAttribute('aria-label', meaning);
  made.title = meaning;
  return made;
}

/**
 * Looks now and then whether a sent message has arrived, and shows it.
 *
 * @param {string} id
 * @param {HTMLElement} foot
 */
async function watch(id, foot) {
  watched.add(foot);
  if (watched.size > WATCHED_LIMIT) {
    watched.delete(/** @type {HTMLElement} */ (watched.values().next().value));
  }
  const gaps = new Backoff(WATCH_MIN_MILLIS, WATCH_MAX_MILLIS, Math.random);
  const until = Date.now() + WATCH_MILLIS;
  while (Date.now() < until && watched.has(foot)) {
    await new Promise((resolve) => setTimeout(resolve, gaps.next()));
    if (!foot.isConnected || (await isSettled(id, foot))) {
      break;
    }
  }
  watched.delete(foot);
}

/**
 * @param {string} id
 * @param {HTMLElement} foot shows what there is to know
 * @returns {Promise<boolean>} whether nothing more is to be expected
 */
async function isSettled(id, foot) {
  try {
    const { state, receipt } = await client.messageState(id);
    if (receipt && receipt.acked > 0) {
      showDelivered(foot);
    } else if (state === 'expired') {
      foot.classList.add('missed');
      foot.replaceChildren('Not delivered, and not kept any more');
    } else {
      return false;
    }
    return true;
  } catch (thrown) {
    const { status = 0 } = /** @type {WhimbrelError} */ (thrown);
    return status >= 400 && status < 500 && status !== 429; // a server that does not know it, or not what this asks
  }
}

/** Where in the list something is missing: between what was there before and what comes. */
function showMissed() {
  if (!entries.lastElementChild?.classList.contains('gap')) {
    find('empty').hidden = true;
    entries.append(element('li', 'aside gap', 'Some messages were missed and are not kept any more.'));
    showNewest();
  }
}

/**
 * @param {'received' | 'sent'} direction
 * @param {HTMLElement} correspondent
 * @param {number | undefined} time
 * @param {unknown} value
 * @param {HTMLElement} [foot]
 */
function addEntry(direction, correspondent, time, value, foot) {
  find('empty').hidden = true;
  const head = element('p', 'entry-head');
  head.append(correspondent, clock(time));
  const text = element('pre', 'entry-text');
  text.dir = 'auto';
  if (typeof value === 'string') {
    text.textContent = value;
  } else {
    text.textContent = JSON.stringify(value, null, 2);
    text.classList.add('json');
  }
  const entry = element('li', `entry ${direction}`);
  entry.append(head, text, ...(foot ? [foot] : []));
  entries.append(entry);
  if (text.scrollHeight > text.clientHeight) {
    text.tabIndex = 0; // a long one scrolls by itself, so the keyboard must get into it
  }
  forgetOldest();
  showNewest();
}

function showNewest() {
  if (follows) {
    scrollToNewest();
  } else {
    jump.hidden = false;
  }
}

function forgetOldest() {
  const all = entries.getElementsByClassName('entry');
  if (all.length <= ENTRIES_LIMIT) {
    return;
  }
  const note = entries.querySelector('.older');
  const oldestKept = all[1];
  while (oldestKept.previousElementSibling !== note) {
    oldestKept.previousElementSibling?.remove(); // the oldest, and what was said about messages before it
  }
  if (!note) {
    entries.prepend(element('li', 'aside older', `Only the last ${ENTRIES_LIMIT} messages are shown.`));
  }
}

/**
 * @param {string} word
 * @param {string} name
 * @param {boolean} isAddress
 */
function who(word, name, isAddress) {
  const line = element('span', '', `${word} `);
  line.append(element('bdi', isAddress ? 'address' : '', name));
  return line;
}

/** @param {number} [millis] default: now */
function clock(millis) {
  const known = millis !== undefined && Math.abs(millis) <= LONGEST_DATE_MILLIS;
  const date = known ? new Date(millis) : new Date();
  const time = element('time', '', date.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' }));
  time.setAttribute('datetime', date.toISOString());
  time.title = date.toLocaleString();
  return time;
}

const isAtNewest = () => log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PIXELS;

function onScroll() {
  follows = isAtNewest();
  if (follows) {
    jump.hidden = true;
  }
}

function scrollToNewest() {
  follows = true;
  log.scrollTop = log.scrollHeight;
  jump.hidden = true;
}

function clearUnread() {
  if (!document.hidden) {
    unread = 0;
    document.title = 'Whimbrel';
  }
}

// ---- helpers

/**
 * @param {string} name
 * @param {string} [className]
 * @param {string} [text]
 */
function element(name, className = '', text = '') {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  made.textContent = text;
  return made;
}

/**
 * @param {HTMLElement} target
 * @param {string} text
 */
function setText(target, text) {
  if (target.textContent !== text) {
    target.textContent = text;
  }
}

/** Screen readers say an alert whenever it is set: the same words again are not news. */
const tellOnce = setText;

start();
