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

/** The time and counter of a message's place, as one number: equal to that of the key it was made from. */
export const stampOfPosition = (position) => decode(position) >> 64n;
export const stampOfKey = (key) => decode(key.slice(0, 13));
/** Where a message stands whose id is not known yet: just before its final place. */
export const positionOfKey = (key) => encode(stampOfKey(key) << 64n, 26);

const stamp = (ms, counter = 0) => (BigInt(Math.trunc(ms)) << 16n) | BigInt(counter);

/** Makes keys, each above the one before and above all that was seen: an answer stands after what it answers. */
export class KeyMaker {
  constructor() {
    this.offsetMs = 0;  // from our clock to the node's
    this.newest = 0n;
    this.last = 0n;
    const random = crypto.getRandomValues(new Uint8Array(8));
    this.tag = [...random].map((byte) => letters[byte & 31]).join('');
  }

  saw(position) {
    const seen = stampOfPosition(position);
    if (seen > this.newest) this.newest = seen;
  }

  next() {
    const clock = Date.now() + this.offsetMs;
    let key = stamp(clock);
    if (this.newest >= key && this.newest <= stamp(clock + followAheadMs)) key = this.newest + 1n;
    if (this.last >= key) key = this.last + 1n;
    this.last = key;
    return encode(key, 13) + '-' + this.tag;
  }
}
