// Keys that work everywhere on the page.

const typing = (target) => target.closest?.('input, textarea, select, button, a, [role=menu], [contenteditable]');

/**
 * `on`: what to call: search(), rooms(), step(by), composer(), close(): true when there was something to close.
 * Alt and an arrow lead to the next room, Ctrl+K to the search, Ctrl+O... is the browser's; Escape leads back to the line one writes in, and so
 * does typing.
 */
export function listenForKeys(on) {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') {
      if (!on.close()) on.composer();
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault();
      on.step(event.key === 'ArrowUp' ? -1 : 1);
    } else if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
      event.preventDefault();
      on.search();
    } else if ([...event.key].length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
      on.composer();
    }
  });
}
