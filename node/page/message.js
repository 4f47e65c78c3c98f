// How a message looks: who, when, what, and what became of it.

import { markAlike } from './alike.js';
import { lazily } from './clock.js';
import { hueOf, initials } from './colours.js';
import { element } from './dom.js';
import { fateText } from './fate.js';
import { renderText } from './text.js';
import { locale, word } from './words.js';

const signs = { sending: '…', accepted: '✓', stored: '✓✓', refused: '!', failed: '!' };
const clock = lazily(() => new Intl.DateTimeFormat(locale, { timeStyle: 'short' }));
const stamp = lazily(() => new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' }));

/** A name in its colour. It may hold anything: what turns the direction of writing ends with it. */
export function nameOf(user) {
  const name = element('bdi', 'user', user);
  name.style.setProperty('--hue', hueOf(user));
  markAlike(name, user);
  return name;
}

/** A time of the day, with the whole date as its title. */
export function timeOf(time) {
  if (Number.isNaN(time.getTime())) return element('time');
  const made = element('time', '', clock().format(time));
  made.dateTime = time.toISOString();
  made.title = stamp().format(time);
  return made;
}

function avatarOf(user) {
  const made = element('span', 'avatar', initials(user));
  made.style.setProperty('--hue', hueOf(user));
  made.setAttribute('aria-hidden', 'true');
  return made;
}

function fateElement(name, { text, title }) {
  const made = element(name, 'fate', text);
  if (title) made.title = title;
  return made;
}

/** A message that I am removing: for a moment that can be undone. */
function removing(wish, on) {
  const made = fateElement('p', { text: `${word('beingRemoved')} ` });
  if (wish.state !== 'waits') return made;
  const undo = element('button', '', word('undo'));
  undo.type = 'button';
  undo.onclick = () => on.undo(wish.id);
  made.append(undo);
  return made;
}

const items = new WeakMap();
/** The item that a row of the log shows. */
export const itemOf = (row) => items.get(row);

/** The row of an item. `isMine`: said here, or by who I am; `on`: what to call: again(post), forget(post), undo(id);
 * `on.me()`: my name; `on.wish(id)`: what I want to become of it. */
export function renderMessage(item, isMine, on) {
  const node = element('li');
  items.set(node, item);
  const head = element('p', 'head');
  head.append(nameOf(item.user), ' ', timeOf(item.time));
  const wish = item.id ? on.wish?.(item.id) : undefined;
  const fate = wish ? null : fateText(item);
  if (fate && !fate.instead) head.append(fateElement('span', fate));
  const actions = element('button', 'actions', '⋯');
  actions.type = 'button';
  actions.tabIndex = -1;
  actions.setAttribute('aria-label', word('actionsOf', item.user));
  actions.setAttribute('aria-haspopup', 'menu');
  const body = wish?.text === null ? removing(wish, on) : fate?.instead ? fateElement('p', fate) : renderText(wish?.text ?? item.text, isMine ? '' : on.me?.());
  node.append(avatarOf(item.user), actions, head, body);
  if (wish?.text) head.append(fateElement('span', { text: word('beingChanged'), title: word('state_sending') }));
  node.classList.toggle('mine', isMine);
  node.classList.toggle('named', Boolean(item.named));
  if (item.post) {
    node.append(element('span', 'state'));
    markMessage(node, item.post, on);
  }
  return node;
}

/** Shows what became of a message that was said here. */
export function markMessage(node, post, on) {
  const shown = node.querySelector('.state');
  const meaning = word(`state_${post.state}`);
  node.dataset.state = post.state;
  shown.replaceChildren(signs[post.state]);
  shown.title = meaning || post.reason;
  if (post.state !== 'refused' && post.state !== 'failed') {
    shown.setAttribute('role', 'img');
    shown.setAttribute('aria-label', meaning);
    return;
  }
  shown.removeAttribute('role');
  shown.removeAttribute('aria-label');
  const again = element('button', '', word('tryAgain'));
  again.onclick = () => on.again(post);
  const forget = element('button', '', word('discard'));
  forget.onclick = () => on.forget(post);
  shown.replaceChildren(`${word(post.state === 'failed' ? 'notTaken' : 'notSent')}: ${post.reason}. `, again, ' ', forget);
}
