// What is seen of a room: its messages in their canonical order, each once.

import { lazily } from './clock.js';
import { element } from './dom.js';
import { counts, fateOf } from './fate.js';
import { beforeAll, positionOfKey, stampOfKey, stampOfPosition, timeOfPosition } from './keys.js';
import { names } from './mentions.js';
import { markMessage, renderMessage } from './message.js';
import { locale, word } from './words.js';

const keptMax = 2000;
const shownAtOnce = 60;
const step = 20;
const rowsMax = 160;      // in the log: how long a picture takes depends on them, and not on how much was said
const countedMax = 1000;  // so many unread messages are counted; more are "999+"
const together = 300_000;
const calendar = lazily(() => new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' }));
const clock = lazily(() => new Intl.DateTimeFormat(locale, { timeStyle: 'short' }));

/** The day of an item, as one number; told once for each item. */
const dayOf = (item) => item.day ??= new Date(item.time.getFullYear(), item.time.getMonth(), item.time.getDate()).getTime();

const stampOf = (item) => stampOfKey(item.post.key);

/**
 * One room: what was said, kept whether it is on the screen or not. While it is shown, the items from `from` to `to` are rows of the log; the
 * others become rows when the reader comes near them (`widen`). What a row shows of the rows around it (a day, a divider) is set by `mark`.
 */
export class RoomView {
  /** `on`: what to call: isMe(user), me(), again(post), forget(post). `readTo`: the place up to which the room was read, or ''. */
  constructor(name, log, on, readTo = '') {
    Object.assign(this, { name, log, on, readTo });
    this.items = [];        // {position, id?, post?, user, text, time, late, named, node?}, by position
    this.from = this.to = 0;
    this.byId = new Map();
    this.mine = new Map();  // by key: what I said
    this.unplaced = new Map();  // by stamp: those of them whose id is not known yet
    this.unread = 0;
    this.unreadNamed = 0;   // of them: those in which I am named
    this.below = 0;         // came in while the reader was further up
    this.newAfter = '';     // behind this place the line "new" is drawn
    this.gap = false;
    this.ready = false;     // joined: what comes from now on is live
    this.oldest = '';       // from here on nothing is left out; a late message may stand above, with a hole between
    this.more = true;
  }

  /** True when the newest message is a row of the log. */
  get showsNewest() { return this.to === this.items.length; }
  /** True when there is more unread than this page has. */
  get unreadBeyond() { return this.unread > 0 && this.more && this.readTo < this.oldest; }

  /** Fills the log: with the newest messages, or with those around `item`. */
  show(item = null) {
    const at = item ? this.indexOf(item) : -1;
    this.to = at < 0 ? this.items.length : Math.min(this.items.length, at + shownAtOnce);
    this.from = Math.max(0, (at < 0 ? this.to : at) - shownAtOnce);
    this.redraw();
  }

  redraw() {
    this.log.replaceChildren(...this.items.slice(this.from, this.to).map((one) => this.nodeOf(one)));
    this.stale = true;
    this.mark();
  }

  /** Makes some more rows above or below, and takes away as many at the other end when there are too many. */
  widen(above) {
    this.stale = true;
    if (above) {
      const end = this.from;
      this.from = Math.max(0, end - step);
      this.log.prepend(...this.items.slice(this.from, end).map((item) => this.nodeOf(item)));
      while (this.to - this.from > rowsMax) this.items[--this.to].node.remove();
    } else {
      const end = Math.min(this.items.length, this.to + step);
      this.log.append(...this.items.slice(this.to, end).map((item) => this.nodeOf(item)));
      this.to = end;
      this.narrow();
    }
  }

  /** Takes rows away above what is read: for a reader at the end. */
  narrow() { while (this.to - this.from > rowsMax) this.items[this.from++].node.remove(); }

  /** A message from the node; true when it is new. `history`: it was asked for, and joins what there is without a hole. */
  add(message, shown, history = !this.ready) {
    if (!this.oldest || (history && message.pos < this.oldest)) this.oldest = message.pos;
    if (this.byId.has(message.id)) return this.change(message), false;
    const own = this.unplaced.size ? this.unplaced.get(stampOfPosition(message.pos)) : undefined;
    const isOwn = own && own.post.user === message.user && (message.change || own.post.text === message.text);
    if (isOwn) this.remove(own);
    const item = this.itemOf(message, isOwn ? own.post : undefined);
    if (isOwn) this.mine.set(own.post.key, item);
    this.insert(item, shown, history);
    this.count(item, !history && item.late);
    return !isOwn;
  }

  /** Older messages that were asked for, newest first. Those above all that there is are taken in at once. */
  addPage(messages, shown) {
    const above = this.items[0]?.position ?? '~';
    const fresh = [];
    for (const message of messages) {
      if (message.pos >= above || this.byId.has(message.id)) {
        this.add(message, shown, true);
        continue;
      }
      if (!this.oldest || message.pos < this.oldest) this.oldest = message.pos;
      fresh.push(this.itemOf(message));
    }
    fresh.sort((a, b) => (a.position < b.position ? -1 : 1));
    this.items = fresh.concat(this.items);
    this.from += fresh.length;
    this.to += fresh.length;
    for (const item of fresh) this.count(item, false);
    this.stale = true;
  }

  itemOf(message, post) {
    const { id, pos: position, user, text, time, late } = message;
    const item = { position, id, post, user, text, time: new Date(time), late: Boolean(late), named: false, ...fateOf(message) };
    item.named = this.isNamedIn(item);
    this.byId.set(id, item);
    return item;
  }

  isNamedIn(item) { return !this.isMine(item) && names(item.text, this.on.me?.()); }

  /** What became of a message that is here: shown when it counts more than what is shown. */
  change(message) {
    const item = this.byId.get(message.id);
    if (!item || !counts(message, item)) return;
    Object.assign(item, { text: message.text }, fateOf(message));
    item.named = this.isNamedIn(item);
    this.redrawItem(item);
  }

  /** Draws a message anew: what is wanted of it is another. */
  redrawItem(item) {
    const before = item?.node;
    if (!before) return;
    item.node = item.marks = undefined;
    this.stale = true;
    if (before.isConnected) before.replaceWith(this.nodeOf(item));
  }

  /** Something I said: made, or in a new state. */
  update(post, gone, shown) {
    let item = this.mine.get(post.key);
    if (gone) {
      if (item && !item.id) this.remove(item);
      this.mine.delete(post.key);
      return;
    }
    if (!item) {
      item = { position: positionOfKey(post.key), post, user: post.user, text: post.text, time: new Date(Number(stampOfKey(post.key) >> 16n)), late: false };
      this.mine.set(post.key, item);
      this.unplaced.set(stampOf(item), item);
      this.insert(item, shown, false);
    }
    if (item.node) markMessage(item.node, post, this.on);
  }

  /** After a change of one's own name: other messages are one's own, and in others one is named. */
  markMine(shown) {
    for (const item of this.items) {
      item.named = this.isNamedIn(item);
      item.node = item.marks = undefined;
    }
    if (shown) this.redraw();
  }

  isMine(item) { return Boolean(item.post) || this.on.isMe(item.user); }

  // ---- what is unread

  /** `missed`: it stands above what was read, and came after that. */
  count(item, missed) {
    if (!this.readTo || (item.position <= this.readTo && !missed) || this.isMine(item)) return;
    this.unread += 1;
    if (item.named) this.unreadNamed += 1;
  }

  /** It was read up to here, in this tab or another. True when that changes something that is shown. */
  read(place) {
    if (place < this.readTo || (place === this.readTo && this.unread === 0)) return false;
    this.readTo = place;
    const before = this.unread;
    this.unread = this.unreadNamed = 0;
    for (let i = this.items.length; i-- > 0 && this.items[i].position > place && this.unread < countedMax;) this.count(this.items[i], false);
    return this.unread !== before;
  }

  /** The line "new" stands where reading ended; `place`: '' for none. */
  drawNew(place) {
    this.newAfter = place;
    this.stale = true;
  }

  /** The first message behind the line "new", or undefined. */
  get firstNew() {
    if (!this.newAfter) return undefined;
    let at = this.placeOf(this.newAfter);
    while (at < this.items.length && this.isMine(this.items[at])) at += 1;
    return this.items[at];
  }

  // ---- the list

  insert(item, shown, history) {
    const at = this.placeOf(item.position);
    const wasNewest = this.showsNewest;
    const above = at < this.from || (history && at === this.from && this.to - this.from >= shownAtOnce);
    this.items.splice(at, 0, item);
    this.stale = true;
    if (!shown) return;
    if (above) {
      this.from += 1;
      this.to += 1;
    } else if (at < this.to || (wasNewest && this.to - this.from < 2 * rowsMax)) {
      this.to += 1;
      this.log.insertBefore(this.nodeOf(item), at + 1 < this.to ? this.items[at + 1].node : null);
    }
  }

  /** Behind all that stand before this position, and those at it. */
  placeOf(position) {
    let low = 0;
    let high = this.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle].position > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  indexOf(item) {
    let at = this.placeOf(item.position) - 1;
    while (at >= 0 && this.items[at] !== item && this.items[at].position === item.position) at -= 1;
    return this.items[at] === item ? at : -1;
  }

  /** The message at this place, or undefined. */
  itemAt(position) {
    const item = this.items[this.placeOf(position) - 1];
    return item?.position === position ? item : undefined;
  }

  /** A page that is open for weeks keeps the newest only; the others can be asked for again. */
  trim() {
    if (this.items.length <= keptMax) return;
    const first = this.items.at(-keptMax / 2);
    const { from, to } = this;
    const end = this.items.length - keptMax / 2;
    this.items = this.items.filter((item, i) => {
      if (i >= end || !item.id || (item.post && item.post.state !== 'stored')) return true;  // what I said is shown until it is stored
      this.byId.delete(item.id);
      this.mine.delete(item.post?.key);
      item.node?.remove();
      if (i < from) this.from -= 1;
      if (i < to) this.to -= 1;
      return false;
    });
    this.stale = true;
    this.more = true;
    this.oldest = first.position;
  }

  remove(item) {
    const at = this.indexOf(item);
    if (at < 0) return;
    if (this.unplaced.get(stampOf(item)) === item) this.unplaced.delete(stampOf(item));
    this.items.splice(at, 1);
    item.node?.remove();
    if (at < this.from) this.from -= 1;
    if (at < this.to) this.to -= 1;
    this.stale = true;
  }

  // ---- rows among each other

  /** Who and when is said once for what one person says in a row; a day, what came late and what is new begin with a line. Once for many changes. */
  mark() {
    if (!this.stale) return;
    this.stale = false;
    const { firstNew } = this;
    for (let i = this.from; i < this.to; ++i) {
      const item = this.items[i];
      const before = this.items[i - 1];
      const newDay = !before || dayOf(before) !== dayOf(item);
      const late = item.late && !before?.late ? this.lateFrom(i) : 0;
      const isNew = item === firstNew;
      const follows = !newDay && !isNew && item.late === before.late && before.user === item.user && item.time - before.time < together;
      const marks = `${follows} ${newDay} ${late} ${isNew}`;
      if (item.marks === marks) continue;
      item.marks = marks;
      item.node.classList.toggle('follows', follows);
      item.node.classList.toggle('late', item.late);
      item.node.querySelector(':scope > .dividers')?.remove();
      const lines = [];
      if (newDay && !Number.isNaN(dayOf(item))) lines.push(['day', calendar().format(dayOf(item))]);
      if (isNew) lines.push(['new', this.newAfter === beforeAll ? word('allNew') : word('newSince', clock().format(timeOfPosition(this.newAfter)))]);
      if (late) lines.push(['came-late', word('cameLate', late)]);
      if (!lines.length) continue;
      const dividers = element('div', 'dividers');
      dividers.append(...lines.map(([kind, text]) => element('p', kind, text)));
      item.node.prepend(dividers);
    }
  }

  /** How many came late one after the other, from here on. */
  lateFrom(at) {
    let end = at;
    while (end < this.items.length && this.items[end].late) end += 1;
    return end - at;
  }

  nodeOf(item) { return item.node ??= renderMessage(item, this.isMine(item), this.on); }
}
