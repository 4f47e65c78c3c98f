// The connection to a node: comes back by itself, by a WebSocket or without one, and resumes every room where it was.

import { Changes } from './changes.js';
import { NodeClock, monotonic } from './clock.js';
import { HttpConnection, nodeAnswers } from './http.js';
import { KeyMaker } from './keys.js';
import { browser, tab } from './memory.js';
import { Posts } from './posts.js';
import { RoomWishes } from './settings.js';
import { SocketConnection } from './socket.js';
import { Watch } from './watch.js';
import { word } from './words.js';

const retryMs = [250, 500, 1000, 2000, 4000, 8000];
const openMs = [5000, 10_000, 20_000];         // so long a connection may take to bring the first frame
const socketFailsMax = 2;                      // without a first frame, one after the other: then it is tried without a WebSocket
const socketAgainMs = [15_000, 30_000, 60_000, 120_000, 300_000];
const tickMs = 250;
const attendedMs = 300_000;

/** 130 bits that nobody guesses. */
const newSecret = () => [...crypto.getRandomValues(new Uint8Array(26))].map((byte) => (byte & 31).toString(32)).join('');

const at = (list, index) => list[Math.min(index, list.length - 1)];

export class Link {
  /**
   * `on`: what to call: state(up), welcome(frame), who(frame): the name where one signs in, else undefined, message(frame), changed(frame): what became of one,
   * joined(room, gap), room(frame): what it is, out(room, why): one may not be in it, role(moderator), moderated(frame, state): true when the answer was for that, wish(id): what is wanted of a message is another, roomWish(room): the same of a room, unchanged(change, reason): it was given up, store(frame), post(post, gone), page(frame), found(frame), people(frame), alike(frame): names that look alike, error(text), frame(): there is something to `read`.
   *
   * Frames are kept as they come, until the page has time for them and calls `read`.
   */
  constructor(on) {
    this.on = on;
    this.clock = new NodeClock();
    this.keys = new KeyMaker(this.clock);
    this.rooms = new Map();   // room -> {cursor, n, seen, fresh}: the newest `pos` shown; fresh counts what comes before `joined`
    this.user = '';
    this.room = '';
    this.connection = null;
    this.held = false;        // see hold()
    this.trial = null;        // a WebSocket that is tried while another way is in use
    this.received = [];
    this.attempt = 0;
    this.socketFails = 0;
    this.trials = 0;
    this.journal = '';
    this.indirectly = false;
    this.everUp = false;
    this.activeAt = monotonic();
    this.posts = new Posts({
      keys: this.keys, clock: this.clock, memory: tab, monotonic,
      later: (call, ms) => setTimeout(call, ms),
      mayNowSend: () => this.up,
      refusal: (post) => (this.signedIn && post.user !== this.user ? word('anothersWait', post.user) : ''),
      send: (frame, post) => this.sendPost(frame, post),
      askTime: () => this.askTime(),
      changed: (post, gone) => on.post(post, gone),
    });
    this.changes = new Changes({
      keys: this.keys, clock: this.clock, memory: tab, monotonic,
      later: (call, ms) => setTimeout(call, ms),
      mayNowSend: () => this.up,
      send: (frame) => this.ask({ ...frame, ...this.proof }),
      askTime: () => this.askTime(),
      changed: (id) => on.wish(id),
      failed: (change, reason) => on.unchanged(change, reason),
    });
    this.wishes = new RoomWishes({
      keys: this.keys, clock: this.clock, memory: tab, monotonic,
      later: (call, ms) => setTimeout(call, ms),
      mayNowSend: () => this.up,
      send: (frame) => this.ask(frame),
      askTime: () => this.askTime(),
      changed: (room) => on.roomWish(room),
    });
    this.listen();
  }

  get up() { return Boolean(this.connection && this.welcomed); }
  /** True while there is no WebSocket, and the chat goes on without. */
  get indirect() { return this.connection instanceof HttpConnection; }
  /** True when the last try failed, or the connection was lost. */
  get failing() { return !this.up && (this.everUp || this.attempt > 0); }
  get attended() { return document.visibilityState === 'visible' && monotonic() - this.activeAt < attendedMs; }

  listen() {
    const active = () => { this.activeAt = monotonic(); };
    for (const what of ['focus', 'pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) addEventListener(what, active, { passive: true, capture: true });
    const shown = () => {
      if (document.visibilityState !== 'visible') return;
      active();
      this.poke();
    };
    addEventListener('online', () => this.poke());
    addEventListener('pageshow', shown);
    addEventListener('pagehide', () => this.changes.hurry());
    document.addEventListener('visibilitychange', shown);
    setInterval(() => this.tick(), tickMs);
  }

  // ---- there and away

  connect() {
    this.retry = null;
    if (this.connection || this.held) return;
    this.welcomed = false;
    this.openedAt = monotonic();
    this.pings = [];
    this.watch = new Watch(this.openedAt);
    this.connection = this.indirectly ? this.openHttp() : this.openSocket();
    this.connection.look(this.room);
  }

  openSocket() {
    const connection = new SocketConnection({
      frame: (frame) => this.receive(connection, frame),
      lost: () => connection === this.connection && this.lost(),
    });
    return connection;
  }

  openHttp() {
    const connection = new HttpConnection({
      frame: (frame) => this.receive(connection, frame),
      lost: () => connection === this.connection && this.lost(),
      place: (room) => {
        const { cursor, n, seen } = this.rooms.get(room) ?? {};
        return { after: cursor ? `${n}.${cursor}` : '', seen: seen ?? '' };
      },
    });
    clearTimeout(this.trialTimer);
    this.trialTimer = setTimeout(() => this.trySocket(), at(socketAgainMs, this.trials));
    return connection;
  }

  async lost() {
    const failed = !this.indirect && !this.welcomed;
    this.drop();
    this.on.state(false);
    const wait = at(retryMs, this.attempt++) * (0.75 + Math.random() / 2);
    const retry = this.retry = {};
    const [answers] = await Promise.all([failed && nodeAnswers(), new Promise((wake) => setTimeout(wake, wait))]);
    if (retry !== this.retry) return;
    // A node that answers plain requests but no WebSocket stands behind something that lets none through.
    this.socketFails = answers ? this.socketFails + 1 : 0;
    if (this.socketFails >= socketFailsMax) this.indirectly = true;
    this.connect();
  }

  drop() {
    this.connection?.close();
    this.trial?.close();
    this.connection = this.trial = null;
    this.welcomed = false;
    this.received = [];  // what was not read is told again, since the cursors stand before it
  }

  /** No connection until release(): who is at this page is about to change. */
  hold() {
    this.held = true;
    this.drop();
  }

  release() {
    this.held = false;
    this.connect();
  }

  /** As somebody else: the node learns who one is when one connects. */
  reconnect() {
    this.attempt = 0;
    this.drop();
    this.connect();
  }

  /** The person does not want to wait for the next try. */
  retryNow() { if (!this.up) this.reconnect(); }

  /** Something changed after which a connection is often dead. */
  poke() {
    this.clock.jumped();
    if (!this.connection) {
      this.attempt = 0;
      return this.connect();
    }
    if (this.indirect) this.trySocket();
    if (this.up && this.watch.poke() === 'ping') this.askTime();
  }

  tick() {
    if (!this.connection) return;
    const now = monotonic();
    if (!this.welcomed) {
      if (now - this.openedAt > at(openMs, this.attempt)) this.lost();
      return;
    }
    if (this.clock.jumped()) this.askTime();
    const wanted = this.watch.tick(now, this.attended);
    if (wanted === 'dead') this.lost();
    if (wanted === 'ping') this.ping();
  }

  ping() {
    if (!this.up) return;
    this.pings.push(monotonic());
    this.watch.pinged(monotonic());
    this.connection.send({ t: 'ping' });
  }

  /** The node is to say its time. */
  askTime() {
    if (!this.up || this.pings.length > 4) return;
    if (!this.indirect) return this.ping();
    this.pings.push(monotonic());
    this.connection.askTime();
  }

  /** Now and then: another network may let a WebSocket through. */
  trySocket() {
    clearTimeout(this.trialTimer);
    if (!this.indirect || this.trial) return;
    this.trials += 1;
    const trial = this.trial = new SocketConnection({
      frame: (frame) => {
        if (trial !== this.trial) return this.receive(trial, frame);
        this.trial = null;
        this.drop();
        this.trials = 0;
        this.indirectly = false;
        Object.assign(this, { connection: trial, openedAt: monotonic(), pings: [], watch: new Watch(monotonic()) });
        this.receive(trial, frame);
      },
      lost: () => { if (trial === this.connection) this.lost(); },
    });
    this.trialTimer = setTimeout(() => {
      this.trial?.close();
      this.trial = null;
      this.trySocket();
    }, at(socketAgainMs, this.trials));
  }

  // ---- what comes

  receive(connection, frame) {
    if (connection !== this.connection) return;
    const now = monotonic();
    this.watch.heard(now);
    if (frame.t === 'welcome' || frame.t === 'pong') return this[`on_${frame.t}`](frame, now);
    this.received.push(frame);
    this.on.frame();
  }

  /** Handles what has come, in its order, until `enough()`. True when something is left. */
  read(enough) {
    let done = 0;
    while (done < this.received.length) {
      const frame = this.received[done++];
      this[`on_${frame.t.replace('-', '_')}`]?.(frame);
      if (enough()) break;
    }
    this.received.splice(0, done);
    return this.received.length > 0;
  }

  // ---- what the person does

  setUser(user) {
    this.user = user;
    if (this.up && user) this.connection.send({ t: 'hello', v: 1, user });
    this.posts.sendDue();
  }

  /** The room on the screen. */
  look(room) {
    this.room = room;
    this.connection?.look(room);
  }

  join(room) {
    if (this.rooms.has(room)) return;
    this.rooms.set(room, { cursor: null, n: 0, seen: '', fresh: 0 });
    if (this.up) this.sendJoin(room);
  }

  leave(room) {
    this.rooms.delete(room);
    if (this.up) this.connection.send({ t: 'leave', room });
  }

  /** False when there is nobody to ask. */
  find({ text, room, before }) {
    if (this.up) this.ask({ t: 'search', text, room, before });
    return this.up;
  }

  /** False when there is nobody to ask. */
  moderate(frame) {
    if (this.up) this.ask(frame);
    return this.up;
  }

  /** What the room is: the answer is told to `room`. */
  askRoom(room) { if (this.up) this.ask({ t: 'room', room }); }

  older(room, before, limit) { if (this.up) this.ask({ t: 'history', room, before, limit }); }

  say(room, text) { this.posts.say(room, text, this.user); }

  // ---- what is sent

  /** Sends what the node answers at once. */
  ask(frame) {
    this.watch.asked(monotonic());
    this.connection.send(frame);
  }

  /** A post bears the name that it was written by, though its writer may have another by now: the node is told both. */
  sendPost(frame, { user }) {
    if (user !== this.user) this.connection.send({ t: 'hello', v: 1, user });
    this.ask({ ...frame, ...this.proof });
    if (user !== this.user && this.user) this.connection.send({ t: 'hello', v: 1, user: this.user });
  }

  /** Where nobody signs in, a secret of this browser proves later that what it said is its own. */
  get proof() {
    if (this.signedIn) return {};
    this.secret ??= browser.get('secret', '') || newSecret();
    browser.set('secret', this.secret);
    return { secret: this.secret };
  }

  sendJoin(room) {
    const { cursor, n, seen } = this.rooms.get(room);
    this.on_begin({ room });
    this.connection.send({ t: 'join', room, people: true, ...(cursor ? { cursor, n, seen } : {}) });
  }

  // ---- what the node says

  on_welcome(frame, now) {
    this.welcomed = this.everUp = true;
    this.attempt = 0;
    this.posts.world.node = frame.node;
    if (!this.clock.learn(frame.now, this.openedAt, now)) this.clock.settle();
    const settled = this.on.who(frame);  // where one signs in, a name is not for choosing
    if (settled !== undefined) this.user = settled;
    this.signedIn = settled !== undefined;
    if (settled === '') return;
    if (this.user && settled === undefined) this.connection.send({ t: 'hello', v: 1, user: this.user });
    if (!this.indirect) this.ping();  // answered sooner than a connection is made: it says more about the clocks
    if (this.rooms.has(this.room)) this.sendJoin(this.room);
    this.on.state(true);
    this.on.welcome(frame);
    this.on.role(Boolean(frame.moderator));
    this.on.store({ state: frame.store, backlog: frame.backlog, catching_up: frame.catching_up });
    // What another node has accepted lies on its disk; said here too, it need not wait until that node is back.
    const another = frame.journal !== this.journal;
    this.journal = frame.journal;
    this.posts.resume(another);
    this.changes.resume();
    this.wishes.resume();
    for (const room of this.rooms.keys()) if (room !== this.room) this.sendJoin(room);
  }

  on_pong(frame, now) {
    const askedAt = this.pings.shift() ?? now;
    this.watch.took(now - askedAt);
    if (frame.now === undefined || !this.clock.learn(frame.now, askedAt, now)) return;
    this.posts.timeLearnt();
    this.changes.sendDue();
    this.wishes.sendDue();
  }

  /** What comes next of a room may be another node's: its numbers are its own. */
  on_begin({ room }) {
    const known = this.rooms.get(room);
    if (known) Object.assign(known, { fresh: 0, joined: false, told: false });
  }

  on_message(frame) {
    this.keys.saw(frame.pos);
    const room = this.reached(frame);
    if (!room) return;
    if (frame.pos > room.seen) room.seen = frame.pos;
    this.on.message(frame);
    if (frame.change) this.changes.shown(frame.id);
  }

  /** What became of a message, which comes whole; whoever has not got it needs nothing. */
  on_changed(frame) {
    if (!this.reached(frame)) return;
    this.on.changed(frame);
    this.changes.shown(frame.id);
  }

  /** The room that the frame is about, which was told up to here; undefined when it is not followed. */
  reached({ room: name, n = 0 }) {
    const room = this.rooms.get(name);
    if (!room) return undefined;
    room.fresh = Math.max(room.fresh, n);
    if (room.joined) room.n = Math.max(room.n, n);
    return room;
  }

  on_joined(frame) {
    const room = this.rooms.get(frame.room);
    if (!room) return;
    // A room without settings is told of by no frame: then it has none any more.
    if (!room.joined && !room.told && !this.indirect) this.on.room({ room: frame.room });
    Object.assign(room, { cursor: frame.cursor, n: Math.max(frame.n, room.fresh), joined: true });
    this.on.joined(frame.room, Boolean(frame.gap));
  }

  on_gap_closed(frame) { this.on.joined(frame.room, false); }

  /** The place in a room means nothing to this node: its newest messages are asked for instead. */
  on_place_lost(frame) {
    const room = this.rooms.get(frame.room);
    if (room) Object.assign(room, { cursor: null, n: 0 });
  }

  on_cursor(frame) {
    const room = this.rooms.get(frame.room);
    if (room) Object.assign(room, { cursor: frame.cursor, n: Math.max(frame.n, room.fresh) });
  }

  on_page(frame) {
    for (const message of frame.messages) this.keys.saw(message.pos);
    this.on.page(frame);
  }

  on_room(frame) {
    const room = this.rooms.get(frame.room);
    if (room) room.told = true;
    this.on.room(frame);
  }
  on_role(frame) { this.on.role(frame.moderator); }
  on_put_out(frame) { this.out(frame); }

  /** One may not be in this room; it is tried again when the node says when, and with the next connection. */
  out(frame) {
    const { room, retry_ms: retryMs } = frame;
    if (!this.rooms.has(room)) return;
    if (retryMs === undefined) return this.on.out(room, frame);
    setTimeout(() => { if (this.up && this.rooms.has(room)) this.sendJoin(room); }, retryMs);
  }

  on_people(frame) { this.on.people(frame); }
  on_alike(frame) { this.on.alike(frame); }
  on_found(frame) { this.on.found(frame); }
  on_accepted(frame) { this.answered(frame, 'accepted'); }
  on_stored(frame) { this.answered(frame, 'stored'); }
  on_failed(frame) { this.answered(frame, 'failed'); }
  on_superseded(frame) { if (!this.on.moderated(frame, 'superseded') && !this.wishes.answered(frame, 'superseded')) this.changes.answered(frame, 'superseded'); }
  on_refused(frame) {
    if (frame.key === undefined && frame.room) return this.out(frame);
    if (!this.on.moderated(frame, 'refused') && !this.wishes.refused(frame) && !this.changes.refused(frame)) this.posts.refused(frame);
  }
  answered(frame, state) { if (!this.on.moderated(frame, state) && !this.wishes.answered(frame, state) && !this.changes.answered(frame, state)) this.posts.answered(frame, state); }
  on_store(frame) { this.on.store(frame); }
  on_bye() { this.attempt = 0; }
  on_error(frame) { if (!this.wishes.unread(frame.reason)) this.on.error(frame.reason); }
}
