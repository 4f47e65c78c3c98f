// Message keys, as node/PROTOCOL.md defines them: 48 bits of milliseconds and 16 bits of a counter in Crockford's base32.

const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const followAheadMs = 30_000;

function encode(number, count) {
  let out = '';
  for (let i = 0; i < count; ++i, number >>= 5n) out = letters[Number(number & 31n)] + out;
  return out;
}

function decode(text) {
  let number = 0n;
  for (const letter of text) number = (number << 5n) | BigInt(letters.indexOf(letter));
  return number;
}

/** Before every place: of a room in which nothing was said yet. What comes after it is new. */
export const beforeAll = '0'.repeat(26);

/** The time and counter of a message's place, as one number: equal to that of the key it was made from. A place has 26 or 39 letters. */
export const stampOfPosition = (position) => decode(position.slice(0, 26)) >> 64n;
export const stampOfKey = (key) => decode(key.slice(0, 13));
/** The time of the key that a place was made from, in milliseconds since 1970. */
export const timeOfPosition = (position) => Number(stampOfPosition(position) >> 16n);
export const timeOfKey = (key) => Number(stampOfKey(key) >> 16n);

/** True when a key came from a clock that was ahead: what it stands for is no later decision. */
export const isAhead = (key, nowMs) => timeOfKey(key) > nowMs + 1000;
/** Where a message stands whose id is not known yet: just before its final place. */
export const positionOfKey = (key) => encode(stampOfKey(key) << 64n, 26);

const stamp = (ms, counter = 0) => (BigInt(Math.trunc(ms)) << 16n) | BigInt(counter);

const latestMs = 2 ** 48 - 1;

/** Makes keys, each above the one before and above all that was seen: an answer stands after what it answers. */
export class KeyMaker {
  /** `clock.now()`: the node's time in milliseconds. */
  constructor(clock) {
    this.clock = clock;
    this.newest = '';  // the highest position seen; positions sort as text
    this.limit = '';   // a position up to which one may be followed, when it was last looked at
    this.last = 0n;
    this.newTag();
  }

  newTag() {
    const random = crypto.getRandomValues(new Uint8Array(8));
    this.tag = [...random].map((byte) => letters[byte & 31]).join('');
  }

  /** What is further ahead than may be followed is not kept either: all that comes after it must be followed still. */
  saw(position) {
    if (position <= this.newest) return;
    if (position > this.limit) this.limit = encode(stamp(Math.min(Math.max(this.clock.now(), 0) + followAheadMs, latestMs)) << 64n, 26);
    if (position <= this.limit) this.newest = position;
  }

  /**
   * A key with the node's time, or a little above what was seen or made before. What is further ahead than 30 s is not followed, not even the
   * own last key: it came from a clock that was wrong, and the node would refuse all that follows it. A new tag then keeps keys unique.
   *
   * `aboveMs`: the time of a change that this one takes the place of. That is followed however far it is ahead; else nobody could change it again
   * before that time has come.
   */
  next(aboveMs = 0) {
    const now = Math.min(Math.max(this.clock.now(), 0), latestMs);
    const limit = stamp(Math.min(now + followAheadMs, latestMs));
    const newest = this.newest ? stampOfPosition(this.newest) : 0n;
    let key = stamp(now);
    if (newest >= key && newest <= limit) key = newest + 1n;
    if (this.last >= key && this.last <= limit) key = this.last + 1n;
    else if (this.last >= key) this.newTag();
    this.last = key;
    if (aboveMs > 0 && aboveMs < latestMs && key <= stamp(aboveMs, 0xffff)) key = stamp(aboveMs + 1);
    return encode(key, 13) + '-' + this.tag;
  }
}
