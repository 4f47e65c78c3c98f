// Who is there, on whichever server, and who else was heard lately: that is read off the messages. Both are the last that is known while the
// store is away.

import { lazily } from './clock.js';
import { element, redraw, tell } from './dom.js';
import { nameOf } from './message.js';
import { locale, word } from './words.js';

const shownMax = 12;
const lookedAtMax = 500;
const span = lazily(() => new Intl.RelativeTimeFormat(locale, { style: 'narrow', numeric: 'auto' }));

/** How long ago, in a word or two. */
export function ago(time, now) {
  const minutes = Math.round((time - now) / 60_000);
  if (minutes > -1) return word('now');
  if (minutes > -60) return span().format(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours > -24 ? span().format(hours, 'hour') : span().format(Math.round(hours / 24), 'day');
}

export function heardLately(items) {
  const last = new Map();
  const first = Math.max(0, items.length - lookedAtMax);
  for (let i = items.length; i-- > first && last.size < shownMax;)
    if (items[i].id && !last.has(items[i].user)) last.set(items[i].user, items[i].time);
  return [...last];
}

function draw(section, title, people) {
  section.hidden = people.length === 0;
  tell(section.querySelector('h2'), title);
  redraw(section.querySelector('ul'), people, () => people.map(([name, note]) => {
    const row = element('li');
    row.append(typeof name === 'string' ? nameOf(name) : element('span', 'ago', people.length > 1 ? word('andMore', name) : word('peopleHere', [], name)), element('span', 'ago', note));
    return row;
  }));
}

/** A list that is longer than its place can be scrolled by the keyboard: then, and only then, it takes the focus. */
export function scrollByKeys(section) {
  const look = () => {
    if (section.scrollHeight > section.clientHeight) section.tabIndex = 0;
    else section.removeAttribute('tabindex');
  };
  const observer = new ResizeObserver(look);
  for (const one of [section, ...section.children]) observer.observe(one);
}

/** `now`: the node's time, since the times of messages are made from it. */
export function showPeople(here, lately, view, complete, now) {
  const known = complete ? '' : word('asFarAsKnown');
  const present = view.people ?? [];
  const shown = present.slice(0, 3 * shownMax).map((name) => [name, '']);
  const more = (view.peopleCount ?? 0) - shown.length;
  draw(here, word('here') + known, more > 0 ? [...shown, [more, '']] : shown);
  const named = new Set(present);
  const others = heardLately(view.items).filter(([name]) => !named.has(name));
  draw(lately, word('heardLately') + known, others.map(([name, time]) => [name, Number.isNaN(time.getTime()) ? '' : ago(time, now)]));
}

/** The people in the room, in one line for its header: a few names, and how many more. */
export function peopleLine(view) {
  const present = view.people ?? [];
  const count = view.peopleCount ?? present.length;
  if (!count) return '';
  const shown = present.slice(0, 3);
  return word('peopleHere', shown, Math.max(0, count - shown.length));
}
