// A text as nodes: the tree of markup.js, with links, and marked where the reader is named. All that others wrote is text, never markup.

import { element } from './dom.js';
import { isBig } from './emoji.js';
import { parse, isPlain } from './markup.js';
import { namings } from './mentions.js';

/** The node of a message's text. `me`: the name that is marked in it. */
export function renderText(text, me) {
  const made = element('div', 'text');
  made.dir = 'auto';
  if (isBig(text)) made.classList.add('big');
  if (isPlain(text)) addMarked(made, text, me);
  else for (const block of parse(text)) made.append(blockNode(block, me));
  return made;
}

function blockNode(block, me) {
  if (block.type === 'code') {
    const made = element('pre');
    made.dir = 'ltr';
    made.append(element('code', '', block.text));
    return made;
  }
  const made = element(block.type === 'quote' ? 'blockquote' : 'p');
  made.dir = 'auto';
  if (block.type === 'quote') made.append(...block.blocks.map((inner) => blockNode(inner, me)));
  else addInlines(made, block.inlines, me);
  return made;
}

function addInlines(to, inlines, me) {
  for (const { type, text, href, inlines: inner } of inlines) {
    if (type === 'text') {
      addMarked(to, text, me);
    } else if (type === 'code') {
      to.append(element('code', '', text));
    } else if (type === 'link') {
      const link = element('a', '', text);
      Object.assign(link, { href, rel: 'noopener noreferrer nofollow', target: '_blank' });
      to.append(link);
    } else {
      const made = element(type);
      addInlines(made, inner, me);
      to.append(made);
    }
  }
}

function addMarked(to, text, me) {
  let done = 0;
  for (const { at, length } of namings(text, me)) {
    to.append(text.slice(done, at), element('mark', 'me', text.slice(at, at + length)));
    done = at + length;
  }
  if (done < text.length) to.append(done ? text.slice(done) : text);
}
