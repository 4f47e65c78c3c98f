// Finding in a room what was said: first in what the page has, then further back, as far as the reader wants. Needs no store: a node answers
// for older messages from what it has.

import { element, nameOf, redraw } from './view.js';

const shownMax = 50;
const stamp = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** The newest messages that have every word of `query`, newest first. */
export function find(items, query) {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const found = [];
  for (let i = items.length; i-- > 0 && found.length < shownMax;) {
    const text = `${items[i].user} ${items[i].text}`.toLocaleLowerCase();
    if (words.every((word) => text.includes(word))) found.push(items[i]);
  }
  return found;
}

/** The text around the first of the words, which is marked. */
function excerpt(text, query) {
  const made = element('span', 'excerpt');
  const word = query.toLocaleLowerCase().split(/\s+/).find((one) => one && text.toLocaleLowerCase().includes(one)) ?? '';
  const at = word ? text.toLocaleLowerCase().indexOf(word) : 0;
  const letters = [...text.slice(0, at)];  // whole code points: half an emoji is none
  made.append((letters.length > 60 ? '…' : '') + letters.slice(-60).join(''));
  if (word) made.append(element('mark', '', text.slice(at, at + word.length)));
  made.append([...text.slice(at + word.length)].slice(0, 200).join(''));
  return made;
}

export class Search {
  /** `on`: what to call: chosen(item), further(view). */
  constructor(node, button, on) {
    Object.assign(this, { node, button, on });
    this.query = node.querySelector('input');
    this.results = node.querySelector('ol');
    this.count = node.querySelector('[role=status]');
    this.more = node.querySelector('.further');
    button.onclick = () => (this.shown ? this.close() : this.open());
    this.query.oninput = () => this.show();
    this.more.onclick = () => this.on.further(this.view);
    node.querySelector('form').onsubmit = (event) => {
      event.preventDefault();
      this.results.querySelector('button')?.focus();
    };
    node.onkeydown = (event) => { if (event.key === 'Escape') this.close(); };
  }

  get shown() { return !this.node.hidden; }

  open() {
    this.node.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    this.query.select();
    this.query.focus();
    this.show();
  }

  close() {
    if (!this.shown) return;
    this.node.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
    this.button.focus();
  }

  /** In another room, or with more of this one: the answer is another. */
  show(view = this.view) {
    this.view = view;
    if (!this.shown || !view) return;
    const query = this.query.value.trim();
    const found = find(view.items, query);
    redraw(this.results, [view.name, query, ...found.map((item) => item.id ?? item.post.key)], () => found.map((item) => this.row(item, query)));
    const number = found.length >= shownMax ? `The newest ${shownMax}` : found.length || 'None';
    const told = query ? `${number} among the ${view.items.length} messages looked at` : '';
    if (this.count.textContent !== told) this.count.textContent = told;
    this.more.hidden = !query || !view.more || !view.oldest || found.length >= shownMax;
  }

  row(item, query) {
    const row = element('li');
    const button = element('button');
    button.append(nameOf(item.user), element('time', '', Number.isNaN(item.time.getTime()) ? '' : stamp.format(item.time)), excerpt(item.text, query));
    button.onclick = () => {
      this.close();
      this.on.chosen(item);
    };
    row.append(button);
    return row;
  }
}
