// The list of rooms at the side, with what is unread in each.

import { browser } from './memory.js';
import { element } from './dom.js';
import { word } from './words.js';

const rowsAtOnce = 20;

export const roomPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export function savedRooms() {
  const names = browser.get('rooms', []);
  return Array.isArray(names) ? [...new Set(names.filter((name) => roomPattern.test(name)))] : [];
}

/** Adds to what is kept, or takes away: another tab may have added others. */
export function keepRoom(name) {
  const kept = savedRooms();
  if (!kept.includes(name)) browser.set('rooms', [...kept, name]);
}
export function dropRoom(name) { browser.set('rooms', savedRooms().filter((one) => one !== name)); }

/** The list: only the rows of rooms that changed are touched, so a button that is being pressed, or has the focus, stays. */
export class RoomList {
  /** `on`: what to call: open(name), leave(name). */
  constructor(list, on) {
    Object.assign(this, { list, on });
    this.rows = new Map();  // by name: {row, button, count, leave, shown, isCurrent}
  }

  /** Shows these rooms, in this order; of new ones some at a time, at the end. `more`: rooms are not shown yet. `unread`, `named`: in all of them. */
  show(views, current) {
    this.drop(views);
    const fresh = [];
    let unread = 0;
    let named = 0;
    for (const view of views.values()) {
      unread += view.unread;
      named += view.unreadNamed;
      let row = this.rows.get(view.name);
      if (!row) {
        if (fresh.length === rowsAtOnce) continue;
        row = this.make(view.name);
        this.rows.set(view.name, row);
        fresh.push(row.row);
      }
      this.update(row, view, view === current, views.size > 1);
    }
    if (fresh.length) this.list.append(...fresh);
    return { unread, named, more: this.rows.size < views.size };
  }

  drop(views) {
    if (this.rows.size === 0) return;
    for (const [name, { row }] of this.rows) {
      if (views.has(name)) continue;
      const next = row.contains(document.activeElement) ? row.nextElementSibling ?? row.previousElementSibling : null;
      row.remove();
      next?.querySelector('button').focus();
      this.rows.delete(name);
    }
  }

  make(name) {
    const row = element('li');
    const button = element('button', 'room');
    button.append(element('span', 'name', name));
    button.onclick = () => this.on.open(name);
    row.append(button);
    return { row, button, shown: '', isCurrent: false };
  }

  update(row, view, isCurrent, canLeave) {
    if (row.isCurrent !== isCurrent) {
      row.isCurrent = isCurrent;
      if (isCurrent) row.button.setAttribute('aria-current', 'true');
      else row.button.removeAttribute('aria-current');
    }
    const shown = view.unread ? `${view.unreadNamed ? '@' : ''}${view.unread > 99 ? '99' : view.unread}${view.unread > 99 || view.unreadBeyond ? '+' : ''}` : '';
    if (row.shown !== shown) {
      row.shown = shown;
      row.count?.remove();
      row.count = null;
      if (shown) {
        row.count = element('span', view.unreadNamed ? 'unread named' : 'unread', shown);
        row.count.append(element('span', 'hidden', ` ${word(view.unreadNamed ? 'unreadNamed' : 'unread')}`));
        row.button.append(row.count);
      }
    }
    if (canLeave && !row.leave) {
      row.leave = element('button', 'leave', '×');
      row.leave.setAttribute('aria-label', word('leaveRoom', view.name));
      row.leave.onclick = () => this.on.leave(view.name);
      row.row.append(row.leave);
    } else if (!canLeave && row.leave) {
      row.leave.remove();
      row.leave = null;
    }
  }
}

/** Offers the rooms that this node knows and the person has not opened. */
export async function suggestRooms(list, opened) {
  const told = await fetch('api/rooms?limit=500').then((answer) => answer.json()).catch(() => null);
  const known = new Set(opened);
  const names = (told?.rooms ?? []).map(({ room }) => room).filter((name) => !known.has(name));
  list.replaceChildren(...names.map((name) => Object.assign(element('option'), { value: name })));
}
