// What became of a message after it was said: it was edited, or removed.

import { lazily } from './clock.js';
import { locale, word } from './words.js';

const clock = lazily(() => new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' }));

/** As whom nodes remove what is older than its room keeps. */
const byAge = 'retention';

/** The members of a frame that tell of it. */
export const fateOf = ({ change = '', edited, removed, removed_by: removedBy }) => ({ change, edited, removed, removedBy });

/** True when the frame counts more than what is shown: versions compare as text. */
export const counts = (frame, item) => (frame.change ?? '') > (item.change ?? '');

const when = (time) => {
  const moment = new Date(time ?? NaN);
  return Number.isNaN(moment.getTime()) ? '' : clock().format(moment);
};

/** What is said of it in place of the text, or beside it; null when nothing became of it. */
export function fateText(item) {
  if (item.removed !== undefined) {
    const { removedBy } = item;
    return { instead: true, text: removedBy === byAge ? word('removedByAge') : removedBy ? word('removedBy', removedBy) : word('removed'), title: when(item.removed) };
  }
  return item.change ? { instead: false, text: word('edited'), title: when(item.edited) } : null;
}
