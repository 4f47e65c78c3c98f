// Calm words about the state of things: the connection, the store, and what went wrong.

import { lazily, shownTimeAfter } from './clock.js';

const many = (count, one, more) => (count === 1 ? one : `${count} ${more}`);

const timeOfDay = lazily(() => new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' }));
const shortMs = 5000;  // whoever waits no longer need not be told

const why = {
  key_ahead: (count) => `${many(count, 'One message was', 'messages were')} dated ahead of the server's clock`,
  too_fast: (count) => `${many(count, 'One message waits', 'messages wait')}: this server takes only so many at a time`,
  full: (count) => `${many(count, 'One message waits', 'messages wait')}: too many on this server wait for the store`,
  not_now: (count) => `${many(count, 'One message waits', 'messages wait')}: this server cannot take it now`,
};

/** One line on what waits for a time that the node named, and until when. `waiting`: as Posts.waiting tells it; `now`: monotonic. */
export function waitingText(waiting, now) {
  for (const [code, { count, until }] of waiting) {
    if (until - now < shortMs) continue;
    const when = timeOfDay().format(shownTimeAfter(until - now));
    return `${(why[code] ?? why.not_now)(count)}. ${count === 1 ? 'It is sent by itself' : 'They are sent by themselves'} at ${when}; you can go on.`;
  }
  return '';
}

const portion = ({ read, of }) => (of > 0 ? ` (${Math.min(99, Math.floor((read * 100) / of))} %)` : '');

/** The line above the messages: the one thing that matters most, or nothing. */
export function bannerText({ up, store, backlog, posts, gap, catchingUp, waiting = new Map(), now = 0 }) {
  const count = (state) => posts.filter((post) => post.state === state).length;
  if (!up) {
    const unsent = count('sending');
    return 'The connection to the server is gone; coming back by itself.' +
      (unsent ? ` ${many(unsent, 'One message waits', 'messages wait')} here to be sent.` : '');
  }
  const wait = waitingText(waiting, now);
  if (wait) return wait;
  if (store === 'down') {
    const stored = Math.max(backlog ?? 0, count('accepted'));
    return 'The store is away. People on this server see you; the others will when it is back.' +
      (stored ? ` ${many(stored, 'One message waits', 'messages wait')} for it.` : '');
  }
  if (gap) return 'Some messages may be missing; they are being fetched.';
  return catchingUp ? `This server is new and still reads older messages${portion(catchingUp)}; search finds them as they come.` : '';
}

/** Sets the text only when it is another: a screen reader reads out each change. */
export function tell(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
}

let problemTimer = 0;
export function showProblem(text) {
  const node = document.getElementById('problem');
  tell(node, text);
  clearTimeout(problemTimer);
  problemTimer = setTimeout(() => tell(node, ''), 8000);
}
