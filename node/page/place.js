// Where the reader is in the list: who is at its end stays there; who reads further up is not moved, whatever comes in above or below.

export class Place {
  constructor(scroller, list, newest) {
    Object.assign(this, { scroller, list, newest });
    this.atEnd = true;
    scroller.addEventListener('scroll', () => {
      this.atEnd = this.fromEnd < 60;
      if (this.atEnd) newest.hidden = true;
    }, { passive: true });
    // A banner, a longer draft or a phone's keyboard takes room away: the end stays in sight.
    new ResizeObserver(() => { if (this.atEnd) this.toNewest(); }).observe(scroller);
    newest.onclick = () => this.toNewest();
  }

  get fromEnd() { return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight; }

  toNewest() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.atEnd = true;
    this.newest.hidden = true;
  }

  /** Does something to the list. `below`: it may bring something new at the end. */
  keep(change, below = true) {
    if (this.atEnd) {
      change();
      return this.toNewest();
    }
    const anchor = this.firstSeen();
    const top = anchor?.getBoundingClientRect().top;
    const last = this.list.lastElementChild;
    change();
    if (anchor?.isConnected) this.scroller.scrollTop += anchor.getBoundingClientRect().top - top;
    if (below && this.list.lastElementChild !== last) this.newest.hidden = false;
  }

  firstSeen() {
    const edge = this.scroller.getBoundingClientRect().top;
    let node = this.list.lastElementChild;
    while (node?.previousElementSibling && node.previousElementSibling.getBoundingClientRect().bottom > edge) node = node.previousElementSibling;
    return node;
  }
}
