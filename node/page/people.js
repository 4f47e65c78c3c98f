// Who was heard in a room lately, on whichever server: it is read off the messages, so nobody keeps a list of members, and it is the last
// that is known while the store is away.

import { tell } from './status.js';
import { element, nameOf, redraw } from './view.js';

const shownMax = 12;
const lookedAtMax = 500;
const span = new Intl.RelativeTimeFormat(undefined, { style: 'narrow', numeric: 'auto' });

function ago(time) {
  const minutes = Math.round((time - Date.now()) / 60_000);
  if (minutes > -1) return 'now';
  if (minutes > -60) return span.format(minutes, 'minute');
  const hours = Math.round(minutes / 60);
  return hours > -24 ? span.format(hours, 'hour') : span.format(Math.round(hours / 24), 'day');
}

export function heardLately(items) {
  const last = new Map();
  const first = Math.max(0, items.length - lookedAtMax);
  for (let i = items.length; i-- > first && last.size < shownMax;)
    if (items[i].id && !last.has(items[i].user)) last.set(items[i].user, items[i].time);
  return [...last];
}

export function showPeople(section, view, complete) {
  const people = heardLately(view.items).map(([name, time]) => [name, Number.isNaN(time.getTime()) ? '' : ago(time)]);
  section.hidden = people.length === 0;
  tell(section.querySelector('h2'), complete ? 'Heard here lately' : 'Heard here lately, as far as known');
  redraw(section.querySelector('ul'), people, () => people.map(([name, when]) => {
    const row = element('li');
    row.append(nameOf(name), element('span', 'ago', when));
    return row;
  }));
}
