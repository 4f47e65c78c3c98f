// What is seen of a room: its messages in their canonical order, each once. All that others wrote is text, never markup.

import { positionOfKey, stampOfKey, stampOfPosition } from './keys.js';

const states = {
  sending: ['…', 'on its way to the server'],
  accepted: ['✓', 'safe on this server; the others see it when the store has it'],
  stored: ['✓✓', 'stored for everybody'],
  refused: ['!', ''],
  failed: ['!', ''],
};
const keptMax = 2000;
const address = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const drawn = new WeakMap();
/** Draws a list anew when it shows something else than last time: a button that is being pressed is not taken away for nothing. */
export function redraw(list, shows, rows) {
  const signature = JSON.stringify(shows);
  if (drawn.get(list) === signature) return false;
  drawn.set(list, signature);
  list.replaceChildren(...rows());
  return true;
}

function withLinks(text) {
  const made = element('p', 'text');
  made.dir = 'auto';
  let done = 0;
  for (const match of text.matchAll(address)) {
    made.append(text.slice(done, match.index));
    const link = element('a', '', match[0]);
    Object.assign(link, { href: match[0], rel: 'noopener noreferrer nofollow', target: '_blank' });
    made.append(link);
    done = match.index + match[0].length;
  }
  made.append(text.slice(done));
  return made;
}

/** A hue of one's own, the same for everybody. */
function hueOf(name) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 360;
  return hash;
}

/** A name in its colour. It may hold anything: what turns the direction of writing ends with it. */
export function nameOf(user) {
  const name = element('bdi', 'user', user);
  name.style.setProperty('--hue', hueOf(user));
  return name;
}

/** One room: what was said, kept whether it is on the screen or not. */
export class RoomView {
  /** `on`: what to call: isMe(user), again(post), forget(post). */
  constructor(name, log, on) {
    Object.assign(this, { name, log, on });
    this.items = [];        // {position, id?, post?, user, text, time, node}, by position
    this.byId = new Map();
    this.mine = new Map();  // by key: what I said
    this.unread = 0;
    this.gap = false;
    this.ready = false;     // joined: what comes from now on is live
    this.oldest = '';       // from here on nothing is left out; a late message may stand above, with a hole between
    this.more = true;
  }

  show() { this.log.replaceChildren(...this.items.map((item) => item.node)); }

  /** A message from the node; true when it is new. `history`: it was asked for, and joins what there is without a hole. */
  add(message, shown, history = !this.ready) {
    if (!this.oldest || (history && message.pos < this.oldest)) this.oldest = message.pos;
    if (this.byId.has(message.id)) return false;
    const own = [...this.mine.values()].find((item) =>
      !item.id && item.post.user === message.user && item.post.text === message.text &&
      stampOfKey(item.post.key) === stampOfPosition(message.pos));
    if (own) this.remove(own);
    const item = { position: message.pos, id: message.id, post: own?.post, user: message.user, text: message.text, time: new Date(message.time) };
    item.node = this.render(item, message.text, Boolean(message.late));
    this.byId.set(message.id, item);
    if (own) this.mine.set(own.post.key, item);
    this.insert(item, shown);
    return !own;
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
      item = { position: positionOfKey(post.key), post, user: post.user, text: post.text, time: new Date(Number(stampOfKey(post.key) >> 16n)) };
      item.node = this.render(item, post.text, false);
      this.mine.set(post.key, item);
      this.insert(item, shown);
    }
    this.mark(item);
  }

  /** After a change of one's own name. */
  markMine() { for (const item of this.items) item.node.classList.toggle('mine', Boolean(item.post) || this.on.isMe(item.user)); }

  insert(item, shown) {
    let at = this.items.length;
    while (at > 0 && this.items[at - 1].position > item.position) --at;
    this.items.splice(at, 0, item);
    if (shown) this.log.insertBefore(item.node, this.items[at + 1]?.node ?? null);
    this.group(at);
    this.group(at + 1);
  }

  /** A page that is open for weeks keeps the newest only; the others can be asked for again. */
  trim() {
    if (this.items.length <= keptMax) return;
    const first = this.items.at(-keptMax / 2);
    for (const item of this.items.slice(0, -keptMax / 2)) {
      if (!item.id || (item.post && item.post.state !== 'stored')) continue;  // what I said is shown until it is stored
      this.byId.delete(item.id);
      this.mine.delete(item.post?.key);
      item.node.remove();
    }
    this.items = this.items.filter((item) => !item.id || this.byId.has(item.id));
    this.group(0);
    this.more = true;
    this.oldest = first.position;
  }

  remove(item) {
    const at = this.items.indexOf(item);
    if (at < 0) return;
    this.items.splice(at, 1);
    item.node.remove();
    this.group(at);
  }

  /** Who and when is said once for what one person says in a row. */
  group(at) {
    const item = this.items[at];
    if (!item) return;
    const before = this.items[at - 1];
    const newDay = !before || before.time.toDateString() !== item.time.toDateString();
    item.node.classList.toggle('follows', !newDay && before.user === item.user && item.time - before.time < 300_000);
    item.node.classList.toggle('day', newDay);
    if (newDay) item.node.dataset.day = calendar.format(item.time);
  }

  render(item, text, late) {
    const node = element('li');
    const head = element('p', 'head');
    const time = element('time', '', Number.isNaN(item.time.getTime()) ? '' : clock.format(item.time));
    head.append(nameOf(item.user), time);
    if (late) head.append(element('span', 'late', 'came late'));
    node.append(head, withLinks(text));
    node.classList.toggle('late', late);
    node.classList.toggle('mine', Boolean(item.post) || this.on.isMe(item.user));
    if (item.post) {
      item.stateNode = element('span', 'state');
      node.append(item.stateNode);
      this.mark({ ...item, node });
    }
    return node;
  }

  mark({ post, node, stateNode }) {
    const [sign, meaning] = states[post.state];
    node.dataset.state = post.state;
    stateNode.replaceChildren(sign);
    stateNode.title = meaning || post.reason;
    if (post.state !== 'refused' && post.state !== 'failed') {
      stateNode.setAttribute('role', 'img');
      stateNode.setAttribute('aria-label', meaning);
      return;
    }
    stateNode.removeAttribute('role');
    stateNode.removeAttribute('aria-label');
    const again = element('button', '', 'Try again');
    again.onclick = () => this.on.again(post);
    const forget = element('button', '', 'Discard');
    forget.onclick = () => this.on.forget(post);
    stateNode.replaceChildren(`Not sent: ${post.reason} `, again, ' ', forget);
  }
}
