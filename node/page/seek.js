// Going to a message, however far back: what lies between is asked for first, and the reader can stop that.

import { tell } from './dom.js';
import { word } from './words.js';

const pageSize = 500;
const slowAfter = 1000;  // messages read on the way: from then on it is told

export class Seek {
  /** `bar`: tells how far it is; `on`: what to call: older(view, limit), arrived(view, item), missing(goal). */
  constructor(bar, on) {
    Object.assign(this, { bar, on, goal: null, view: null });
    bar.querySelector('button').onclick = () => this.stop();
  }

  /** `goal`: {id?, position?, post?, text?, user?}: by its id, its place or, when it is not stored yet, its post. */
  start(view, goal) {
    Object.assign(this, { view, goal, before: view.items.length });
    this.step(view);
  }

  stop() {
    this.goal = this.view = null;
    this.tell('');
  }

  /** Something more is known of this room. */
  step(view) {
    const { goal } = this;
    if (!goal || view !== this.view) return;
    const item = view.byId.get(goal.id) ?? view.mine.get(goal.post?.key) ?? (goal.position ? view.itemAt(goal.position) : undefined);
    const passed = goal.position && view.oldest && view.oldest <= goal.position && view.ready;
    if (!item && view.more && !passed) {
      const read = view.items.length - this.before;
      if (read > slowAfter) this.tell(word('readingBack', read));
      this.on.older(view, pageSize);
      return;
    }
    if (!item && !view.ready) return;
    this.stop();
    if (item) this.on.arrived(view, item);
    else this.on.missing(goal);
  }

  tell(text) {
    tell(this.bar.querySelector('span'), text);
    this.bar.hidden = !text;
  }
}
