// What can be done with a message: a menu at its row. Another module adds what it can do with `addAction`.

import { element } from './dom.js';
import { itemOf } from './message.js';
import { word } from './words.js';

const actions = [];

/**
 * `action`: {id, order, word: key of its words, when(item): whether it is offered, run(item, row)}. The menu shows actions by their order; an
 * item is that of a RoomView: {id?, position, post?, user, text, time}.
 */
export function addAction(action) {
  actions.push(action);
  actions.sort((a, b) => a.order - b.order);
}

/** The menu, and the way to it by keys: in the log the arrows lead from one message to the next, Enter opens the menu. */
export class Actions {
  constructor(menu, list, scroller) {
    Object.assign(this, { menu, list, scroller, row: null });
    list.addEventListener('click', (event) => {
      const button = event.target.closest('.actions');
      if (button) this.open(button.closest('li'));
    });
    scroller.addEventListener('keydown', (event) => this.walk(event));
    scroller.addEventListener('focus', () => this.offer());
    list.addEventListener('focusin', (event) => this.offer(event.target.closest('li')));
    menu.addEventListener('keydown', (event) => this.walkMenu(event));
    menu.addEventListener('toggle', ({ newState }) => { if (newState === 'closed') this.closed(); });
  }

  /** Of all rows' buttons one can be reached with Tab: that of `row`, or of the newest. */
  offer(row = this.list.lastElementChild) {
    if (this.offered === row) return;
    if (this.offered) this.offered.querySelector('.actions').tabIndex = -1;
    this.offered = row;
    if (row) row.querySelector('.actions').tabIndex = 0;
  }

  walk(event) {
    if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !event.target.classList.contains('actions')) return;
    const row = event.target.closest('li');
    const next = event.key === 'ArrowUp' ? row.previousElementSibling : row.nextElementSibling;
    event.preventDefault();
    if (!next) return;
    this.offer(next);
    next.querySelector('.actions').focus({ preventScroll: true });
    next.scrollIntoView({ block: 'nearest' });
  }

  open(row) {
    const item = itemOf(row);
    if (!item) return;
    this.row = row;
    this.menu.replaceChildren(...actions.filter((one) => one.when(item)).map((action) => {
      const entry = element('button', '', word(action.word));
      entry.type = 'button';
      entry.setAttribute('role', 'menuitem');
      entry.tabIndex = -1;
      entry.onclick = () => {
        this.menu.hidePopover();
        action.run(item, row);
      };
      return entry;
    }));
    this.menu.setAttribute('aria-label', word('actionsOf', item.user));
    row.classList.add('chosen');
    this.menu.showPopover();
    const at = row.querySelector('.actions').getBoundingClientRect();
    const { width, height } = this.menu.getBoundingClientRect();
    this.menu.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
    this.menu.style.top = `${at.bottom + height + 8 > innerHeight ? Math.max(8, at.top - height - 4) : at.bottom + 4}px`;
    this.menu.querySelector('button')?.focus();
  }

  closed() {
    this.row?.classList.remove('chosen');
    const button = this.row?.querySelector('.actions');
    if (button?.isConnected && (document.activeElement === document.body || this.menu.contains(document.activeElement))) button.focus({ preventScroll: true });
    this.row = null;
  }

  walkMenu(event) {
    const entries = [...this.menu.querySelectorAll('button')];
    const at = entries.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (event.key === 'Tab' || event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.menu.hidePopover();
    } else if (to !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      entries[(to + entries.length) % entries.length].focus();
    }
  }
}
