// The part of CommonMark that people write in a chat: code blocks, quotes, inline code, bold and italic, and links as they stand. It makes a
// tree, and no markup: what is not one of these stays the text that was written, character for character.
//
// Unlike CommonMark: every line break is one; a quote ends with its line; an asterisk within a word is an asterisk (2*3*4); a backslash before
// `_` is shown (the arm of a shrug).

import { addresses } from './autolink.js';

const quoteDepthMax = 4;
const special = /[\\`*_]/g;
const space = /\s/u;
const punctuation = /[\p{P}\p{S}]/u;
const wordly = /[\p{L}\p{N}\p{M}]/u;
const fence = /^ {0,3}(?:(`{3,})([^`]*)|(~{3,})(.*))$/;
const quoted = /^ {0,3}> ?/;

/**
 * The text as blocks, in their order: {type: 'text', inlines}, {type: 'code', text, info}, {type: 'quote', blocks}. An inline is
 * {type: 'text', text}, {type: 'link', text, href}, {type: 'code', text}, {type: 'strong', inlines} or {type: 'em', inlines}.
 */
export const parse = (text) => blocksOf(text.split('\n'), 0);

/** True when the text is nothing but one paragraph of plain text: most are, and need no tree. */
export const isPlain = (text) => !/[\\`*_>~]|https?:/i.test(text);

function blocksOf(lines, depth) {
  const blocks = [];
  let written = [];
  const endText = () => {
    while (written.length && !written.at(-1).trim()) written.pop();
    while (written.length && !written[0].trim()) written.shift();
    if (written.length) blocks.push({ type: 'text', inlines: paragraphs(written.join('\n')) });
    written = [];
  };
  for (let i = 0; i < lines.length;) {
    const opened = fence.exec(lines[i]);
    if (opened) {
      endText();
      const { block, next } = codeBlock(lines, i, opened);
      blocks.push(block);
      i = next;
    } else if (depth < quoteDepthMax && quoted.test(lines[i])) {
      endText();
      const inner = [];
      for (; i < lines.length && quoted.test(lines[i]); ++i) inner.push(lines[i].replace(quoted, ''));
      blocks.push({ type: 'quote', blocks: blocksOf(inner, depth + 1) });
    } else {
      written.push(lines[i++]);
    }
  }
  endText();
  return blocks;
}

/** From the fence at line `at` to the one that closes it, or to the end. */
function codeBlock(lines, at, [line, ticks, tickInfo, tildes, tildeInfo]) {
  const mark = ticks ?? tildes;
  const indent = new RegExp(`^ {0,${line.indexOf(mark)}}`);
  const closing = new RegExp(`^ {0,3}${mark[0]}{${mark.length},}[ \\t]*$`);
  const content = [];
  let next = at + 1;
  for (; next < lines.length && !closing.test(lines[next]); ++next) content.push(lines[next].replace(indent, ''));
  return { block: { type: 'code', text: content.join('\n'), info: (tickInfo ?? tildeInfo ?? '').trim() }, next: next + 1 };
}

/** Bold does not reach over an empty line. */
function paragraphs(text) {
  const inlines = [];
  for (const piece of text.split(/(\n[ \t]*\n\s*)/)) {
    if (!piece) continue;
    if (/^\s*$/.test(piece)) inlines.push({ type: 'text', text: piece });
    else inlines.push(...inlinesOf(piece));
  }
  return joined(inlines);
}

function joined(inlines) {
  const out = [];
  for (const one of inlines) {
    if (one.type === 'text' && out.at(-1)?.type === 'text') out[out.length - 1] = { type: 'text', text: out.at(-1).text + one.text };
    else out.push(one);
  }
  return out;
}

// ---- inlines

export function inlinesOf(text) {
  const parts = scan(text);
  pair(parts);
  return treeOf(parts);
}

/** The text as parts: finished inlines, and runs of `*` or `_` that may become emphasis. */
function scan(text) {
  const links = addresses(text);
  const runs = backtickRuns(text);
  const parts = [];
  let link = 0;
  let from = 0;
  let at = 0;
  const add = (part, end) => {
    if (from < at) parts.push({ type: 'text', text: text.slice(from, at) });
    if (part) parts.push(part);
    from = at = end;
  };
  while (at < text.length) {
    while (link < links.length && links[link].at < at) link += 1;
    special.lastIndex = at;
    const next = special.exec(text)?.index ?? text.length;
    if (link < links.length && links[link].at <= next) {
      const { at: begin, text: shown, href } = links[link];
      at = begin;
      add({ type: 'link', text: shown, href }, begin + shown.length);
      continue;
    }
    at = next;
    if (at === text.length) break;
    const mark = text[at];
    if (mark === '\\') {
      if ('*`'.includes(text[at + 1] ?? ' ')) add({ type: 'text', text: text[at + 1] }, at + 2);
      else at += text[at + 1] === '_' ? 2 : 1;
      continue;
    }
    let end = at + 1;
    while (text[end] === mark) end += 1;
    if (mark !== '`') {
      add({ type: 'run', ...run(text, at, end) }, end);
      continue;
    }
    const close = nextOf(runs.get(end - at), end);
    if (close === undefined) at = end;
    else add({ type: 'code', text: codeSpan(text.slice(end, close)) }, close + end - at);
  }
  add(null, at);
  return parts;
}

/** Where runs of backticks begin, by their length, the first one last. */
function backtickRuns(text) {
  const found = new Map();
  for (const { 0: ticks, index } of text.matchAll(/`+/g)) {
    if (!found.has(ticks.length)) found.set(ticks.length, []);
    found.get(ticks.length).push(index);
  }
  for (const places of found.values()) places.reverse();
  return found;
}

/** The next of these places that is not before `at`; those before it are dropped. */
function nextOf(places, at) {
  while (places?.length && places.at(-1) < at) places.pop();
  return places?.at(-1);
}

function codeSpan(raw) {
  const line = raw.replaceAll('\n', ' ');
  return line.startsWith(' ') && line.endsWith(' ') && line.trim() ? line.slice(1, -1) : line;
}

/** What a run of asterisks or underscores can do, where it stands: CommonMark's flanking rules. */
function run(text, begin, end) {
  const before = [...text.slice(Math.max(0, begin - 2), begin)].at(-1) ?? ' ';
  const after = String.fromCodePoint(text.codePointAt(end) ?? 32);
  const left = !space.test(after) && (!punctuation.test(after) || space.test(before) || punctuation.test(before));
  const right = !space.test(before) && (!punctuation.test(before) || space.test(after) || punctuation.test(after));
  const mark = text[begin];
  const inWord = wordly.test(before) && wordly.test(after);
  const lone = mark === '*' && end - begin === 1 && inWord;
  return {
    mark, length: end - begin, left: end - begin, opens: [], closes: [],
    canOpen: !lone && left && (mark === '*' || !right || punctuation.test(before)),
    canClose: !lone && right && (mark === '*' || !left || punctuation.test(after)),
  };
}

/** Finds which runs belong together; each learns what it opens (outermost first) and closes (innermost first). CommonMark's "process emphasis". */
function pair(parts) {
  const runs = parts.filter(({ type }) => type === 'run');
  const openers = [];  // runs that may still be opened, in their order
  const bottoms = new Map();
  for (const closer of runs) {
    while (closer.canClose && closer.left > 0) {
      const kind = `${closer.mark}${closer.canOpen}${closer.length % 3}`;
      const bottom = bottoms.get(kind) ?? 0;
      let at = openers.length - 1;
      for (; at >= bottom; --at) {
        const opener = openers[at];
        const oddMatch = (opener.canClose || closer.canOpen) && (opener.length + closer.length) % 3 === 0 && (opener.length % 3 !== 0 || closer.length % 3 !== 0);
        if (opener.mark === closer.mark && !oddMatch) break;
      }
      if (at < bottom) {
        bottoms.set(kind, openers.length);
        break;
      }
      const opener = openers[at];
      const size = opener.left >= 2 && closer.left >= 2 ? 2 : 1;
      opener.left -= size;
      closer.left -= size;
      opener.opens.unshift(size);
      closer.closes.push(size);
      openers.length = opener.left > 0 ? at + 1 : at;
      for (const [one, place] of bottoms) if (place > openers.length) bottoms.set(one, openers.length);
    }
    if (closer.canOpen && closer.left > 0) openers.push(closer);
  }
}

function treeOf(parts) {
  const stack = [{ inlines: [] }];
  for (const part of parts) {
    if (part.type !== 'run') {
      stack.at(-1).inlines.push(part);
      continue;
    }
    for (let i = 0; i < part.closes.length; ++i) {
      const made = stack.pop();
      made.inlines = joined(made.inlines);
      stack.at(-1).inlines.push(made);
    }
    if (part.left > 0) stack.at(-1).inlines.push({ type: 'text', text: part.mark.repeat(part.left) });
    for (const size of part.opens) stack.push({ type: size === 2 ? 'strong' : 'em', inlines: [] });
  }
  return joined(stack[0].inlines);
}
