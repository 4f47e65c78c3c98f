// How a message looks. All that others wrote is text, never markup.

import { pieces } from './autolink.js';
import { lazily } from './clock.js';
import { fateText } from './fate.js';

const states = {
  sending: ['…', 'not at the server yet; it is sent by itself'],
  accepted: ['✓', 'safe on this server; people on other servers see it when the store has it'],
  stored: ['✓✓', 'stored for everybody'],
  refused: ['!', ''],
  failed: ['!', ''],
};
const clock = lazily(() => new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }));

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const drawn = new WeakMap();
/** Draws a list anew when it shows something else than last time: a button that is being pressed is not taken away for nothing. */
export function redraw(list, shows, rows) {
  const signature = JSON.stringify(shows);
  if (drawn.get(list) === signature) return false;
  drawn.set(list, signature);
  list.replaceChildren(...rows());
  return true;
}

function withLinks(text) {
  const made = element('p', 'text');
  made.dir = 'auto';
  for (const { text: piece, href } of pieces(text)) {
    if (href === undefined) {
      made.append(piece);
      continue;
    }
    const link = element('a', '', piece);
    Object.assign(link, { href, rel: 'noopener noreferrer nofollow', target: '_blank' });
    made.append(link);
  }
  return made;
}

/** A hue of one's own, the same for everybody. */
function hueOf(name) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) % 360;
  return hash;
}

/** A name in its colour. It may hold anything: what turns the direction of writing ends with it. */
export function nameOf(user) {
  const name = element('bdi', 'user', user);
  name.style.setProperty('--hue', hueOf(user));
  return name;
}

function fateElement(name, { text, title }) {
  const made = element(name, 'fate', text);
  if (title) made.title = title;
  return made;
}

/** The row of an item. `isMine`: said here, or by who I am; `on`: what to call: again(post), forget(post). */
export function renderMessage(item, isMine, on) {
  const node = element('li');
  const head = element('p', 'head');
  const time = element('time', '', Number.isNaN(item.time.getTime()) ? '' : clock().format(item.time));
  head.append(nameOf(item.user), time);
  if (item.late) head.append(element('span', 'late', 'came late'));
  const fate = fateText(item);
  if (fate && !fate.instead) head.append(fateElement('span', fate));
  node.append(head, fate?.instead ? fateElement('p', fate) : withLinks(item.text));
  node.classList.toggle('late', item.late);
  node.classList.toggle('mine', isMine);
  if (item.post) {
    node.append(element('span', 'state'));
    markMessage(node, item.post, on);
  }
  return node;
}

/** Shows what became of a message that was said here. */
export function markMessage(node, post, on) {
  const [sign, meaning] = states[post.state];
  const shown = node.querySelector('.state');
  node.dataset.state = post.state;
  shown.replaceChildren(sign);
  shown.title = meaning || post.reason;
  if (post.state !== 'refused' && post.state !== 'failed') {
    shown.setAttribute('role', 'img');
    shown.setAttribute('aria-label', meaning);
    return;
  }
  shown.removeAttribute('role');
  shown.removeAttribute('aria-label');
  const again = element('button', '', 'Try again');
  again.onclick = () => on.again(post);
  const forget = element('button', '', 'Discard');
  forget.onclick = () => on.forget(post);
  const what = post.state === 'failed' ? 'The store did not take it' : 'Not sent';
  shown.replaceChildren(`${what}: ${post.reason}. `, again, ' ', forget);
}
