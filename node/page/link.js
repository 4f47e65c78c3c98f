// The connection to a node: comes back by itself, resumes every room where it was, and repeats what was not accepted.
// A repeat bears the same key, so it is the same message for everybody.

import { KeyMaker } from './keys.js';
import { tab } from './memory.js';

const retryMs = [250, 500, 1000, 2000, 4000, 8000];
const silenceMs = 30_000;
const answerMs = 8_000;
const clockTrustMs = 500;

export class Link {
  /** `on`: what to call: state(up), welcome(frame), who(frame): the name where one signs in, else undefined, message(frame), joined(room, gap), store(frame), post(post), page(frame), found(frame), people(frame), error(text). */
  constructor(on) {
    this.on = on;
    this.keys = new KeyMaker();
    this.rooms = new Map();   // room -> {cursor, n, seen, fresh}: the newest `pos` shown; fresh counts what comes before `joined`
    this.posts = new Map();   // key -> post, in the order said; until it is stored
    this.user = '';
    this.socket = null;
    this.attempt = 0;
    this.journal = '';
    this.everUp = false;
    for (const post of tab.get('posts', [])) this.posts.set(post.key, post);
    addEventListener('online', () => this.connect());
    setInterval(() => this.checkSilence(), 2000);
  }

  get up() { return this.socket?.readyState === WebSocket.OPEN && this.welcomed; }

  connect() {
    clearTimeout(this.timer);
    if (this.socket && this.socket.readyState <= WebSocket.OPEN) return;
    this.welcomed = false;
    this.heard = Date.now();
    const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/ws');
    this.socket = socket;
    socket.onmessage = (event) => {
      this.heard = Date.now();
      const frame = JSON.parse(event.data);
      this[`on_${frame.t.replace('-', '_')}`]?.(frame);
    };
    socket.onclose = () => { if (socket === this.socket) this.lost(); };
  }

  lost() {
    this.socket = null;
    this.welcomed = false;
    this.on.state(false);
    const wait = retryMs[Math.min(this.attempt++, retryMs.length - 1)];
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
  }

  /** As somebody else: the node learns who one is when one connects. */
  reconnect() {
    const before = this.socket;
    this.attempt = 0;
    if (before) {
      before.onmessage = before.onclose = null;
      before.close();
    }
    this.socket = null;
    this.connect();
  }

  /** A connection can die without a word: a sleeping laptop, another network. */
  checkSilence() {
    if (!this.socket) return;
    const silence = Date.now() - this.heard;
    if (silence > silenceMs + answerMs) {
      const dead = this.socket;
      this.lost();
      dead.onmessage = null;
      dead.close();
    } else if (silence > silenceMs) {
      this.send({ t: 'ping' });
    }
  }

  send(frame) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  // ---- what the person does

  setUser(user) {
    this.user = user;
    if (this.up && user) this.send({ t: 'hello', v: 1, user });
    if (this.up) this.sendWaiting();
  }

  join(room) {
    if (this.rooms.has(room)) return;
    this.rooms.set(room, { cursor: null, n: 0, seen: '', fresh: 0 });
    if (this.up) this.sendJoin(room);
  }

  leave(room) {
    this.rooms.delete(room);
    this.send({ t: 'leave', room });
  }

  /** False when there is nobody to ask. */
  find({ text, room, before }) {
    if (this.up) this.send({ t: 'search', text, room, before });
    return this.up;
  }

  older(room, before, limit) { this.send({ t: 'history', room, before, limit }); }

  say(room, text) {
    const post = { key: this.keys.next(), room, text, user: this.user, host: '', state: 'sending', sends: 0, reason: '' };
    this.posts.set(post.key, post);
    post.waits = Boolean(this.againTimer);  // behind those that have to wait
    if (!post.waits) this.sendPost(post);
    this.changed(post);
  }

  /** After a refusal or a failure, because the person wants it. */
  sayAgain(post) {
    if (post.state === 'refused' && post.sends <= 1) {
      // Nobody has it, for sure: it was refused the first time that it was ever sent. Only then may it get a new key.
      this.posts.delete(post.key);
      this.on.post(post, true);
      this.say(post.room, post.text);
    } else {
      post.state = 'sending';
      this.sendPost(post);
      this.changed(post);
    }
  }

  forget(post) {
    this.posts.delete(post.key);
    this.save();
    this.on.post(post, true);
  }

  // ---- what is sent

  sendJoin(room) {
    const { cursor, n, seen } = this.rooms.get(room);
    this.rooms.get(room).fresh = 0;
    this.send({ t: 'join', room, people: true, ...(cursor ? { cursor, n, seen } : {}) });
  }

  sendPost(post) {
    if (!this.up || post.user !== this.user) return;
    post.sends += 1;
    post.waits = false;
    post.host ||= this.node;
    const { room, key, text, host } = post;
    this.send({ t: 'post', room, key, text, host });
  }

  sendWaiting() {
    for (const post of this.posts.values()) if (post.state === 'sending') this.sendPost(post);
  }

  changed(post) {
    if (post.state === 'stored') this.posts.delete(post.key);
    this.save();
    this.on.post(post, false);
  }

  save() { tab.set('posts', [...this.posts.values()]); }

  // ---- what the node says

  on_welcome(frame) {
    this.welcomed = this.everUp = true;
    this.attempt = 0;
    this.node = frame.node;
    // The way here took a while too: small differences say more about that than about the clocks.
    const offset = frame.now - Date.now();
    this.keys.offsetMs = Math.abs(offset) < clockTrustMs ? 0 : offset;
    const settled = this.on.who(frame);  // where one signs in, a name is not for choosing
    if (settled !== undefined) this.user = settled;
    if (settled === '') return;
    if (this.user && settled === undefined) this.send({ t: 'hello', v: 1, user: this.user });
    for (const room of this.rooms.keys()) this.sendJoin(room);
    // What another node has accepted lies on its disk; said here too, it need not wait until that node is back.
    if (frame.journal !== this.journal)
      for (const post of this.posts.values()) if (post.state === 'accepted') post.state = 'sending';
    this.journal = frame.journal;
    this.sendWaiting();
    this.on.state(true);
    this.on.welcome(frame);
    this.on.store({ state: frame.store, backlog: frame.backlog });
  }

  on_message(frame) {
    this.keys.saw(frame.pos);
    const room = this.rooms.get(frame.room);
    if (!room) return;
    room.fresh = Math.max(room.fresh, frame.n ?? 0);
    if (frame.pos > room.seen) room.seen = frame.pos;
    if (room.joined) room.n = Math.max(room.n, frame.n ?? 0);
    this.on.message(frame);
  }

  on_joined(frame) {
    const room = this.rooms.get(frame.room);
    if (!room) return;
    Object.assign(room, { cursor: frame.cursor, n: Math.max(frame.n, room.fresh), joined: true });
    this.on.joined(frame.room, Boolean(frame.gap));
  }

  on_gap_closed(frame) { this.on.joined(frame.room, false); }

  on_cursor(frame) {
    const room = this.rooms.get(frame.room);
    if (room) Object.assign(room, { cursor: frame.cursor, n: Math.max(frame.n, room.fresh) });
  }

  on_page(frame) {
    for (const message of frame.messages) this.keys.saw(message.pos);
    this.on.page(frame);
  }

  on_people(frame) { this.on.people(frame); }
  on_found(frame) { this.on.found(frame); }
  on_accepted(frame) { this.mark(frame, 'accepted'); }
  on_stored(frame) { this.mark(frame, 'stored'); }
  on_failed(frame) { this.mark(frame, 'failed'); }

  on_refused(frame) {
    if (frame.retry_ms === undefined) return this.mark(frame, 'refused');
    const post = this.posts.get(frame.key);
    if (!post) return;
    post.waits = true;
    this.againTimer ??= setTimeout(() => {  // all that wait, in the order said
      this.againTimer = null;
      for (const one of this.posts.values()) if (one.waits) this.sendPost(one);
    }, frame.retry_ms);
  }

  mark(frame, state) {
    const post = this.posts.get(frame.key);
    if (!post || (state === 'accepted' && post.state !== 'sending')) return;
    Object.assign(post, { state, id: frame.id ?? post.id, reason: frame.reason ?? '' });
    this.changed(post);
  }

  on_store(frame) { this.on.store(frame); }
  on_bye() { this.attempt = 0; }
  on_error(frame) { this.on.error(frame.reason); }
}
