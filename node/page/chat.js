// The page: rooms at the side, what is said in the middle. Here its parts are put together.

import { Composer } from './composer.js';
import { Link } from './link.js';
import { browser } from './memory.js';
import { showPeople } from './people.js';
import { Place } from './place.js';
import { roomPattern, savedRooms, saveRooms, showRooms, suggestRooms } from './rooms.js';
import { Search } from './search.js';
import { SignIn } from './signin.js';
import { bannerText, showProblem, tell } from './status.js';
import { RoomView } from './view.js';

const $ = (id) => document.getElementById(id);
const defaultRoom = 'lobby';
const reachMax = 5000;  // so far back a page goes to a message that was found

const views = new Map();
let current = null;
let store = { state: 'up', backlog: 0 };
let textMax = 8192;

const place = new Place($('scroll'), $('log'), $('newest'));

const link = new Link({
  state(up) {
    $('link').textContent = up ? '' : 'connecting…';
    if (!up) for (const view of views.values()) view.asked = false;  // what was asked is not answered any more
    refresh();
  },
  welcome(frame) {
    textMax = frame.limits?.text ?? textMax;
    $('where').textContent = `on ${frame.node}`;
  },
  who(frame) {
    const name = signIn.show(frame);
    if (name === undefined) return undefined;
    $('name').value = name;
    queueMicrotask(() => { for (const view of views.values()) view.markMine(); });
    return name;
  },
  message(frame) {
    const view = views.get(frame.room);
    if (!view) return;
    let isNew = false;
    change(view, () => {
      isNew = view.add(frame, view === current);
      if (view !== current || (place.atEnd && !search.shown)) view.trim();
    });
    if (isNew && view.ready && frame.user !== link.user && (view !== current || document.hidden)) view.unread += 1;
    refresh();
  },
  joined(room, gap) {
    const view = views.get(room);
    if (!view) return;
    Object.assign(view, { gap, ready: true });
    reach(view);
    refresh();
  },
  store(frame) {
    store = frame;
    refresh();
  },
  post(post, gone) {
    const view = views.get(post.room);
    if (view) change(view, () => view.update(post, gone, view === current));
    refresh();
  },
  page(frame) {
    const view = views.get(frame.room);
    if (!view) return;
    change(view, () => { for (const message of frame.messages) view.add(message, view === current, true); }, false);
    Object.assign(view, { more: frame.more, asked: false });
    reach(view);
    refresh();
  },
  people(frame) {
    const view = views.get(frame.room);
    if (view) Object.assign(view, { people: frame.people, peopleCount: frame.count });
    refresh();
  },
  found(frame) { search.answer(frame); },
  error: showProblem,
});

function change(view, what, below = true) { view === current ? place.keep(what, below) : what(); }

// ---- rooms

function open(name) {
  if (!views.has(name)) {
    views.set(name, new RoomView(name, $('log'), {
      isMe: (user) => user === link.user,
      again: (post) => link.sayAgain(post),
      forget: (post) => link.forget(post),
    }));
    link.join(name);
    for (const post of link.posts.values()) if (post.room === name) views.get(name).update(post, false, false);
    saveRooms([...views.keys()]);
  }
  if (current) Object.assign(current, { top: $('scroll').scrollTop, atEnd: place.atEnd });
  current = views.get(name);
  current.unread = 0;
  composer.enter(name);
  current.show();
  $('room').textContent = name;
  if (location.hash.slice(1) !== name) location.hash = name;
  closeMenu();
  refreshNow();
  place.toNewest();
  if (current.atEnd === false) $('scroll').scrollTop = current.top;
}

function leave(name) {
  const wasCurrent = views.get(name) === current;
  views.delete(name);
  link.leave(name);
  saveRooms([...views.keys()]);
  if (wasCurrent) open([...views.keys()][0] ?? defaultRoom);
  else refresh();
}

// ---- what is shown

let asked = false;
/** Shows the state of everything, once for all that happens before the next frame. */
function refresh() {
  if (asked || !current) return;
  asked = true;
  queueMicrotask(refreshNow);
}

function refreshNow() {
  asked = false;
  const unread = showRooms($('rooms'), [...views.values()], current, { onOpen: open, onLeave: leave });
  $('menu').classList.toggle('news', unread > 0);
  $('menu').setAttribute('aria-label', unread ? `Rooms, ${unread} unread` : 'Rooms');
  $('log').parentElement.setAttribute('aria-busy', String(!current.ready));  // history is not read out, only what is said from now on
  $('empty').hidden = current.items.length > 0 || !current.ready;
  $('older').hidden = !current.more || !current.oldest || current.items.length < 20;
  showPeople($('people'), $('lately'), current, link.up && store.state === 'up');
  tell($('banner'), bannerText({ up: link.up || !link.everUp, store: store.state, backlog: store.backlog, posts: [...link.posts.values()], gap: current.gap }));
  search.show(current);
}
setInterval(refresh, 30_000);  // "2 min ago" becomes untrue

// A node tells its backlog when the store goes or comes; how it grows meanwhile is asked.
setInterval(async () => {
  if (document.hidden || !link.up || store.state !== 'down') return;
  const told = await fetch('readyz').then((answer) => answer.json()).catch(() => ({}));
  if (store.state === 'down' && Number.isInteger(told.backlog)) store.backlog = told.backlog;
  refresh();
}, 2000);

// ---- what the person does

const composer = new Composer($('say'), $('text'), (text) => {
  if (!link.user) {
    if (matchMedia('(max-width: 44rem)').matches) openMenu();  // on a phone it is behind the menu
    showProblem('Give yourself a name first.');
    $('name').focus();
    return false;
  }
  if (new TextEncoder().encode(text).length > textMax) {
    showProblem(`That is too long: at most ${textMax} bytes.`);
    return false;
  }
  link.say(current.name, text);
  place.toNewest();
  return true;
});

const search = new Search($('search'), $('find'), {
  ask: (what) => link.find(what),
  chosen(item) {
    if (item.room !== current.name) open(item.room);
    current.goal = item;
    reach(current);
  },
});

/** Goes to the message that was chosen; what lies between is asked for first. */
function reach(view) {
  const { goal } = view;
  if (!goal || view !== current) return;
  const item = view.byId.get(goal.id) ?? view.mine.get(goal.post?.key);
  if (!item && view.more && view.items.length < reachMax) return askOlder(view, 500);
  view.goal = null;
  if (!item) return showProblem(`That is too far back to go there: ${goal.user} said "${goal.text}"`);
  item.node.scrollIntoView({ block: 'center' });
  item.node.tabIndex = -1;
  item.node.focus();
}

$('join-name').onfocus = () => suggestRooms($('join-names'), [...views.keys()]);
$('join').onsubmit = (event) => {
  event.preventDefault();
  const name = $('join-name').value.trim();
  $('join-name').value = '';
  if (name) open(name);
};

const signIn = new SignIn($('sign-in'), $('sign-out'), $('name'), { done: () => link.reconnect() });

function setName() {
  if ($('name').readOnly) return;
  const name = $('name').value.trim();
  if (name === link.user) return;
  browser.set('name', name);
  link.setUser(name);
  for (const view of views.values()) view.markMine();
}
$('name').onchange = setName;
$('me').onsubmit = (event) => {
  event.preventDefault();
  setName();
  tell($('problem'), '');
  closeMenu();
  $('text').focus();
};

function showMenu(shown) {
  document.body.classList.toggle('menu', shown);
  $('menu').setAttribute('aria-expanded', String(shown));
}
const openMenu = () => showMenu(true);
function closeMenu() { showMenu(false); }
$('menu').onclick = () => {
  showMenu(!document.body.classList.contains('menu'));
  $('rooms').querySelector('[aria-current]')?.focus();
};
$('veil').onclick = closeMenu;

onkeydown = (event) => {
  if (event.key === 'Escape' && document.body.classList.contains('menu')) {
    closeMenu();
    $('menu').focus();
  } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
    event.preventDefault();
    const names = [...views.keys()];
    const step = event.key === 'ArrowUp' ? names.length - 1 : 1;
    open(names[(names.indexOf(current.name) + step) % names.length]);
  } else if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
    event.preventDefault();
    search.open();
  }
};

function askOlder(view, limit) {
  if (!view?.more || view.asked || !view.oldest || !link.up) return;
  view.asked = true;
  link.older(view.name, view.oldest, limit);
}
$('older').onclick = () => askOlder(current, 50);
$('scroll').addEventListener('scroll', () => { if ($('scroll').scrollTop < 80 && !place.atEnd) askOlder(current, 50); }, { passive: true });

document.onvisibilitychange = () => {
  if (document.hidden || !current?.unread) return;
  current.unread = 0;
  refresh();
};
onhashchange = () => {
  const name = location.hash.slice(1);
  if (roomPattern.test(name) && name !== current?.name) open(name);
};

// ---- the beginning

link.user = $('name').value = String(browser.get('name', ''));
const wanted = location.hash.slice(1);
for (const name of savedRooms()) open(name);
open(roomPattern.test(wanted) ? wanted : current?.name ?? defaultRoom);
$('link').textContent = 'connecting…';
link.connect();
(link.user ? $('text') : $('name')).focus();
