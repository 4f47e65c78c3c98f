// Calm words about the state of things: the connection, what waits, and what went wrong.

import { lazily, shownTimeAfter } from './clock.js';
import { tell } from './dom.js';
import { locale, word } from './words.js';

const timeOfDay = lazily(() => new Intl.DateTimeFormat(locale, { timeStyle: 'short' }));
const moment = lazily(() => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }));
const shortMs = 5000;  // whoever waits no longer need not be told
const reasons = new Set(['key_ahead', 'too_fast', 'full', 'not_now', 'slow_mode']);

/** One line on what waits for a time that the node named, and until when. `waiting`: as Posts.waiting tells it; `now`: monotonic. */
export function waitingText(waiting, now) {
  for (const [code, { count, until }] of waiting) {
    if (until - now < shortMs) continue;
    const when = timeOfDay().format(shownTimeAfter(until - now));
    return `${word(`wait_${reasons.has(code) ? code : 'not_now'}`, count)} ${word('sentAt', count, when)}`;
  }
  return '';
}

/** Why one is not in the room: {code, reason, until?}. */
export function outText({ code, reason, until }) {
  const why = code === 'not_a_member' ? word('out_not_a_member') : word('out_banned', reason);
  const end = new Date(until ?? NaN);
  return Number.isNaN(end.getTime()) ? why : `${why} ${word('outUntil', moment().format(end))}`;
}

/** The line above the messages: the one thing that matters most, or nothing. `offline`: the device says that it has no network. */
export function bannerText({ up, offline = false, everUp = true, store, backlog, posts, gap, catchingUp, out = null, waiting = new Map(), now = 0, leaving = false }) {
  const count = (state) => posts.filter((post) => post.state === state).length;
  if (leaving) return word('leaving');
  if (!up) {
    const unsent = count('sending');
    const why = offline ? 'deviceOffline' : everUp ? 'connectionGone' : 'noServer';
    return word(why) + (unsent ? ` ${word('waitHere', unsent)}` : '');
  }
  if (out) return outText(out);
  const wait = waitingText(waiting, now);
  if (wait) return wait;
  if (store === 'down') {
    const stored = Math.max(backlog ?? 0, count('accepted'));
    return word('serversApart') + (stored ? ` ${word('waitForOthers', stored)}` : '');
  }
  if (gap) return word('gap');
  if (!catchingUp) return '';
  const { read, of } = catchingUp;
  return of > 0 ? word('catchingUpBy', Math.min(99, Math.floor((read * 100) / of))) : word('catchingUp');
}

let problemTimer = 0;
export function showProblem(text) {
  const node = document.getElementById('problem');
  tell(node, text);
  clearTimeout(problemTimer);
  problemTimer = setTimeout(() => tell(node, ''), 8000);
}
