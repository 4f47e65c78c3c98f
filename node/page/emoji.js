// Whether a text is nothing but a few emoji: those are shown big.

const bigMax = 6;
const one = '(?:\\p{Regional_Indicator}{2}|[0-9#*]\\uFE0F?\\u20E3|\\p{Extended_Pictographic}(?:\\p{Emoji_Modifier}|\\uFE0F)?(?:[\\u{E0020}-\\u{E007F}]+|(?:\\u200D\\p{Extended_Pictographic}(?:\\p{Emoji_Modifier}|\\uFE0F)?)*))';
const onlyEmoji = new RegExp(`^(?:${one}\\s*){1,${bigMax}}$`, 'u');
const plain = /^[©®™↔-⇿‼⁉\s]+$/u;  // signs that are text unless said otherwise

export const isBig = (text) => text.length < 120 && onlyEmoji.test(text) && !plain.test(text);
