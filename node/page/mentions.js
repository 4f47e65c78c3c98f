// Whether somebody is named in a text: `@ann`, or the name by itself as a word, as chats have it since IRC. Case does not matter.

const boundless = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Khmer}\p{Script=Lao}\p{Script=Myanmar}]/u;
const bareMin = 3;  // a shorter name is too often a word
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\\/]/g, '\\$&');

const known = new Map();
function pattern(name) {
  if (!known.has(name)) {
    const end = boundless.test(name.slice(-2)) ? '' : '(?![\\p{L}\\p{M}\\p{N}_])';
    const start = boundless.test(name) ? '' : '(?<![\\p{L}\\p{M}\\p{N}_@])';
    const bare = [...name].length < bareMin ? '' : `|${start}${escaped(name)}${end}`;
    known.set(name, new RegExp(`(?<![\\p{L}\\p{N}_])@${escaped(name)}${end}${bare}`, 'giu'));
  }
  return known.get(name);
}

/** Where `name` is named in `text`: [{at, length}], in their order. */
export function namings(text, name) {
  if (!name) return [];
  return [...text.matchAll(pattern(name))].map(({ 0: whole, index: at }) => ({ at, length: whole.length }));
}

export const names = (text, name) => Boolean(name) && namings(text, name).length > 0;
