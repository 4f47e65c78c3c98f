// The page: rooms at the side, what is said in the middle. Here its parts are put together.

import { monotonic } from './clock.js';
import { Composer } from './composer.js';
import { Link } from './link.js';
import { browser } from './memory.js';
import { readName } from './names.js';
import { showPeople } from './people.js';
import { Place } from './place.js';
import { Pump } from './pump.js';
import { RoomList, roomPattern, savedRooms, saveRooms, suggestRooms } from './rooms.js';
import { Search } from './search.js';
import { SignIn } from './signin.js';
import { bannerText, showProblem, tell } from './status.js';
import { RoomView } from './view.js';

const $ = (id) => document.getElementById(id);
const defaultRoom = 'lobby';
const nearPx = 600;     // so near the end of what is drawn more is drawn
const reachMax = 5000;  // so far back a page goes to a message that was found

const views = new Map();
let current = null;
let store = { state: 'up', backlog: 0 };
let textMax = 8192;

const place = new Place($('scroll'), $('log'), $('newest'), { showsNewest: () => current?.showsNewest ?? true, toEnd: () => toEnd() });

let stale = false;
/** Reads what has come and shows it: a little at a time, measured once each time. */
const pump = new Pump((enough) => {
  if (!current) return false;
  const { scrollTop } = $('scroll');
  const above = current.from > 0 && scrollTop < nearPx;
  const below = !above && !current.showsNewest && place.fromEnd < nearPx;
  const unread = place.keep(() => {
    if (above || below) current.widen(above);
    const more = link.read(enough);
    if (place.atEnd) current.narrow();
    return more;
  });
  const unlisted = stale && refreshNow();
  return unread || unlisted || above || below;
});

const link = new Link({
  frame: () => pump.ask(),
  state(up) {
    $('link').textContent = !up ? 'connecting…' : link.indirect ? 'slower' : '';
    $('link').title = up && link.indirect ? 'This network lets no WebSocket through. The chat works without, a little slower.' : '';
    if (!up) for (const view of views.values()) view.asked = false;  // what was asked is not answered any more
    refresh();
  },
  welcome(frame) {
    textMax = frame.limits?.text ?? textMax;
    $('where').textContent = frame.node ? `on ${frame.node}` : '';
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
    const isNew = view.add(frame, view === current);
    if (view !== current || (place.atEnd && !search.shown)) view.trim();
    if (isNew && view === current && view.ready && !place.atEnd && view.items.at(-1).id === frame.id) $('newest').hidden = false;
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
    if (view === current) place.keep(() => view.update(post, gone, true));
    else view?.update(post, gone, false);
    refresh();
  },
  page(frame) {
    const view = views.get(frame.room);
    if (!view) return;
    for (const message of frame.messages) view.add(message, view === current, true);
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

// ---- rooms

/** Follows a room, which need not be on the screen. */
function follow(name) {
  views.set(name, new RoomView(name, $('log'), {
    isMe: (user) => user === link.user,
    again: (post) => link.posts.sayAgain(post),
    forget: (post) => link.posts.forget(post),
  }));
  link.join(name);
  for (const post of link.posts.values()) if (post.room === name) views.get(name).update(post, false, false);
}

function open(name) {
  if (!views.has(name)) {
    follow(name);
    saveRooms([...views.keys()]);
  }
  if (current) keepPlace(current);
  current = views.get(name);
  current.unread = 0;
  link.look(name);
  composer.enter(name);
  current.show(current.anchor);
  $('room').textContent = name;
  if (location.hash.slice(1) !== name) location.hash = name;
  closeMenu();
  refreshNow();
  place.toNewest();
  const { anchor } = current;
  if (anchor?.node?.isConnected) {
    $('scroll').scrollTop += anchor.node.getBoundingClientRect().top - current.anchorTop;
    place.atEnd = place.fromEnd < 60 && current.showsNewest;
  }
  pump.ask();
}

function toEnd() {
  if (!current.showsNewest) current.show();
  place.toNewest();
}

/** Remembers where the reader is, unless it is at the end. */
function keepPlace(view) {
  const node = place.atEnd ? null : place.firstSeen();
  view.anchor = node ? view.items.find((item) => item.node === node) : null;
  view.anchorTop = node?.getBoundingClientRect().top;
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

/** Shows the state of everything, once for all that happens before the next picture. */
function refresh() {
  stale = true;
  pump.ask();
}

const roomList = new RoomList($('rooms'), { open: (name) => open(name), leave: (name) => leave(name) });

/** True when rooms are left to be listed. */
function refreshNow() {
  const { unread, more } = roomList.show(views, current);
  stale = more;
  $('menu').classList.toggle('news', unread > 0);
  $('menu').setAttribute('aria-label', unread ? `Rooms, ${unread} unread` : 'Rooms');
  $('log').parentElement.setAttribute('aria-busy', String(!current.ready));  // history is not read out, only what is said from now on
  $('empty').hidden = current.items.length > 0 || !current.ready;
  $('older').hidden = !current.more || !current.oldest || current.items.length < 20;
  showPeople($('people'), $('lately'), current, link.up && store.state === 'up', link.clock.now());
  tell($('banner'), bannerText({
    up: link.up || !link.everUp, store: store.state, backlog: store.backlog, posts: [...link.posts.values()], gap: current.gap, catchingUp: store.catching_up,
    waiting: link.posts.waiting(), now: monotonic(),
  }));
  search.show(current);
  return more;
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
  toEnd();
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
  view.show(item);
  place.atEnd = false;
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
  if ($('name').readOnly) return true;
  const { name, problem } = readName($('name').value);
  if (problem) return false;
  $('name').value = name;
  if (name === link.user) return true;
  browser.set('name', name);
  link.setUser(name);
  for (const view of views.values()) view.markMine();
  return true;
}

/** What there is to say of the name that is being typed. */
function noteName() {
  const { problem, note } = readName($('name').value);
  tell($('name-note'), problem || note);
  $('name').setAttribute('aria-invalid', String(Boolean(problem)));
}
$('name').oninput = noteName;
$('name').onchange = setName;
$('me').onsubmit = (event) => {
  event.preventDefault();
  noteName();
  if (!setName()) return;
  tell($('name-note'), '');
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
$('scroll').addEventListener('scroll', () => {
  if ($('scroll').scrollTop < nearPx || place.fromEnd < nearPx) pump.ask();
  if ($('scroll').scrollTop < 80 && !place.atEnd && current.from === 0) askOlder(current, 50);
}, { passive: true });

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

function begin() {
  $('name').value = String(browser.get('name', ''));
  const kept = readName($('name').value);
  link.user = kept.problem ? '' : kept.name;
  noteName();
  const wanted = location.hash.slice(1);
  const rooms = savedRooms();
  for (const name of rooms) follow(name);
  $('link').textContent = 'connecting…';
  open(roomPattern.test(wanted) ? wanted : rooms.at(-1) ?? defaultRoom);
  link.connect();
  (link.user ? $('text') : $('name')).focus();
  $('unscripted').remove();
}
setTimeout(begin);  // in a task of its own: loading was long enough
