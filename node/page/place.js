// Where the reader is in the list: who is at its end stays there; who reads further up is not moved, whatever comes in above or below.

export class Place {
  /** `showsNewest()`: the newest message is in the list; `left()`: the reader came to the end, or left it. */
  constructor(scroller, list, { showsNewest, left }) {
    Object.assign(this, { scroller, list, showsNewest, left });
    this.atEnd = true;
    this.keeping = false;
    scroller.addEventListener('scroll', () => this.look(), { passive: true });
    // A banner, a longer draft or a phone's keyboard takes room away, and what is in the list grows when a font comes: the end stays in sight.
    const sizes = new ResizeObserver(() => { if (this.atEnd && this.fromEnd > 0) this.toNewest(); });
    for (const one of [scroller, ...scroller.children]) sizes.observe(one);
  }

  get fromEnd() { return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight; }

  look() {
    const atEnd = this.fromEnd < 60 && this.showsNewest();
    if (atEnd === this.atEnd) return;
    this.atEnd = atEnd;
    this.left();
  }

  toNewest() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.atEnd = true;
    this.left();
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
    return this.rowWhere((box) => box.bottom > edge);
  }

  /** The last row whose beginning is in sight. */
  lastSeen() {
    const edge = this.scroller.getBoundingClientRect().bottom - 8;
    const below = this.rowWhere((box) => box.top > edge);
    return below && below.getBoundingClientRect().top > edge ? below.previousElementSibling : below;
  }

  /** The first row of which `is` holds (as for all behind it), or the last one. */
  rowWhere(is) {
    const rows = this.list.children;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (is(rows[middle].getBoundingClientRect())) high = middle;
      else low = middle + 1;
    }
    return rows[low];
  }
}
