// What a person has seen of the room on the screen: where its unread part begins, what of it is in sight, and how much came in further down.

import { beforeAll } from './keys.js';
import { itemOf } from './message.js';
import { word } from './words.js';


export class Reader {
  /** `place`, `reading`, `attention`: as named; `wayDown`: the button to the newest; `on.changed()`: what is unread is another. */
  constructor({ place, reading, attention, scroller, wayDown }, on) {
    Object.assign(this, { place, reading, attention, scroller, wayDown, on, view: null });
    const looked = () => this.looked();
    for (const what of ['focus', 'blur']) addEventListener(what, looked);
    document.addEventListener('visibilitychange', looked);
    addEventListener('pagehide', () => reading.save());
  }

  /** Another room is on the screen: where its reader was, or where the unread begins, or at its end. */
  enter(view) {
    this.view = view;
    this.place.toNewest();
    const { anchor } = view;
    if (anchor?.node?.isConnected) {
      if (view.unread) view.drawNew(view.readTo);
      view.mark();
      this.scroller.scrollTop += anchor.node.getBoundingClientRect().top - view.anchorTop;
      this.place.look();
    } else if (view.ready) {
      this.begin();
    }
  }

  /** The room goes from the screen: remembers where the reader is, unless that is at the end. */
  leave() {
    const { view, place } = this;
    const node = place.atEnd ? null : place.firstSeen();
    view.anchor = node ? itemOf(node) : null;
    view.anchorTop = node?.getBoundingClientRect().top;
    view.drawNew('');
  }

  /** The room is known up to now. On the first visit nothing of it is new. */
  joined(view) {
    if (!view.readTo) {
      view.readTo = view.items.findLast(({ id }) => id)?.position ?? beforeAll;
      this.reading.reached(view.name, view.readTo);
    }
    if (view === this.view && !view.newAfter) this.begin();
  }

  /** Where there is something unread, it begins with a line; if it is more than a screen, one comes to that line. */
  begin() {
    const { view, place, scroller } = this;
    if (!view.unread) return;
    view.drawNew(view.readTo);
    const item = view.firstNew;
    if (!item) return;
    if (!item.node?.isConnected) view.show(item);
    view.mark();
    const above = item.node.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
    if (above < 0) scroller.scrollTop += above - 8;
    place.look();
    if (place.atEnd) return;
    view.below = view.unread;
    this.showWayDown();
  }

  /** Somebody else said something, just now. */
  came(view, item) {
    if (view === this.view && !this.place.atEnd && item === view.items.at(-1)) {
      view.below += 1;
      this.showWayDown();
    }
    if (item.named) this.attention.named(item, view.name);
  }

  /** What is in sight, with somebody before it, is read. `hidden`: something else is shown in place of the messages. */
  note(hidden) {
    const { view, place } = this;
    if (!view?.ready || hidden || this.attention.away) return;
    const last = place.atEnd ? view.items.at(-1) : itemOf(place.lastSeen());
    if (!last || last.position < view.readTo) return;
    if (last.id) this.reading.reached(view.name, last.position);
    if (view.read(last.position)) this.on.changed();
  }

  /** What comes while one is away is new to who comes back. */
  looked() {
    if (!this.view) return;
    if (!this.attention.away) this.on.changed();
    else if (this.place.atEnd) this.view.drawNew(this.view.readTo);
  }

  showWayDown() {
    const { view, place, wayDown } = this;
    if (!view) return;
    if (place.atEnd) view.below = 0;
    wayDown.hidden = place.atEnd;
    const told = word('toNewest', view.below);
    if (wayDown.textContent !== told) wayDown.textContent = told;
  }
}
