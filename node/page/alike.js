// Names that people take for one another: the node tells of them (`alike`), and whoever bears one is shown with the names that it is not.

import { word } from './words.js';

const others = new Map();  // by name

/** The names that look like this one. */
export const alikeTo = (name) => [...others.get(name) ?? []];

/** Says beside a name that is shown whom it looks like. */
export function markAlike(node, name) {
  if (others.has(name)) node.dataset.alike = word('looksLike', alikeTo(name));
}

/** Learns that these names look alike, and says so wherever they are shown. */
export function learnAlike(names) {
  for (const name of names) {
    const known = others.get(name) ?? new Set();
    for (const one of names) if (one !== name) known.add(one);
    others.set(name, known);
  }
  for (const node of document.querySelectorAll('.user')) markAlike(node, node.textContent);
}
