// The actions that every message has: copy its text or its address, reply; for one's own, edit and remove, or discard what is not at a server yet.

import { addAction } from './actions.js';
import { word } from './words.js';

const isRemoved = (item) => item.removed !== undefined;

/** The address of a message: that of its room, and its place. */
export const linkOf = (room, item) => new URL(`#${room}/${item.position}`, document.baseURI).href;

/** `on`: what to call: reply(item), room(): its name, told(text), forget(post), edit(item), remove(item), mayChange(item), mayRemove(item). */
export function addMessageActions(on) {
  const copy = (text, told) => navigator.clipboard?.writeText(text).then(() => on.told(word(told)), () => on.told(word('notCopied'))) ?? on.told(word('notCopied'));
  addAction({ id: 'reply', order: 10, word: 'reply', when: (item) => Boolean(item.id) && !isRemoved(item), run: (item) => on.reply(item) });
  addAction({ id: 'edit', order: 15, word: 'edit', when: on.mayChange, run: (item) => on.edit(item) });
  addAction({ id: 'copy', order: 20, word: 'copyText', when: (item) => !isRemoved(item), run: (item) => copy(item.text, 'copied') });
  addAction({ id: 'link', order: 30, word: 'copyLink', when: (item) => Boolean(item.id), run: (item) => copy(linkOf(on.room(), item), 'linkCopied') });
  addAction({ id: 'remove', order: 80, word: 'remove', when: on.mayRemove, run: (item) => on.remove(item) });
  addAction({ id: 'discard', order: 90, word: 'discard', when: (item) => Boolean(item.post) && !item.id && item.post.state !== 'accepted', run: (item) => on.forget(item.post) });
}
