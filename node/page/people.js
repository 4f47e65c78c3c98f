// Who was heard in a room lately, on whichever server: it is read off the messages, so nobody keeps a list of members, and it is the last
// that is known while the store is away.

import { element, nameOf } from './view.js';

const shownMax = 12;
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
  for (let i = items.length; i-- > 0 && last.size < shownMax;)
    if (items[i].id && !last.has(items[i].user)) last.set(items[i].user, items[i].time);
  return [...last];
}

export function showPeople(section, view, complete) {
  const people = heardLately(view.items);
  section.hidden = people.length === 0;
  section.querySelector('h2').textContent = complete ? 'Heard here lately' : 'Heard here lately, as far as known';
  section.querySelector('ul').replaceChildren(...people.map(([name, time]) => {
    const row = element('li');
    row.append(nameOf(name), element('span', 'ago', Number.isNaN(time.getTime()) ? '' : ago(time)));
    return row;
  }));
}
