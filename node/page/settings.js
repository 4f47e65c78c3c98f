// What moderators want rooms to be, and the store has not yet: sent, repeated under its own key, and kept over a reload of the page.

import { isAhead, timeOfKey } from './keys.js';

const rekeysMax = 3;
const clockCodes = new Set(['key_ahead', 'key_old']);
const over = new Set(['stored', 'refused']);

/** The members of a frame `room` that can be set: all of them, since what is left out of `set-room` is not set. */
export const settingsOf = ({ topic = '', readers, writers, slow_s: slow, retention_days: days }) =>
  ({ topic, ...(readers ? { readers } : {}), ...(writers ? { writers } : {}), ...(slow ? { slow_s: slow } : {}), ...(days ? { retention_days: days } : {}) });

/**
 * What is wanted of rooms, one wish for each: {room, settings, key, state, reason, code, until, asked, rekeys}. `state` is `sending`, `accepted`
 * (this node's disk has it, and it waits for the store), `stored`, or `refused`. A later wish takes the place of the one before: its key is higher.
 */
export class RoomWishes {
  /**
   * `world`: keys, clock, memory {get, set}, monotonic(), later(call, ms), and what to call: mayNowSend(): there is a node; send(frame);
   * askTime(): the node is to say its time; changed(room): to be shown.
   */
  constructor(world) {
    this.world = world;
    this.all = new Map();  // by room
    const saved = world.memory.get('settings', []);
    for (const one of Array.isArray(saved) ? saved : []) if (one?.room && one.settings) this.all.set(one.room, { rekeys: 0, key: '', ...one, state: 'sending', reason: '', code: '', until: 0, asked: false });
  }

  /** What is wanted of a room, or undefined. */
  of(room) { return this.all.get(room); }

  /** True when what is wanted waits for the store, or for a node. */
  waits(room) { return this.all.has(room) && !over.has(this.of(room).state); }

  set(room, settings) {
    this.all.set(room, { room, settings, key: '', state: 'sending', reason: '', code: '', until: 0, asked: false, rekeys: 0 });
    this.tell(room);
    this.sendDue();
  }

  /** What came of it was read. */
  seen(room) { if (over.has(this.of(room)?.state)) this.all.delete(room); }

  /** There is a node again, this one or another: it is told what the other one has accepted, too. */
  resume() {
    for (const wish of this.all.values()) Object.assign(wish, { until: 0, asked: false });
    this.sendDue();
  }

  sendDue() {
    const now = this.world.monotonic();
    let next = Infinity;
    for (const wish of this.all.values()) {
      if (over.has(wish.state) || wish.asked || !this.world.mayNowSend()) continue;
      if (wish.until > now) {
        next = Math.min(next, wish.until);
      } else if (wish.key || this.world.clock.sure) {
        wish.key ||= this.world.keys.next(wish.aboveMs);
        wish.asked = true;
        this.save();
        this.world.send({ t: 'set-room', room: wish.room, key: wish.key, ...wish.settings });
      } else {
        this.world.askTime();
      }
    }
    if (next < Infinity) this.world.later(() => this.sendDue(), next - now);
  }

  // ---- what the node says; each tells whether the key is of a wish

  answered(frame, state) {
    const wish = this.find(frame.key);
    if (!wish) return false;
    if (state === 'superseded' && frame.above && wish.rekeys < rekeysMax && isAhead(frame.above, this.world.clock.now())) {
      Object.assign(wish, { key: '', asked: false, rekeys: wish.rekeys + 1, aboveMs: timeOfKey(frame.above) });
      this.sendDue();
      return true;
    }
    if (state === 'accepted' || state === 'stored') Object.assign(wish, { state, reason: '', code: '' });
    else Object.assign(wish, { state: 'refused', reason: frame.reason ?? '', code: state });
    this.tell(wish.room);
    return true;
  }

  refused(frame) {
    const wish = this.find(frame.key);
    if (!wish) return false;
    wish.asked = false;
    if (clockCodes.has(frame.code) && wish.rekeys < rekeysMax) {
      Object.assign(wish, { key: '', rekeys: wish.rekeys + 1 });  // nobody has it
      this.world.clock.doubt();
    } else if (frame.retry_ms !== undefined) {
      wish.until = this.world.monotonic() + frame.retry_ms;
    } else {
      Object.assign(wish, { state: 'refused', reason: frame.reason ?? '', code: frame.code ?? '' });
    }
    this.tell(wish.room);
    this.sendDue();
    return true;
  }

  /** A frame that the node could not read is answered without its key: it is the one that has no answer yet. True when there is one. */
  unread(reason) {
    const wish = [...this.all.values()].find((one) => one.asked && one.state === 'sending');
    if (wish) this.refused({ key: wish.key, code: 'bad_request', reason });
    return Boolean(wish);
  }

  // ----

  tell(room) {
    this.save();
    this.world.changed(room);
  }

  find(key) { return [...this.all.values()].find((wish) => wish.key && wish.key === key); }

  save() { this.world.memory.set('settings', [...this.all.values()].filter((one) => !over.has(one.state)).map(({ room, settings, key, rekeys }) => ({ room, settings, key, rekeys }))); }
}
