// The list of rooms at the side, with what is unread in each.

import { browser } from './memory.js';
import { element, redraw } from './view.js';

export const roomPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function savedRooms() {
  const names = browser.get('rooms', []);
  return Array.isArray(names) ? names.filter((name) => roomPattern.test(name)) : [];
}

export function saveRooms(names) { browser.set('rooms', names); }

function rowOf(view, { current, canLeave, onOpen, onLeave }) {
  const row = element('li');
  const button = element('button', 'room');
  button.append(element('span', 'name', view.name));
  if (view === current) button.setAttribute('aria-current', 'true');
  if (view.unread) {
    const count = element('span', 'unread', view.unread > 99 ? '99+' : String(view.unread));
    count.append(element('span', 'hidden', ' unread'));
    button.append(count);
  }
  button.onclick = () => onOpen(view.name);
  row.append(button);
  if (canLeave) {
    const leave = element('button', 'leave', '×');
    leave.setAttribute('aria-label', `Leave ${view.name}`);
    leave.onclick = () => onLeave(view.name);
    row.append(leave);
  }
  return row;
}

/** Draws the list anew; the focus stays on the button that had it. */
export function showRooms(list, views, current, on) {
  const buttons = () => [...list.querySelectorAll('button')];
  const focused = buttons().indexOf(document.activeElement);
  const changed = redraw(list, views.map((view) => [view.name, view.unread, view === current]),
    () => views.map((view) => rowOf(view, { current, canLeave: views.length > 1, ...on })));
  if (changed && focused >= 0) buttons()[Math.min(focused, buttons().length - 1)]?.focus();
  const unread = views.reduce((sum, view) => sum + view.unread, 0);
  document.title = (unread ? `(${unread}) ` : '') + `${current.name} – Davenport`;
  return unread;
}

/** Offers the rooms that this node knows and the person has not opened. */
export async function suggestRooms(list, opened) {
  const told = await fetch('api/rooms?limit=500').then((answer) => answer.json()).catch(() => null);
  const names = (told?.rooms ?? []).map(({ room }) => room).filter((name) => !opened.includes(name));
  list.replaceChildren(...names.map((name) => Object.assign(element('option'), { value: name })));
}
