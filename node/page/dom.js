// Making and changing nodes. No function takes markup: what others wrote stays text.

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

/** Sets the text only when it is another: a screen reader reads out each change. */
export function tell(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = !text;
}
