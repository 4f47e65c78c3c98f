// Where the reader is in the list: who is at its end stays there; who reads further up is not moved, whatever comes in above or below.

export class Place {
  /** `showsNewest()`: the newest message is in the list; `toEnd()`: shows it. */
  constructor(scroller, list, newest, { showsNewest, toEnd }) {
    Object.assign(this, { scroller, list, newest, showsNewest });
    this.atEnd = true;
    this.keeping = false;
    scroller.addEventListener('scroll', () => {
      this.atEnd = this.fromEnd < 60 && showsNewest();
      if (this.atEnd) newest.hidden = true;
    }, { passive: true });
    // A banner, a longer draft or a phone's keyboard takes room away: the end stays in sight.
    new ResizeObserver(() => { if (this.atEnd) this.toNewest(); }).observe(scroller);
    newest.onclick = toEnd;
  }

  get fromEnd() { return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight; }

  toNewest() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.atEnd = true;
    this.newest.hidden = true;
  }

  /** Does something to the list, and measures it once, however many changes there are within. Gives what `change` gives. */
  keep(change) {
    if (this.keeping) return change();
    const anchor = this.atEnd ? null : this.firstSeen();
    const top = anchor?.getBoundingClientRect().top;
    const first = this.list.firstElementChild;
    const last = this.list.lastElementChild;
    this.keeping = true;
    let result;
    try {
      result = change();
    } finally {
      this.keeping = false;
    }
    if (this.atEnd) {
      if (this.list.lastElementChild !== last || this.list.firstElementChild !== first || this.fromEnd > 0) this.toNewest();
    } else if (anchor?.isConnected) {
      this.scroller.scrollTop += anchor.getBoundingClientRect().top - top;
    }
    return result;
  }

  /** The first row that is in sight, or the last one. Rows stand below each other, so halving finds it. */
  firstSeen() {
    const edge = this.scroller.getBoundingClientRect().top;
    const rows = this.list.children;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].getBoundingClientRect().bottom > edge) high = middle;
      else low = middle + 1;
    }
    return rows[low];
  }
}
