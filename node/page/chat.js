// The page: rooms on the left, what is said in the middle, and calm words about the state of things.

import { Link } from './link.js';
import { element, RoomView } from './view.js';

const $ = (id) => document.getElementById(id);
const defaultRoom = 'lobby';

const views = new Map();
let current = null;
let storeState = { state: 'up', backlog: 0 };
let textMax = 8192;

const link = new Link({
  state: showLink,
  welcome(frame) {
    textMax = frame.limits?.text ?? textMax;
    $('where').textContent = `on ${frame.node}`;
  },
  message(frame) {
    const view = views.get(frame.room);
    if (view) keepPlace(() => added(view, view.add(frame, view === current), frame));
  },
  joined(room, gap) {
    const view = views.get(room);
    if (!view) return;
    view.gap = gap;
    view.ready = true;
    if (view === current) showRoomState();
  },
  store(frame) {
    storeState = frame;
    showBanner();
  },
  post(post, gone) {
    const view = views.get(post.room);
    if (view) keepPlace(() => view.update(post, gone, view === current));
    showRoomState();
    showBanner();
  },
  page(frame) {
    const view = views.get(frame.room);
    if (!view) return;
    const height = $('scroll').scrollHeight;
    for (const message of frame.messages) view.add(message, view === current);
    view.more = frame.more;
    view.asked = false;
    if (view !== current) return;
    $('scroll').scrollTop += $('scroll').scrollHeight - height;
    showRoomState();
  },
  error(reason) { showProblem(reason); },
});

// ---- rooms

function open(name) {
  if (!views.has(name)) {
    views.set(name, new RoomView(name, $('log'), (post) => link.sayAgain(post), (post) => link.forget(post)));
    link.join(name);
    for (const post of link.posts.values()) if (post.room === name) views.get(name).update(post, false, false);
    remember();
  }
  if (current) current.draft = $('text').value;
  current = views.get(name);
  current.unread = 0;
  $('text').value = current.draft || sessionStorage.getItem(`draft ${name}`) || '';
  fitText();
  current.show();
  $('room').textContent = name;
  location.hash = name;
  closeMenu();
  showRooms();
  showRoomState();
  toNewest();
}

function close(name) {
  views.delete(name);
  link.leave(name);
  remember();
  open([...views.keys()][0] ?? defaultRoom);
}

function remember() { localStorage.setItem('rooms', JSON.stringify([...views.keys()])); }

function showRooms() {
  const rows = [...views.values()].map((view) => {
    const row = element('li');
    const button = element('button', 'room', view.name);
    if (view === current) button.setAttribute('aria-current', 'true');
    if (view.unread) {
      const count = element('span', 'unread', view.unread > 99 ? '99+' : String(view.unread));
      count.setAttribute('aria-label', `${view.unread} unread`);
      button.append(count);
    }
    button.onclick = () => open(view.name);
    row.append(button);
    if (views.size > 1) {
      const leave = element('button', 'leave', '×');
      leave.setAttribute('aria-label', `Leave ${view.name}`);
      leave.onclick = () => close(view.name);
      row.append(leave);
    }
    return row;
  });
  $('rooms').replaceChildren(...rows);
  const unread = [...views.values()].reduce((sum, view) => sum + view.unread, 0);
  document.title = (unread ? `(${unread}) ` : '') + `${current.name} – Davenport`;
}

function added(view, isNew, frame) {
  if (!isNew || !view.ready || frame.user === link.user) return view === current && showRoomState();
  if (view !== current || document.hidden) {
    view.unread += 1;
    showRooms();
  }
  if (view === current) showRoomState();
}

// ---- what is shown

const isAtEnd = () => $('scroll').scrollHeight - $('scroll').scrollTop - $('scroll').clientHeight < 60;

function toNewest() {
  $('scroll').scrollTop = $('scroll').scrollHeight;
  $('newest').hidden = true;
}

/** Does something to the list; who was at its end stays there, who reads further up is not moved. */
function keepPlace(change) {
  const atEnd = isAtEnd();
  const count = current?.items.length;
  change();
  if (atEnd) toNewest();
  else if (current?.items.length > count) $('newest').hidden = false;
}

function showRoomState() {
  if (!current) return;
  $('empty').hidden = current.items.length > 0 || !current.ready;
  $('older').hidden = !current.more || !current.oldest || current.items.length < 20;
  showBanner();
}

function showLink(up) {
  $('link').textContent = up ? '' : 'connecting…';
  document.body.classList.toggle('offline', !up);
  showBanner();
}

function showBanner() {
  const waiting = Math.max(storeState.backlog ?? 0, [...link.posts.values()].filter((post) => post.state === 'accepted').length);
  let text = '';
  if (!link.up) {
    const unsent = [...link.posts.values()].filter((post) => post.state === 'sending').length;
    text = 'The connection to the server is gone; coming back by itself.';
    if (unsent) text += ` ${unsent === 1 ? 'One message waits' : `${unsent} messages wait`} here to be sent.`;
  } else if (storeState.state === 'down') {
    text = 'The store is away. People on this server see you; the others will when it is back.';
    if (waiting) text += ` ${waiting === 1 ? 'One message waits' : `${waiting} messages wait`} for it.`;
  } else if (current?.gap) {
    text = 'Some messages may be missing; they are being fetched.';
  }
  if ($('banner').textContent !== text) $('banner').textContent = text;
  $('banner').hidden = !text;
}

let problemTimer = 0;
function showProblem(text) {
  $('problem').textContent = text;
  $('problem').hidden = false;
  clearTimeout(problemTimer);
  problemTimer = setTimeout(() => { $('problem').hidden = true; }, 6000);
}

// ---- what the person does

function fitText() {
  const text = $('text');
  text.style.height = 'auto';
  text.style.height = `${Math.min(text.scrollHeight, 200)}px`;
}

$('say').onsubmit = (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text) return;
  if (!link.user) {
    showProblem('Give yourself a name first.');
    if (!$('name').checkVisibility({ visibilityProperty: true })) $('menu').click();  // on a phone it is behind the menu
    return $('name').focus();
  }
  if (new TextEncoder().encode(text).length > textMax) return showProblem(`That is too long: at most ${textMax} bytes.`);
  $('text').value = '';
  sessionStorage.removeItem(`draft ${current.name}`);
  fitText();
  link.say(current.name, text);
  toNewest();
};
$('text').onkeydown = (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $('say').requestSubmit();
};
$('text').oninput = () => {
  fitText();
  sessionStorage.setItem(`draft ${current.name}`, $('text').value);
};

$('join').onsubmit = (event) => {
  event.preventDefault();
  const name = $('join-name').value.trim();
  $('join-name').value = '';
  if (name) open(name);
};

function setName() {
  const name = $('name').value.trim();
  if (name === link.user) return;
  localStorage.setItem('name', name);
  link.setUser(name);
}
$('name').onchange = setName;
$('me').onsubmit = (event) => {
  event.preventDefault();
  setName();
  $('problem').hidden = true;
  closeMenu();
  $('text').focus();
};

function closeMenu() {
  document.body.classList.remove('menu');
  $('menu').setAttribute('aria-expanded', 'false');
}
$('menu').onclick = () => {
  const shown = document.body.classList.toggle('menu');
  $('menu').setAttribute('aria-expanded', String(shown));
};

function askOlder() {
  if (!current?.more || current.asked || !current.oldest || !link.up) return;
  current.asked = true;
  link.older(current.name, current.oldest);
}
$('older').onclick = askOlder;
$('newest').onclick = toNewest;
$('scroll').onscroll = () => {
  if (isAtEnd()) $('newest').hidden = true;
  if ($('scroll').scrollTop < 80) askOlder();
};
document.onvisibilitychange = () => {
  if (document.hidden || !current?.unread) return;
  current.unread = 0;
  showRooms();
};
onhashchange = () => {
  const name = location.hash.slice(1);
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name) && name !== current?.name) open(name);
};

// ---- the beginning

$('name').value = localStorage.getItem('name') ?? '';
link.user = $('name').value;
const asked = location.hash.slice(1);
for (const name of JSON.parse(localStorage.getItem('rooms') ?? '[]')) open(name);
open(/^[a-z0-9][a-z0-9._-]{0,63}$/.test(asked) ? asked : current?.name ?? defaultRoom);
showLink(false);
$('banner').hidden = true;
link.connect();
(link.user ? $('text') : $('name')).focus();
