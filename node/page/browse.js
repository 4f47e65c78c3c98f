// All rooms that this server knows, those with the latest message first.

import { element, redraw, tell } from './dom.js';
import { timeOfPosition } from './keys.js';
import { ago } from './people.js';
import { roomPattern } from './rooms.js';
import { word } from './words.js';

const pageSize = 500;
const pagesMax = 8;
const rowsMax = 200;

/** The rooms as {room, newest}, by name. */
async function readRooms() {
  const found = [];
  for (let page = 0; page < pagesMax; ++page) {
    const after = found.at(-1)?.room;
    const answer = await fetch(`api/rooms?limit=${pageSize}${after ? `&after=${encodeURIComponent(after)}` : ''}`);
    const told = await answer.json();
    found.push(...told.rooms);
    if (!told.more) break;
  }
  return found;
}

export class Browse {
  /** `on`: what to call: open(room), opened(): names of rooms that are open, now(): the node's time. */
  constructor(dialog, button, on) {
    Object.assign(this, { dialog, on, rooms: [] });
    this.filter = dialog.querySelector('input');
    this.list = dialog.querySelector('ul');
    this.note = dialog.querySelector('[role=status]');
    button.onclick = () => this.show();
    this.filter.oninput = () => this.draw();
    dialog.querySelector('form').onsubmit = (event) => {
      event.preventDefault();
      this.list.querySelector('button')?.click();  // the room of that name, the first that has it in its name, or a new one
    };
    dialog.querySelector('.close').onclick = () => dialog.close();
    dialog.onclick = ({ target }) => { if (target === dialog) dialog.close(); };
  }

  get wanted() { return this.filter.value.trim().replace(/^#/, '').toLowerCase(); }

  async show() {
    this.filter.value = '';
    this.rooms = null;
    this.draw();
    this.dialog.showModal();
    this.filter.focus();
    try {
      this.rooms = (await readRooms()).sort((a, b) => (a.newest < b.newest ? 1 : -1));
    } catch {
      this.rooms = [];
      this.failed = true;
    }
    this.draw();
  }

  choose(name) {
    this.dialog.close();
    this.on.open(name);
  }

  draw() {
    const { wanted } = this;
    const opened = new Set(this.on.opened());
    const same = (this.rooms ?? []).filter(({ room }) => room === wanted);
    const found = [...same, ...(this.rooms ?? []).filter(({ room }) => room !== wanted && room.includes(wanted))];
    const isNew = roomPattern.test(wanted) && !same.length;
    const shown = found.slice(0, rowsMax);
    redraw(this.list, [shown, isNew && wanted, this.rooms === null], () => [
      ...shown.map(({ room, newest }) => this.row(room, ago(new Date(timeOfPosition(newest)), this.on.now()), opened.has(room))),
      ...(isNew && this.rooms ? [this.row(wanted, word('newRoom'), false)] : []),
    ]);
    const told = this.rooms === null ? word('loading') : this.failed ? word('noAnswer') : found.length > shown.length ? word('moreRooms', found.length - shown.length)
      : wanted && !found.length && !isNew ? word('roomName') : '';
    tell(this.note, told);
    this.failed = false;
  }

  row(name, note, isOpen) {
    const row = element('li');
    const button = element('button');
    button.type = 'button';
    button.append(element('span', 'name', name), ...(isOpen ? [element('span', 'open', word('isOpen'))] : []), element('span', 'ago', note));
    button.onclick = () => this.choose(name);
    row.append(button);
    return row;
  }
}
