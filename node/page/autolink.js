// Where a text has addresses, as GitHub and Slack see them: without the marks around them, with parentheses that belong to them.

const address = /(?<![\p{L}\p{N}_@])https?:\/\/[^\s<>。，、！？；：「」『』《》〈〉【】“”„«»\p{Cc}\p{Cf}]+/giu;
const trailing = new Set('?!.,:;*_~\'"’`…|\\');
const pairs = { ')': '(', ']': '[', '}': '{' };

/** Without what stands at the end and belongs to the sentence: `.`, `**`, a quote, a closing bracket that was not opened in the address. */
function withoutTail(text) {
  const count = {};
  for (const letter of text) count[letter] = (count[letter] ?? 0) + 1;
  let end = text.length;
  for (; end > 0; --end) {
    const last = text[end - 1];
    const unopened = last in pairs && count[last] > (count[pairs[last]] ?? 0);
    if (!unopened && !trailing.has(last)) break;
    count[last] -= 1;
  }
  return text.slice(0, end);
}

/** What the address names, or null. An address with a name before its host is none: it is shown to look like another host. */
function target(text) {
  let url = null;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  return url.hostname && !url.username && !url.password && /^https?:$/.test(url.protocol) ? url.href : null;
}

/** The addresses in a text, in their order: {at, text, href}. */
export function addresses(text) {
  const found = [];
  if (!/https?:/i.test(text)) return found;
  for (const { 0: whole, index: at } of text.matchAll(address)) {
    const shown = withoutTail(whole);
    const href = target(shown);
    if (href) found.push({ at, text: shown, href });
  }
  return found;
}
