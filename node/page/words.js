// The words of the page, in the person's language. Each language is a file of its own with the same keys; index.html has the English ones.

import { english } from './english.js';
import { german } from './german.js';

const languages = { en: english, de: german };

/** {language, locale}: the first of the person's languages that there are words in, with the region that goes with it. */
export function choose(wanted) {
  for (const locale of wanted) {
    const language = locale.toLowerCase().split('-')[0];
    if (Object.hasOwn(languages, language)) return { language, locale };
  }
  return { language: 'en', locale: 'en' };
}

export const { language, locale } = choose(globalThis.navigator?.languages ?? []);

/** What is said under `key`, with what belongs into it. */
export function word(key, ...given) {
  const told = languages[language][key] ?? english[key];
  return typeof told === 'function' ? told(...given) : told;
}

/** Puts the words into the page: `data-word="key"` is a text, `data-words="title:key placeholder:key"` are attributes. */
export function translate(root) {
  root.documentElement.lang = language;
  for (const node of root.querySelectorAll('[data-word]')) node.textContent = word(node.dataset.word);
  for (const node of root.querySelectorAll('[data-words]')) {
    for (const pair of node.dataset.words.split(' ')) {
      const [name, key] = pair.split(':');
      node.setAttribute(name, word(key));
    }
  }
}
