// What moderators do with people: ban somebody from a room or from all, and let them in again. Kept apart from what everybody sees of it.

import { addAction } from './actions.js';
import { tell } from './dom.js';
import { isAhead, timeOfKey } from './keys.js';
import { folded } from './names.js';
import { word } from './words.js';

const hourMs = 3_600_000;
const spans = { hour: hourMs, day: 24 * hourMs, week: 168 * hourMs };
const listMax = 500;

export class Moderation {
  /**
   * `dialog`: the one that asks where, for how long and why. `on`: what to call: send(frame): false when nobody can be asked; key(aboveMs); room(): its name;
   * now(): the node's time; told(text); storeUp(); isMe(user).
   */
  constructor(dialog, on) {
    Object.assign(this, { dialog, on, is: false, waiting: new Map(), bans: new Map() });
    dialog.querySelector('.close').onclick = () => dialog.close();
    dialog.querySelector('form').onsubmit = (event) => {
      event.preventDefault();
      this.ban();
    };
    const may = (item) => this.is && !this.on.isMe(item.user);
    addAction({ id: 'ban', order: 85, word: 'ban', when: (item) => may(item) && !this.banned(item.user), run: (item) => this.ask(item.user) });
    addAction({ id: 'unban', order: 86, word: 'unban', when: (item) => may(item) && this.banned(item.user), run: (item) => this.unban(item.user) });
  }

  /** Whether one is a moderator, as the node says. */
  set(is) {
    this.is = is;
    if (is) this.read();
  }

  /** Reads who is banned here; without an answer nobody is known to be. */
  async read() {
    const room = this.on.room();
    if (!this.is || !room) return;
    const bans = new Map();
    for (const [where, path] of [[room, `api/rooms/${encodeURIComponent(room)}/bans`], ['', 'api/bans']]) {
      const told = await fetch(`${path}?limit=${listMax}`, { cache: 'no-store' }).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
      for (const { name } of told?.bans ?? []) bans.set(folded(name), where);
    }
    if (room === this.on.room()) this.bans = bans;
  }

  banned(user) { return this.bans.has(folded(user)); }

  ask(user) {
    this.user = user;
    tell(this.dialog.querySelector('h2'), word('banWhom', user));
    tell(this.dialog.querySelector('.here'), word('banHere', this.on.room()));
    this.dialog.querySelector('form').reset();
    this.dialog.showModal();
  }

  ban() {
    const { where, span, reason } = Object.fromEntries(new FormData(this.dialog.querySelector('form')));
    this.dialog.close();
    const until = spans[span] ? { until: new Date(this.on.now() + spans[span]).toISOString() } : {};
    const room = where === 'everywhere' ? '' : this.on.room();
    this.send({ t: 'ban', name: this.user, ...(room ? { room } : {}), ...(reason.trim() ? { reason: reason.trim() } : {}), ...until }, room);
  }

  unban(user) {
    const room = this.bans.get(folded(user)) ?? '';
    this.send({ t: 'unban', name: user, ...(room ? { room } : {}) }, room);
  }

  /** `aboveMs`: the time of what it is to take the place of, where that is ahead. */
  send(frame, room, aboveMs = 0) {
    const key = this.on.key(aboveMs);
    if (!this.on.send({ ...frame, key })) return this.on.told(word('notNow'));
    this.waiting.set(key, { frame, name: frame.name, room, lifts: frame.t === 'unban', again: aboveMs > 0 });
  }

  /** The node's answer; false when it is to something else. */
  answered({ key, reason, above }, state) {
    const one = this.waiting.get(key);
    if (!one) return false;
    if (state !== 'accepted') this.waiting.delete(key);
    if (state === 'accepted' || state === 'stored') {
      if (one.told) return true;
      one.told = true;
      if (one.lifts) this.bans.delete(folded(one.name));
      else this.bans.set(folded(one.name), one.room);
      const done = word(one.lifts ? 'unbanned' : 'isBanned', one.name);
      this.on.told(state === 'accepted' && !this.on.storeUp() ? `${done} ${word('othersLater')}` : done);
    } else if (state === 'superseded' && above && !one.again && isAhead(above, this.on.now())) {
      this.send(one.frame, one.room, timeOfKey(above));
    } else {
      this.on.told(state === 'superseded' ? word('moderatedLater') : word('notModerated', reason ?? ''));
      this.read();
    }
    return true;
  }

  /** What was asked of a node that is gone is not answered; it is seen in the list. */
  lost() { this.waiting.clear(); }
}
