// Calm words about the state of things: the connection, the store, and what went wrong.

const many = (count, one, more) => (count === 1 ? one : `${count} ${more}`);

export function bannerText({ up, store, backlog, posts, gap }) {
  const count = (state) => posts.filter((post) => post.state === state).length;
  if (!up) {
    const unsent = count('sending');
    return 'The connection to the server is gone; coming back by itself.' +
      (unsent ? ` ${many(unsent, 'One message waits', 'messages wait')} here to be sent.` : '');
  }
  if (store === 'down') {
    const waiting = Math.max(backlog ?? 0, count('accepted'));
    return 'The store is away. People on this server see you; the others will when it is back.' +
      (waiting ? ` ${many(waiting, 'One message waits', 'messages wait')} for it.` : '');
  }
  return gap ? 'Some messages may be missing; they are being fetched.' : '';
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
