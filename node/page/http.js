// The node without a WebSocket, where a proxy lets none through: server-sent events for the room that is looked at, short polls for the others
// when something new is in them, and POST for what is said. It takes and gives the frames of the WebSocket.

import { word } from './words.js';

const answerMs = 8000;
const saidMax = 400;
const healthMs = 3000;
const sweepMs = 3000;
const hiddenSweepMs = 15_000;
const streamMs = 5000;      // no event by then: something on the way keeps events back
const pollSeconds = 20;     // less than what proxies wait for
const storedAgainMs = [500, 1000, 2000, 4000, 8000, 15_000];
const roomsPageMax = 500;
const pagesMax = 4;
const streamed = ['welcome', 'message', 'changed', 'joined', 'gap-closed', 'cursor', 'store', 'room', 'role', 'put-out', 'bye'];

const pause = (ms) => new Promise((wake) => setTimeout(wake, ms));
const pathOf = (room, what) => `api/rooms/${encodeURIComponent(room)}/${what}`;
const query = (given) => new URLSearchParams(Object.entries(given).filter(([, value]) => value !== undefined && value !== '')).toString();

/** The node's answer as {status, told, said, headers}; `told` is null where it was no JSON, and `said` is what it was in words. Throws when nothing came in time. */
async function ask(path, options = {}, ms = answerMs) {
  const answer = await fetch(path, { cache: 'no-store', ...options, signal: AbortSignal.timeout(ms) });
  const type = answer.headers.get('Content-Type') ?? '';
  const told = type.includes('json') ? await answer.json().catch(() => null) : null;
  const said = type.startsWith('text/plain') ? (await answer.text().catch(() => '')).trim().slice(0, saidMax) : '';
  return { status: answer.status, headers: answer.headers, told, said };
}

/** True when a node answers a plain request. */
export async function nodeAnswers() {
  const { told } = await ask('healthz', {}, healthMs).catch(() => ({}));
  return told?.status === 'ok';
}

/** How the node's answer to a POST reads as a frame; null: it was not the node that answered, or it is not known what became of the post. */
export function frameOfAnswer(key, { status, told, said, headers }) {
  if (told?.state === 'accepted' || told?.state === 'stored') return { t: told.state, key, id: told.id };
  if (told?.error === 'failed' || told?.error === 'superseded') return { t: told.error, key, reason: told.reason };
  const waitSeconds = Number(headers.get('Retry-After') ?? NaN);
  const refused = { t: 'refused', key, code: told?.error ?? 'http', reason: told?.reason || said || word('answeredBefore', status) };
  if (status === 429 || status === 503 || (status === 404 && waitSeconds > 0)) return { ...refused, code: told?.error ?? 'too_fast', retry_ms: (waitSeconds > 0 ? waitSeconds : 2) * 1000 };
  return status >= 400 && status < 500 && status !== 401 && status !== 408 ? refused : null;
}

export class HttpConnection {
  /** `on`: what to call: frame(frame), lost(), place(room): {after, seen} to go on from. After close() nothing is called any more. */
  constructor(on) {
    this.on = on;
    this.open = true;
    this.rooms = new Set();
    this.fresh = [];       // rooms that were not read yet
    this.turn = 0;         // whose turn it is to be read although nothing newer is known
    this.posts = [];       // to be sent, one after the other: their order is that in which they were said
    this.accepted = new Map();  // key -> frame: asked again until they are stored
    this.user = '';
    this.room = '';
    this.storeUp = true;
    this.streamFails = false;
    this.begin().catch(() => this.lose());
  }

  async begin() {
    const { told, headers } = await ask('api/session');
    if (!told || !this.open) return this.lose();
    this.now = Date.parse(headers.get('Date')) + 500;
    if (told.auth === 'couchdb' && !told.user) return this.tell({ t: 'welcome', v: 1, node: '', journal: '', store: 'up', backlog: 0, auth: told.auth });
    this.session = told;
    this.mayStream = true;
    if (this.room) this.stream();
    for (;;) {
      await pause(this.fresh.length ? 0 : document.hidden ? hiddenSweepMs : sweepMs);
      if (!this.open) return;
      if (this.welcomed) await this.sweep();
    }
  }

  tell(frame) { if (this.open) this.on.frame(frame); }

  lose() {
    if (!this.open) return;
    this.close();
    this.on.lost();
  }

  close() {
    this.open = false;
    this.events?.close();
    clearTimeout(this.streamTimer);
  }

  // ---- what is read

  /** The room that is on the screen: it is told live. */
  look(room) {
    if (room === this.room) return;
    if (this.room && this.rooms.has(this.room)) this.fresh.push(this.room);
    this.room = room;
    if (this.mayStream) this.stream();
  }

  stream() {
    this.events?.close();
    clearTimeout(this.streamTimer);
    const { room } = this;
    if (this.streamFails) return this.poll(room);
    const events = this.events = new EventSource(`${pathOf(room, 'events')}?${query({ after: this.on.place(room).after })}`);
    this.streamTimer = setTimeout(() => {
      events.close();
      this.streamFails = true;
      if (this.open) this.stream();
    }, streamMs);
    for (const name of streamed) events.addEventListener(name, ({ data }) => this.streamedFrame(JSON.parse(data)));
    events.onerror = () => events === this.events && this.streamEnded(room).catch(() => this.lose());
  }

  /** The node may have ended the stream because one may not be in that room: then the rest goes on. */
  async streamEnded(room) {
    const { events } = this;
    const answer = await ask(`${pathOf(room, 'poll')}?${query({ timeout: '0' })}`).catch(() => null);
    if (events !== this.events || !this.open) return;
    if (answer?.status !== 403) return this.lose();
    events.close();
    clearTimeout(this.streamTimer);
    await this.welcome();
    this.outOf(room, answer.told);
  }

  outOf(room, told) { this.tell({ t: 'put-out', room, code: told?.error ?? '', reason: told?.reason ?? '', until: told?.until }); }

  /** As a stream would begin. */
  async welcome() {
    if (this.welcomed) return;
    this.welcomed = true;
    const store = await this.readStore();
    const { auth, user } = this.session;
    this.tell({ t: 'welcome', v: 1, node: '', journal: '', now: this.now, store: store.state, backlog: store.backlog, ...(auth === 'none' ? {} : { auth, user }) });
  }

  streamedFrame(frame) {
    clearTimeout(this.streamTimer);
    if (frame.t === 'store') this.storeUp = frame.state === 'up';
    if (frame.t === 'welcome') {
      this.storeUp = frame.store === 'up';
      if (this.welcomed) {
        this.tell({ t: 'begin', room: this.room });
        this.tell({ t: 'store', state: frame.store, backlog: frame.backlog });
        return this.tell({ t: 'pong', now: frame.now });
      }
      this.welcomed = true;
    }
    this.tell(frame);
  }

  /** Where events do not come through: long polls, for the room that is looked at. */
  async poll(room) {
    const polling = this.polling = {};  // one at a time
    await this.welcome();
    while (this.open && polling === this.polling) {
      await this.readRoom(room, pollSeconds).catch(() => this.lose());
      const wasUp = this.storeUp;
      const store = await this.readStore();
      if (this.storeUp !== wasUp) this.tell({ t: 'store', ...store });
    }
  }

  /** How the store is: {state, backlog}. */
  async readStore() {
    const { told } = await ask('readyz').catch(() => ({}));
    this.storeUp = told?.store !== 'down';
    return { state: this.storeUp ? 'up' : 'down', backlog: told?.backlog ?? 0 };
  }

  /** One poll of a room: what it has that was not shown, then `joined`. */
  async readRoom(room, seconds = 0) {
    const { after } = this.on.place(room);
    const { status, told } = await ask(`${pathOf(room, 'poll')}?${query({ after, timeout: String(seconds) })}`, {}, seconds * 1000 + answerMs);
    if (!this.open || !this.rooms.has(room) || (!seconds && room === this.room)) return;  // it is told live by now
    if (!told?.messages) {
      if (status === 400) return this.tell({ t: 'place-lost', room });
      if (status === 401) return this.lose();
      if (status === 403) {
        this.outOf(room, told);
        return pause(seconds * 1000);
      }
      return pause(1000);
    }
    this.tell({ t: 'begin', room });
    for (const message of told.messages) this.tell({ t: 'message', ...message });
    const dot = told.next.indexOf('.');
    this.tell({ t: 'joined', room, n: Number(told.next.slice(0, dot)), cursor: told.next.slice(dot + 1), ...(told.gap ? { gap: true } : {}) });
  }

  /** Looks which rooms have something new, and reads those. That a request is not answered tells that the node is gone. */
  async sweep() {
    try {
      if (this.fresh.length) {
        const room = this.fresh.shift();
        return this.rooms.has(room) && room !== this.room ? await this.readRoom(room) : undefined;
      }
      const others = [...this.rooms].filter((room) => room !== this.room);
      if (others.length) {
        const wanted = new Set([others[this.turn++ % others.length]]);
        for (const { room, newest } of await this.newestOfRooms())
          if (this.rooms.has(room) && room !== this.room && newest > this.on.place(room).seen) wanted.add(room);
        this.fresh.push(...wanted);
      } else {
        await this.send_ping();
      }
    } catch {
      this.lose();
    }
  }

  async newestOfRooms() {
    const found = [];
    let after;
    for (let page = 0; page < pagesMax; ++page) {
      const { told } = await ask(`api/rooms?${query({ limit: String(roomsPageMax), after })}`);
      if (!told?.rooms) break;
      this.tell({ t: 'alive' });
      found.push(...told.rooms);
      if (!told.more) break;
      after = told.rooms.at(-1).room;
    }
    return found;
  }

  /** A new stream begins with the node's time. */
  askTime() {
    if (this.streamFails) return this.send_ping(true);
    if (this.mayStream && this.welcomed) this.stream();
  }

  // ---- what is said

  send(frame) { this[`send_${frame.t.replace('-', '_')}`]?.(frame)?.catch?.(() => this.lose()); }

  send_hello({ user }) { this.user = user; }

  send_join({ room }) {
    this.rooms.add(room);
    if (room !== this.room) this.fresh.push(room);
  }

  send_leave({ room }) { this.rooms.delete(room); }

  async send_ping(timed) {
    const { told, headers } = await ask('healthz');
    if (told?.status !== 'ok') throw new Error('no node');
    this.tell({ t: 'pong', ...(timed === true ? { now: Date.parse(headers.get('Date')) + 500 } : {}) });
  }

  async send_history({ room, before, limit }) {
    const { told } = await ask(`${pathOf(room, 'messages')}?${query({ before, limit: String(limit) })}`);
    if (told?.messages) this.tell({ t: 'page', ...told });
  }

  async send_search({ text, room, before }) {
    const { told } = await ask(`api/search?${query({ q: text, room, before: before === undefined ? undefined : String(before) })}`);
    if (told?.messages) this.tell({ t: 'found', ...told });
  }

  async send_post(frame) {
    this.posts.push({ ...frame, user: this.user });
    if (this.posting) return;
    this.posting = true;
    for (let post; this.open && (post = this.posts.shift());) await this.post(post);
    this.posting = false;
  }

  send_edit(frame) { return this.change('PUT', frame, { text: frame.text }); }
  send_remove(frame) { return this.change('DELETE', frame); }

  send_ban(frame) { return this.moderate('PUT', frame); }
  send_unban(frame) { return this.moderate('DELETE', frame); }

  async send_room({ room }) {
    const { status, told } = await ask(`api/rooms/${encodeURIComponent(room)}`);
    if (status === 200 && told?.room) this.tell({ t: 'room', ...told });
    else if (status === 403) this.outOf(room, told);
  }

  /** What was accepted is asked again until it is stored, as with a post. */
  async send_set_room({ t, room, key, ...settings }, again = 0) {
    const answer = await ask(`api/rooms/${encodeURIComponent(room)}`, {
      method: 'PUT', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key }, body: JSON.stringify(settings),
    });
    const frame = frameOfAnswer(key, answer);
    if (!frame) return this.lose();
    if (again === 0 || frame.t !== 'accepted') this.tell(frame);
    if (frame.t !== 'accepted') return;
    await pause(storedAgainMs[Math.min(again, storedAgainMs.length - 1)]);
    while (this.open && !this.storeUp) await pause(1000);
    if (this.open) await this.send_set_room({ t, room, key, ...settings }, again + 1);
  }

  async moderate(method, { name, room, key, reason, until }) {
    const answer = await ask(`${room ? pathOf(room, 'bans') : 'api/bans'}/${encodeURIComponent(name)}`, {
      method, headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key }, body: JSON.stringify({ reason, until }),
    });
    const frame = frameOfAnswer(key, answer);
    if (frame) this.tell(frame);
    else this.lose();
  }

  async change(method, { id, key, secret }, body) {
    const answer = await ask(`${pathOf(id.slice(0, id.indexOf(':')), 'messages')}/${encodeURIComponent(id)}`, {
      method, headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key, ...(secret ? { 'Message-Secret': secret } : {}) }, body: body && JSON.stringify(body),
    });
    const frame = frameOfAnswer(key, answer);
    if (frame) this.tell(frame);
    else this.lose();
  }

  /** One POST. What was accepted is asked again until it is stored: that is how this API tells. */
  async post({ room, key, text, host, user, secret }, again = 0) {
    const answer = await ask(pathOf(room, 'messages'), {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key }, body: JSON.stringify({ user, text, ...(host ? { host } : {}), ...(secret ? { secret } : {}) }),
    });
    const frame = frameOfAnswer(key, answer);
    if (!frame) return this.lose();
    if (again === 0 || frame.t === 'stored' || frame.t === 'failed') this.tell(frame);
    if (frame.t === 'accepted' || (again > 0 && frame.t === 'refused' && frame.retry_ms)) this.askAgain({ room, key, text, host, user, secret }, again);
  }

  async askAgain(post, again) {
    await pause(storedAgainMs[Math.min(again, storedAgainMs.length - 1)]);
    while (this.open && !this.storeUp) await pause(1000);
    if (this.open) await this.post(post, again + 1).catch(() => this.lose());
  }
}
