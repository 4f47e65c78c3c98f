// Which names the page takes, told while one types. The node's own rule: 1 to 64 bytes of UTF-8, without what turns or breaks a line. The page
// also takes no name that has letters which nobody sees: two people would look like one, or like nobody.

import { word } from './words.js';

export const nameBytesMax = 64;
const tellFromBytes = 48;
const forbidden = /[\u0000-\u001F\u007F-\u009F\u2028\u2029\u202A-\u202E\u2066-\u2069\u200E\u200F\uFEFF]|\p{Cs}/u;
const invisible = /[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B\u2060-\u2065\u206A-\u206F\u2800\u3164\uFFA0\uFFF0-\uFFFB\u{1D173}-\u{1D17A}\u{E0000}-\u{E0FFF}]/u;
const joiner = /[\u200C\u200D]/u;
const joinerBetween = /(?<=[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])[\u200C\u200D](?=[\p{L}\p{M}\p{Extended_Pictographic}])/gu;
const flag = /\u{1F3F4}[\u{E0020}-\u{E007E}]+\u{E007F}/gu;      // of England, say: tags after a black flag
const variant = /(?<=\p{Script=Han})[\u{E0100}-\u{E01EF}]/gu;   // how a character is drawn
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;

const bytesOf = (text) => new TextEncoder().encode(text).length;

/** With plain single spaces, and none around: as RFC 8266 has it for nicknames. */
export const tidyName = (name) => name.replace(/\p{Zs}+/gu, ' ').trim();

/** {name, problem, note}: the name as it would be taken; `problem`: why it is not, or ''; `note`: how much room is left, when it gets scarce. */
export function readName(typed) {
  const name = tidyName(typed);
  const rest = name.replace(flag, 'x').replace(variant, '').replace(joinerBetween, '');
  const bytes = bytesOf(name);
  const answer = (problem, note = '') => ({ name, problem, note });
  if (!name) return answer(typed && !/^[ \t]*$/.test(typed) ? word('nameBlank') : '');
  if (forbidden.test(name)) return answer(word('nameControl'));
  if (invisible.test(rest) || joiner.test(rest)) return answer(word('nameHidden'));
  if (!visible.test(rest)) return answer(word('nameInvisible'));
  if (bytes > nameBytesMax) return answer(word('nameLong', bytes - nameBytesMax, measure(name)));
  return answer('', bytes >= tellFromBytes ? word('nameRoom', nameBytesMax - bytes, measure(name)) : '');
}

/** Says how letters count, where they do not count as one. */
function measure(name) {
  const wide = [...name].find((letter) => bytesOf(letter) > 1);
  return word('namePlaces', nameBytesMax, wide, wide && bytesOf(wide));
}
