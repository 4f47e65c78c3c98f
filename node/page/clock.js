// The node's clock, as this page knows it. Spans are measured with the monotonic clock only: the wall clock of a person's machine may be wrong,
// and may be set while the page is open. `Date.now` is called in this file and nowhere else.

const jumpMs = 1000;         // the two own clocks part by more: one was set, or the machine slept
const roundTripMaxMs = 1000; // the answer to a longer question says little about the clock

/** Milliseconds since the page was loaded. Never goes back. */
export const monotonic = () => performance.now();

/** Made when it is first used: what formats a time takes the browser long to make, and a page should be there at once. */
export function lazily(make) {
  let made;
  return () => made ??= make();
}

/** The wall clock that the person sees, for text such as "until 18:40". */
export const shownTimeAfter = (ms) => new Date(Date.now() + ms);

/**
 * Tells the node's time from the monotonic clock and an offset, which is learnt anew from each answer that came quickly.
 *
 * `sure`: the offset is known, and no jump was noticed since it was learnt. What is dated meanwhile may have to be dated again.
 */
export class NodeClock {
  /** The two own clocks, in milliseconds; a test passes others. */
  constructor(own = { monotonic, wall: () => Date.now() }) {
    this.own = own;
    this.sure = false;
    this.offset = null;  // from the monotonic clock to the node's; null: no node has said
    this.drift = own.wall() - own.monotonic();
  }

  /** Milliseconds since 1970 at the node. Before a node has said: by the own wall clock. */
  now() { return this.offset === null ? this.own.wall() : this.own.monotonic() + this.offset; }

  /** The node said `nodeNow`, in answer to what was asked at `askedAt`; the answer came at `heardAt` (both monotonic). True when it counts. */
  learn(nodeNow, askedAt, heardAt = this.own.monotonic()) {
    const roundTrip = heardAt - askedAt;
    if (!Number.isFinite(nodeNow) || (this.sure && roundTrip > roundTripMaxMs)) return false;
    this.offset = nodeNow + roundTrip / 2 - heardAt;
    this.sure = true;
    return true;
  }

  /** Nobody says the node's time: the own clock has to do. */
  settle() { this.sure = true; }

  /** The offset cannot be right: a key that was made with it was refused. */
  doubt() { this.sure = false; }

  /** True once after the own clock was set, or the machine slept; from then on until the next answer the clock is not sure. */
  jumped() {
    const drift = this.own.wall() - this.own.monotonic();
    const jump = Math.abs(drift - this.drift) > jumpMs;
    this.drift = drift;
    if (jump) this.sure = false;
    return jump;
  }
}
