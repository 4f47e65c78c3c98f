// Finding what was said: what the page has is looked through at once, and the node is asked for the rest. It answers from its own disk, so
// the store may be away.

import { lazily } from './clock.js';
import { element, redraw } from './dom.js';
import { nameOf } from './message.js';
import { locale, word } from './words.js';

const pageMax = 50;
const typingMs = 150;
const lookedAtMax = 2000;
const stamp = lazily(() => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }));

const fold = (text) => text.normalize('NFKC').toLowerCase();
const tokens = (text) => fold(text).split(/[^\p{L}\p{N}\p{M}]+/u).filter(Boolean);
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

/** What the node looks for: words that begin a word, and "phrases" that stand as they are. */
function wanted(query) {
  const parts = [];
  for (const [, phrase, rest] of query.matchAll(/"([^"]*)"?|([^"]+)/g)) {
    if (phrase !== undefined && tokens(phrase).length) parts.push(` ${tokens(phrase).join(' ')} `);
    for (const one of rest === undefined ? [] : tokens(rest)) parts.push(unspaced.test(one) ? one : ` ${one}`);
  }
  return parts;
}

/** The newest of the items that the node would find for `query`, newest first, from place `after` on. Only the newest of the page are looked at. */
export function find(items, query, after = '') {
  const parts = wanted(query);
  const found = [];
  if (!parts.length) return found;
  const end = Math.max(0, items.length - lookedAtMax);
  for (let i = items.length; i-- > end && found.length < pageMax && items[i].position > after;) {
    const text = items[i].folded ??= ` ${tokens(`${items[i].user} ${items[i].text}`).join(' ')} `;
    if (parts.every((part) => text.includes(part))) found.push(items[i]);
  }
  return found;
}

/** About 60 letters of the end, and 200 of the beginning: whole words where there are any, whole code points in any case (half an emoji is none). */
function lastWords(text) {
  const letters = [...text];
  if (letters.length <= 60) return text;
  const end = letters.slice(-60).join('');
  return `…${end.replace(/^\S+\s+(?=\S)/, '')}`;
}
function firstWords(text) {
  const letters = [...text];
  if (letters.length <= 200) return text;
  const begin = letters.slice(0, 200).join('');
  return `${begin.replace(/(?<=\S)\s+\S+$/, '')}…`;
}

/** The text around the first of the words, which is marked. */
function excerpt(text, query) {
  const made = element('span', 'excerpt');
  const low = text.toLocaleLowerCase();
  const hit = query.toLocaleLowerCase().replaceAll('"', ' ').split(/\s+/).find((one) => one && low.includes(one)) ?? '';
  const at = hit ? low.indexOf(hit) : 0;
  made.append(lastWords(text.slice(0, at)));
  if (hit) made.append(element('mark', '', text.slice(at, at + hit.length)));
  made.append(firstWords(text.slice(at + hit.length)));
  return made;
}

export class Search {
  /** `on`: what to call: ask({text, room?, before?}) which is false when no node can be asked, chosen({room, position, id, post}). */
  constructor(node, button, on) {
    Object.assign(this, { node, button, on });
    this.query = node.querySelector('input[type=search]');
    this.everywhere = node.querySelector('input[type=checkbox]');
    this.results = node.querySelector('ol');
    this.count = node.querySelector('[role=status]');
    this.more = node.querySelector('.further');
    this.forget();
    button.onclick = () => (this.shown ? this.close() : this.open());
    this.query.oninput = this.everywhere.onchange = () => {
      this.forget();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.askNode(), typingMs);
      this.show();
    };
    this.more.onclick = () => this.askNode(this.next);
    node.querySelector('form').onsubmit = (event) => {
      event.preventDefault();
      this.results.querySelector('button')?.focus();
    };
    node.onkeydown = (event) => { if (event.key === 'Escape') this.close(); };
  }

  get shown() { return !this.node.hidden; }
  get text() { return this.query.value.trim(); }
  get room() { return this.everywhere.checked ? undefined : this.view?.name; }

  /** What the node said is the answer to something else. */
  forget() { Object.assign(this, { answers: new Map(), asked: null, next: null, complete: false, partial: false, since: '' }); }

  open() {
    this.node.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    this.query.select();
    this.query.focus();
    this.forget();
    this.askNode();
    this.show();
  }

  close() {
    if (!this.shown) return;
    this.node.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
    this.button.focus();
  }

  askNode(before) {
    if (!this.shown || !this.text) return;
    const asked = { text: this.text, room: this.room, before: before ?? undefined };
    if (this.on.ask(asked)) this.asked = asked;
  }

  /** The node's answer: to what was asked last, or to nothing that matters any more. */
  answer(frame) {
    if (!this.asked || frame.text !== this.asked.text || frame.room !== this.asked.room) return;
    for (const { id, pos, room, user, text, time } of frame.messages)
      this.answers.set(id, { id, room, user, text, time: new Date(time), position: pos });
    // What came after that the node was not asked about; all else it has looked at.
    const since = this.complete ? this.since : this.view.items.findLast(({ id }) => id)?.position ?? '';
    Object.assign(this, { next: frame.next ?? null, complete: true, partial: Boolean(frame.partial), asked: null, since });
    this.show();
  }

  /** In another room, or with more of this one: the answer is another. */
  show(view = this.view) {
    if (view !== this.view) {
      this.view = view;
      this.forget();
      this.askNode();
    }
    if (!this.shown || !view) return;
    const found = this.found();
    redraw(this.results, [view.name, this.text, ...found.map((item) => item.id ?? item.post.key)], () => found.map((item) => this.row(item)));
    const told = this.told(found.length);
    if (this.count.textContent !== told) this.count.textContent = told;
    this.more.hidden = !this.text || !this.next;
  }

  /** The node's, with what came since; until it has answered, and when none can be asked, the page's own. Newest first. */
  found() {
    const all = new Map(this.answers);
    for (const item of find(this.view.items, this.text, this.since)) all.set(item.id ?? item.post.key, { ...item, room: this.view.name });
    return [...all.values()].sort((a, b) => (a.position < b.position ? 1 : -1));
  }

  told(number) {
    if (!this.text) return '';
    const count = number === 0 ? word('none') : this.next ? word('soFar', number) : String(number);
    if (!this.complete) return word('onThisPage', count, Math.min(this.view.items.length, lookedAtMax));
    return this.partial ? word('stillReading', count) : count;
  }

  row(item) {
    const row = element('li');
    const button = element('button');
    button.append(nameOf(item.user), element('time', '', Number.isNaN(item.time.getTime()) ? '' : stamp().format(item.time)));
    if (item.room !== this.view.name) button.append(element('span', 'in-room', item.room));
    button.append(excerpt(item.text, this.text));
    button.onclick = () => {
      this.close();
      this.on.chosen(item);
    };
    row.append(button);
    return row;
  }
}
