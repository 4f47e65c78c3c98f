// Whether a connection lives. It can die without a word: a sleeping laptop, another network, a proxy that forgot it.

const near = { quietMs: 3000, patienceMs: 1500 };    // somebody is at the page
const far = { quietMs: 30_000, patienceMs: 8000 };
const answerMs = 1000;       // what was asked is answered by then, or there is a ping
const patienceMaxMs = 8000;
const lateMs = 2000;         // a tick this much too late: the machine slept, or the page was frozen

/**
 * A machine without timers: it is told what happens, and `tick` says what is to be done. All times are monotonic milliseconds.
 * With somebody at the page a dead connection is noticed within 5 s, and within 3 s after an unanswered question.
 */
export class Watch {
  constructor(now) { Object.assign(this, { heardAt: now, askedAt: null, pingedAt: null, tickedAt: now, woken: false, roundTrip: 0 }); }

  heard(now) { Object.assign(this, { heardAt: now, askedAt: null, pingedAt: null, woken: false }); }

  /** Something was sent that is answered at once. */
  asked(now) { this.askedAt ??= now; }

  /** A ping was sent. */
  pinged(now) { this.pingedAt = now; }

  /** The answer to a ping took this long: on a slow way there is more patience. */
  took(ms) { this.roundTrip = ms; }

  /** Something happened after which a connection is often dead (another network, a page that is shown again): 'ping', or '' when one is under way. */
  poke() { return this.pingedAt === null ? 'ping' : ''; }

  /** 'ping', 'dead' or ''. `attended`: somebody is at the page. To be called four times a second. */
  tick(now, attended) {
    const late = now - this.tickedAt > lateMs;
    this.tickedAt = now;
    if (late && !this.woken) {  // what came meanwhile may not have been read yet: no verdict before a new question
      this.woken = true;
      return 'ping';
    }
    const { quietMs, patienceMs } = attended ? near : far;
    const patience = Math.min(Math.max(patienceMs, 3 * this.roundTrip), patienceMaxMs);
    if (this.pingedAt !== null) return now - this.pingedAt >= patience ? 'dead' : '';
    const waiting = this.askedAt !== null && now - this.askedAt >= answerMs;
    return waiting || now - this.heardAt >= quietMs ? 'ping' : '';
  }
}
