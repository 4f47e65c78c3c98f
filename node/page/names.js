// Which names the page takes, told while one types: by the node's own rules (Names and accounts in PROTOCOL.md), to which
// tests/conversations/names.json holds both.

import { word } from './words.js';

export const nameLettersMax = 64;
const tellFromLetters = 48;
const control = /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069\u200E\u200F]/u;
const hidden = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u;
const blank = /[\p{White_Space}\u2800]/u;
const mark = /[\p{Mn}\p{Me}]/u;

const isJoiner = (letter) => ['\u200C', '\u200D', '\uFE0E', '\uFE0F'].includes(letter);
/** A joiner or selector stays where it shapes a letter or an emoji: between two that can be seen. */
function shapes(before, joiner, next) {
  const isSelector = joiner >= '\uFE00';
  if (before && !blank.test(before) && !isJoiner(before) && (isSelector || (next && !blank.test(next)))) return true;
  return joiner === '\u200D' && before === '\uFE0F' && Boolean(next);
}

const fold = (name) => name.replace(/\p{Zs}+/gu, ' ').replace(/^ +| +$/g, '');
/** As RFC 8266 has it for nicknames: plain single spaces, none around, and compatible forms are one. */
export const tidyName = (name) => fold(fold(name).normalize('NFKC'));

/** Names as nodes compare them, or nearly: which one of them counts, the node says. */
export const folded = (name) => name.normalize('NFKC').toLowerCase();

/** {name, problem, note}: the name as it would be taken; `problem`: why it is not, or ''; `note`: how much room is left, when it gets scarce. */
export function readName(typed) {
  const name = tidyName(typed);
  const letters = [...name];
  const answer = (problem, note = '') => ({ name, problem, note });
  if (!name) return answer(typed && !/^ *$/.test(typed) ? word('nameBlank') : '');
  if (control.test(name)) return answer(word('nameControl'));
  if (letters.some((letter, i) => (isJoiner(letter) ? !shapes(letters[i - 1], letter, letters[i + 1]) : hidden.test(letter)))) return answer(word('nameHidden'));
  if (!letters.some((letter) => !blank.test(letter) && !isJoiner(letter) && !mark.test(letter))) return answer(word('nameInvisible'));
  if (letters.length > nameLettersMax) return answer(word('nameLong', letters.length - nameLettersMax, nameLettersMax));
  return answer('', letters.length >= tellFromLetters ? word('nameRoom', nameLettersMax - letters.length) : '');
}
