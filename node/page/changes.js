// What was changed here of what was said, and the node has not yet: edits and removals, repeated under their own keys.

import { timeOfKey } from './keys.js';

const undoMs = 5000;
const shownSoonMs = 2000;
const rekeysMax = 3;
const clockCodes = new Set(['key_ahead', 'key_old']);

/**
 * What is wanted of messages, one change for each: {id, text, state, key, until, asked, rekeys}. `text` is null for a removal. `state` is
 * `waits` (it can be undone still, and the node knows nothing of it), `sending`, or `accepted` (the node is about to show it to everybody).
 *
 * A later change of the same message takes the place of the one before: it has the higher key, so it counts.
 */
export class Changes {
  /**
   * `world`: keys, clock, memory {get, set}, monotonic(), later(call, ms), and what to call: mayNowSend(): there is a node; send(frame);
   * askTime(): the node is to say its time; changed(id): to be shown; failed(change, reason): it was given up, reason '' when a later one counts.
   */
  constructor(world) {
    this.world = world;
    this.all = new Map();  // by the message's id
    const saved = world.memory.get('changes', []);
    // Whoever left the page did not undo.
    for (const one of Array.isArray(saved) ? saved : []) if (one?.id) this.all.set(one.id, { rekeys: 0, aboveMs: 0, key: '', ...one, state: 'sending', until: 0, asked: false });
  }

  /** What is wanted of a message, or undefined. */
  of(id) { return this.all.get(id); }

  // ---- what the person does

  /** `edited`: when the message was edited before, as it is shown (ISO 8601), or ''. */
  edit(id, text, edited = '') {
    const before = this.of(id)?.key;
    const aboveMs = Math.max(Date.parse(edited) || 0, before ? timeOfKey(before) : 0);
    this.put({ id, text, aboveMs, state: 'sending' });
    this.sendDue();
  }

  /** It is sent a little later, so that it can be undone. */
  remove(id) {
    const change = this.put({ id, text: null, state: 'waits' });
    this.world.later(() => this.go(change), undoMs);
  }

  undo(id) { if (this.of(id)?.state === 'waits') this.drop(this.of(id)); }

  /** The page is about to go: what can be undone is undone no more. */
  hurry() { for (const change of this.all.values()) this.go(change); }

  // ---- what is sent

  /** There is a node again, this one or another. */
  resume() {
    for (const change of this.all.values()) Object.assign(change, { until: 0, asked: false });
    this.sendDue();
  }

  sendDue() {
    const now = this.world.monotonic();
    let next = Infinity;
    for (const change of this.all.values()) {
      if (change.state === 'waits' || change.asked || !this.world.mayNowSend()) continue;
      if (change.until > now) {
        next = Math.min(next, change.until);
      } else if (change.key || this.world.clock.sure) {
        change.key ||= this.world.keys.next(change.aboveMs);
        change.asked = true;
        const { id, key, text } = change;
        this.save();
        this.world.send(text === null ? { t: 'remove', id, key } : { t: 'edit', id, key, text });
      } else {
        this.world.askTime();
      }
    }
    if (next < Infinity) this.world.later(() => this.sendDue(), next - now);
  }

  // ---- what the node says; each tells whether the key is of a change

  answered(frame, state) {
    const change = this.find(frame.key);
    if (!change) return false;
    if (state === 'failed' || state === 'superseded') {
      this.drop(change);
      this.world.failed(change, state === 'failed' ? frame.reason ?? '' : '');
    } else if (change.state !== 'accepted') {
      change.state = 'accepted';
      this.save();
      this.world.changed(change.id);
      this.world.later(() => this.shown(change.id), shownSoonMs);  // if it was shown before
    }
    return true;
  }

  refused(frame) {
    const change = this.find(frame.key);
    if (!change) return false;
    change.asked = false;
    if (clockCodes.has(frame.code) && change.rekeys < rekeysMax) {
      Object.assign(change, { key: '', rekeys: change.rekeys + 1 });  // nobody has it
      this.world.clock.doubt();
      this.sendDue();
    } else if (frame.retry_ms !== undefined) {
      change.until = this.world.monotonic() + frame.retry_ms;
      this.sendDue();
    } else {
      this.drop(change);
      this.world.failed(change, frame.reason ?? '');
    }
    return true;
  }

  /** The node has shown what became of this message. */
  shown(id) { if (this.of(id)?.state === 'accepted') this.drop(this.of(id)); }

  // ----

  put(wanted) {
    const change = { key: '', until: 0, asked: false, rekeys: 0, aboveMs: 0, ...wanted };
    this.all.set(change.id, change);
    this.save();
    this.world.changed(change.id);
    return change;
  }

  go(change) {
    if (this.of(change.id) !== change || change.state !== 'waits') return;
    change.state = 'sending';
    this.save();
    this.world.changed(change.id);
    this.sendDue();
  }

  drop(change) {
    this.all.delete(change.id);
    this.save();
    this.world.changed(change.id);
  }

  find(key) { return [...this.all.values()].find((change) => change.key && change.key === key); }

  save() { this.world.memory.set('changes', [...this.all.values()].map(({ id, text, key, rekeys, aboveMs }) => ({ id, text, key, rekeys, aboveMs }))); }
}
