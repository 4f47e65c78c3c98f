// What is seen of a room: its messages in their canonical order, each once.

import { lazily } from './clock.js';
import { counts, fateOf } from './fate.js';
import { positionOfKey, stampOfKey, stampOfPosition } from './keys.js';
import { markMessage, renderMessage } from './message.js';

const keptMax = 2000;
const shownAtOnce = 60;
const step = 20;
const rowsMax = 160;      // in the log: how long a picture takes depends on them, and not on how much was said
const calendar = lazily(() => new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' }));

/** The day of an item, as one number; told once for each item. */
const dayOf = (item) => item.day ??= new Date(item.time.getFullYear(), item.time.getMonth(), item.time.getDate()).getTime();

const stampOf = (item) => stampOfKey(item.post.key);

/**
 * One room: what was said, kept whether it is on the screen or not. While it is shown, the items from `from` to `to` are rows of the log; the
 * others become rows when the reader comes near them (`widen`).
 */
export class RoomView {
  /** `on`: what to call: isMe(user), again(post), forget(post). */
  constructor(name, log, on) {
    Object.assign(this, { name, log, on });
    this.items = [];        // {position, id?, post?, user, text, time, late, node?}, by position
    this.from = this.to = 0;
    this.byId = new Map();
    this.mine = new Map();  // by key: what I said
    this.unplaced = new Map();  // by stamp: those of them whose id is not known yet
    this.unread = 0;
    this.gap = false;
    this.ready = false;     // joined: what comes from now on is live
    this.oldest = '';       // from here on nothing is left out; a late message may stand above, with a hole between
    this.more = true;
  }

  /** True when the newest message is a row of the log. */
  get showsNewest() { return this.to === this.items.length; }

  /** Fills the log: with the newest messages, or with those around `item`. */
  show(item = null) {
    const at = item ? this.items.indexOf(item) : -1;
    this.to = at < 0 ? this.items.length : Math.min(this.items.length, at + shownAtOnce);
    this.from = Math.max(0, (at < 0 ? this.to : at) - shownAtOnce);
    this.log.replaceChildren(...this.items.slice(this.from, this.to).map((one) => this.nodeOf(one)));
    for (let i = this.from; i < this.to; ++i) this.group(i);
  }

  /** Makes some more rows above or below, and takes away as many at the other end when there are too many. */
  widen(above) {
    if (above) {
      const end = this.from;
      this.from = Math.max(0, end - step);
      this.log.prepend(...this.items.slice(this.from, end).map((item) => this.nodeOf(item)));
      for (let i = this.from; i <= end; ++i) this.group(i);
      while (this.to - this.from > rowsMax) this.items[--this.to].node.remove();
    } else {
      const end = Math.min(this.items.length, this.to + step);
      this.log.append(...this.items.slice(this.to, end).map((item) => this.nodeOf(item)));
      for (let i = this.to; i < end; ++i) this.group(i);
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
    const { id, pos: position, user, text } = message;
    const item = { position, id, post: isOwn ? own.post : undefined, user, text, time: new Date(message.time), late: Boolean(message.late), ...fateOf(message) };
    this.byId.set(id, item);
    if (isOwn) this.mine.set(own.post.key, item);
    this.insert(item, shown, history);
    return !isOwn;
  }

  /** What became of a message that is here: shown when it counts more than what is shown. */
  change(message) {
    const item = this.byId.get(message.id);
    if (!item || !counts(message, item)) return;
    Object.assign(item, { text: message.text }, fateOf(message));
    if (!item.node) return;
    const before = item.node;
    item.node = renderMessage(item, this.isMine(item), this.on);
    before.replaceWith(item.node);
    const at = this.items.indexOf(item);
    if (at >= this.from && at < this.to) this.group(at);
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

  /** After a change of one's own name. */
  markMine() { for (const item of this.items) item.node?.classList.toggle('mine', this.isMine(item)); }

  isMine(item) { return Boolean(item.post) || this.on.isMe(item.user); }

  insert(item, shown, history) {
    const at = this.placeOf(item.position);
    const wasNewest = this.showsNewest;
    const above = at < this.from || (history && at === this.from && this.to - this.from >= shownAtOnce);
    this.items.splice(at, 0, item);
    if (!shown) return;
    if (above) {
      this.from += 1;
      this.to += 1;
    } else if (at < this.to || (wasNewest && this.to - this.from < 2 * rowsMax)) {
      this.to += 1;
      this.log.insertBefore(this.nodeOf(item), at + 1 < this.to ? this.items[at + 1].node : null);
      this.group(at);
    }
    this.group(Math.max(at, this.from) + (above ? 0 : 1));
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
    this.group(this.from);
    this.more = true;
    this.oldest = first.position;
  }

  remove(item) {
    const at = this.items.indexOf(item);
    if (at < 0) return;
    if (this.unplaced.get(stampOf(item)) === item) this.unplaced.delete(stampOf(item));
    this.items.splice(at, 1);
    item.node?.remove();
    if (at < this.from) this.from -= 1;
    if (at < this.to) this.to -= 1;
    this.group(at);
  }

  /** Who and when is said once for what one person says in a row. */
  group(at) {
    const item = this.items[at];
    if (!item?.node) return;
    const before = this.items[at - 1];
    const newDay = !before || dayOf(before) !== dayOf(item);
    item.node.classList.toggle('follows', !newDay && before.user === item.user && item.time - before.time < 300_000);
    item.node.classList.toggle('day', newDay);
    if (newDay) item.node.dataset.day = Number.isNaN(item.time.getTime()) ? '' : calendar().format(item.time);
  }

  nodeOf(item) { return item.node ??= renderMessage(item, this.isMine(item), this.on); }
}
