// A colour and initials for each name: the same for everybody, and spread well, so that two names in a room seldom look alike.

/** FNV-1a with a final mix (that of MurmurHash3), so that names which differ in one letter differ in all bits. */
function hash(text) {
  let made = 0x811c9dc5;
  for (const char of text) made = Math.imul(made ^ char.codePointAt(0), 0x01000193);
  made = Math.imul(made ^ (made >>> 16), 0x85ebca6b);
  made = Math.imul(made ^ (made >>> 13), 0xc2b2ae35);
  return (made ^ (made >>> 16)) >>> 0;
}

/** A hue in degrees: one of 36, since nobody tells more of them apart. */
export const hueOf = (name) => (hash(name) % 36) * 10;

const letter = /[\p{L}\p{N}]/u;
const graphemes = globalThis.Intl?.Segmenter ? new Intl.Segmenter() : null;
const firstOf = (text) => (graphemes ? graphemes.segment(text)[Symbol.iterator]().next().value?.segment : [...text][0]) ?? '';

/** One or two letters for a name: of its first and last word, or its first sign. */
export function initials(name) {
  const words = name.split(/[\s._-]+/).filter((one) => letter.test(firstOf(one)));
  if (!words.length) return firstOf(name);
  const [first, last] = [words[0], words.at(-1)];
  return words.length === 1 ? firstOf(first).toLocaleUpperCase() : (firstOf(first) + firstOf(last)).toLocaleUpperCase();
}
