// The page: rooms at the side, what is said in the middle. Here its parts are put together.

import { About } from './about.js';
import { Actions } from './actions.js';
import { learnAlike } from './alike.js';
import { Attention } from './attention.js';
import { Browse } from './browse.js';
import { monotonic } from './clock.js';
import { Composer } from './composer.js';
import { element, redraw, tell } from './dom.js';
import { Drawer } from './drawer.js';
import { Link } from './link.js';
import { Me } from './me.js';
import { browser } from './memory.js';
import { nameOf } from './message.js';
import { addMessageActions } from './message_actions.js';
import { Moderation } from './moderation.js';
import { peopleLine, scrollByKeys, showPeople } from './people.js';
import { Place } from './place.js';
import { Pump } from './pump.js';
import { Reader } from './reader.js';
import { Reading } from './reading.js';
import { dropRoom, keepRoom, RoomList, roomPattern, savedRooms, suggestRooms } from './rooms.js';
import { Search } from './search.js';
import { Seek } from './seek.js';
import { keepShell } from './shell.js';
import { listenForKeys } from './shortcuts.js';
import { finishLeaving, isLeaving, SignIn } from './signin.js';
import { bannerText, showProblem } from './status.js';
import { Tabs } from './tabs.js';
import { RoomView } from './view.js';
import { translate, word } from './words.js';

const $ = (id) => document.getElementById(id);
const defaultRoom = 'lobby';
const nearPx = 600;       // so near the end of what is drawn more is drawn
const joinHistory = 50;   // so many of the newest messages a node tells who joins, where there are as many
const reachMax = 100_000; // so many messages of a room a page keeps at most, on the way to one that was found

const views = new Map();
let current = null;
let store = { state: 'up', backlog: 0 };
let textMax = 8192;

const place = new Place($('scroll'), $('log'), { showsNewest: () => current?.showsNewest ?? true, left: () => reader.showWayDown() });
const attention = new Attention($('icon'), $('offer'), { open: (room, item) => seekIn(room, item) });
const reading = new Reading(browser, { changed: (room) => { if (views.get(room)?.read(reading.of(room))) refresh(); } });
const reader = new Reader({ place, reading, attention, scroller: $('scroll'), wayDown: $('newest') }, { changed: () => refresh() });
const drawer = new Drawer($('side'), $('menu'), $('veil'), document.querySelector('main'));

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
    current.mark();
    return more;
  });
  const unlisted = stale && refreshNow();
  reader.note(search.shown);
  return unread || unlisted || above || below;
});

const link = new Link({
  frame: () => pump.ask(),
  state(up) {
    $('link').textContent = !up ? word('connecting') : link.indirect ? word('slower') : '';
    $('link').title = up && link.indirect ? word('slowerWhy') : '';
    if (!up) for (const view of views.values()) view.asked = false;  // what was asked is not answered any more
    if (!up) moderation.lost();
    refresh();
  },
  welcome(frame) {
    textMax = frame.limits?.text ?? textMax;
    $('where').textContent = frame.node ? word('on', frame.node) : '';
  },
  who(frame) {
    const name = signIn.show(frame);
    if (name === undefined) return undefined;
    me.settle(name);
    queueMicrotask(markMine);
    return name;
  },
  message(frame) {
    const view = views.get(frame.room);
    if (!view) return;
    const isNew = view.add(frame, view === current);
    if (view !== current || (place.atEnd && !search.shown)) view.trim();
    if (isNew && view.ready && frame.user !== link.user) reader.came(view, view.byId.get(frame.id));
    refresh();
  },
  changed(frame) {
    views.get(frame.room)?.change(frame);
    refresh();
  },
  wish(id) {
    place.keep(() => {
      for (const view of views.values()) view.redrawItem(view.byId.get(id));
      current?.mark();
    });
  },
  unchanged: (change, reason) => showProblem(reason ? word('notChanged', reason) : word('changedLater')),
  joined(room, gap) {
    const view = views.get(room);
    if (!view) return;
    if (!view.ready && !gap && view.items.length < joinHistory) view.more = false;
    Object.assign(view, { gap, ready: true, out: null });
    reader.joined(view);
    seek.step(view);
    refresh();
  },
  room(frame) {
    const view = views.get(frame.room);
    if (view) view.settings = frame;
    refresh();
  },
  out(room, why) {
    const view = views.get(room);
    if (view) Object.assign(view, { out: why, ready: true, gap: false });
    refresh();
  },
  role: (is) => moderation.set(is),
  moderated: (frame, state) => moderation.answered(frame, state),
  roomWish(room) {
    const wish = link.wishes.of(room);
    if (wish?.state === 'refused' && !about.shows(room)) {
      showProblem(wish.code === 'superseded' ? word('moderatedLater') : word('roomUnchanged', room, wish.reason));
      link.wishes.seen(room);
    }
    refresh();
  },
  store(frame) {
    store = frame;
    refresh();
  },
  post(post, gone) {
    const view = views.get(post.room);
    if (view === current) place.keep(() => { view.update(post, gone, true); view.mark(); });
    else view?.update(post, gone, false);
    refresh();
  },
  page(frame) {
    const view = views.get(frame.room);
    if (!view) return;
    view.addPage(frame.messages, view === current);
    Object.assign(view, { more: frame.more, asked: false });
    seek.step(view);
    refresh();
  },
  people(frame) {
    const view = views.get(frame.room);
    if (view) Object.assign(view, { people: frame.people, peopleCount: frame.count });
    refresh();
  },
  alike(frame) {
    place.keep(() => learnAlike(frame.names));
    if (frame.names.includes(link.user)) me.alike(frame.names.filter((name) => name !== link.user));
  },
  found(frame) { search.answer(frame); },
  error: showProblem,
});

function markMine() { place.keep(() => { for (const view of views.values()) view.markMine(view === current); }); }

// ---- rooms

/** Follows a room, which need not be on the screen. */
function follow(name) {
  views.set(name, new RoomView(name, $('log'), {
    isMe: (user) => user === link.user,
    me: () => link.user,
    again: (post) => link.posts.sayAgain(post),
    forget: (post) => link.posts.forget(post),
    wish: (id) => link.changes.of(id),
    undo: (id) => link.changes.undo(id),
  }, reading.of(name)));
  link.join(name);
  for (const post of link.posts.values()) if (post.room === name) views.get(name).update(post, false, false);
}

function open(name) {
  if (!views.has(name)) {
    follow(name);
    keepRoom(name);
  }
  if (current) reader.leave();
  current = views.get(name);
  seek.stop();
  link.look(name);
  composer.enter(name);
  current.show(current.anchor);
  $('room').textContent = name;
  moderation.read();
  if (roomOf(location.hash) !== name) location.hash = name;
  drawer.show(false, false);
  refreshNow();
  reader.enter(current);
  pump.ask();
}

function toEnd() {
  if (!current.showsNewest) current.show();
  place.toNewest();
}

function forgetRoom(name) {
  const wasCurrent = views.get(name) === current;
  views.delete(name);
  link.leave(name);
  if (wasCurrent) open([...views.keys()][0] ?? defaultRoom);
  else refresh();
}

function leave(name) {
  dropRoom(name);
  forgetRoom(name);
}

const tabs = new Tabs({
  rooms() {
    const names = savedRooms();
    for (const name of names) if (!views.has(name)) follow(name);
    for (const name of [...views.keys()]) if (!names.includes(name) && views.get(name) !== current) forgetRoom(name);
    refresh();
  },
  forgotten: () => link.hold(),
});

// ---- what is shown

/** Shows the state of everything, once for all that happens before the next picture. */
function refresh() {
  stale = true;
  pump.ask();
}

for (const id of ['people', 'lately', 'present-list']) scrollByKeys($(id));

const roomList = new RoomList($('rooms'), { open: (name) => open(name), leave: (name) => leave(name) });

/** True when rooms are left to be listed. */
function refreshNow() {
  const { unread, named, more } = roomList.show(views, current);
  stale = more;
  attention.show({ unread, named, room: current.name });
  $('menu').classList.toggle('news', unread > 0);
  $('menu').setAttribute('aria-label', unread ? word('roomsUnread', unread) : word('rooms'));
  $('log').parentElement.setAttribute('aria-busy', String(!current.ready));  // history is not read out, only what is said from now on
  $('empty').hidden = current.items.length > 0 || !current.ready;
  $('older').hidden = !current.more || !current.oldest || current.items.length < 20;
  showPeople($('people'), $('lately'), current, link.up && store.state === 'up', link.clock.now());
  const topic = current.settings?.topic ?? '';
  tell($('topic'), topic);
  $('topic').title = topic;
  $('topic').dataset.note = link.wishes.waits(current.name) ? word('roomWaitsShort') : '';
  about.update();
  tell($('present'), peopleLine(current));
  redraw($('present-list').querySelector('ul'), current.people ?? [], () => (current.people ?? []).map((name) => {
    const row = element('li');
    row.append(nameOf(name));
    return row;
  }));
  const told = bannerText({
    up: !link.failing, offline: navigator.onLine === false, everUp: link.everUp, store: store.state, backlog: store.backlog, posts: [...link.posts.values()],
    gap: current.gap, out: current.out, catchingUp: store.catching_up, waiting: link.posts.waiting(), now: monotonic(), leaving: isLeaving(),
  });
  $('banner').hidden = !told;
  tell($('banner').querySelector('p'), told);
  $('retry').hidden = !link.failing;
  search.show(current);
  return more;
}
setInterval(refresh, 30_000);  // "2 min ago" becomes untrue
for (const what of ['online', 'offline']) addEventListener(what, refresh);
$('retry').onclick = () => link.retryNow();

// A node tells its backlog when the store goes or comes; how it grows meanwhile is asked.
setInterval(async () => {
  if (document.hidden || !link.up || store.state !== 'down') return;
  const told = await fetch('readyz').then((answer) => answer.json()).catch(() => ({}));
  if (store.state === 'down' && Number.isInteger(told.backlog)) store.backlog = told.backlog;
  refresh();
}, 2000);

// ---- what the person does

const fits = (text) => new TextEncoder().encode(text).length <= textMax || (showProblem(word('tooLong', textMax)), false);
/** What it says, or is about to. */
const textOf = (item) => link.changes.of(item.id)?.text ?? item.text;
/** One's own, stored or on its way to be: what the node knows by an id can be changed. */
const isThere = (item) => Boolean(item.id) && item.removed === undefined && link.changes.of(item.id)?.text !== null;
const mayChange = (item) => isThere(item) && current.isMine(item);
/** One's own, and where one moderates everybody's. */
const mayRemove = (item) => isThere(item) && (current.isMine(item) || moderation.is);

const composer = new Composer($('say'), $('text'), $('editing'), {
  say(text) {
    if (!link.user) {
      showProblem(word('nameFirst'));
      me.ask();
      return false;
    }
    if (!fits(text)) return false;
    current.drawNew('');
    link.say(current.name, text);
    toEnd();
    return true;
  },
  edit(item, text) {
    if (!fits(text)) return false;
    if (text !== textOf(item)) link.changes.edit(item.id, text, item.edited);
    return true;
  },
  last: () => current.items.findLast(mayChange),
  textOf,
});

const moderation = new Moderation($('ban'), {
  send: (frame) => link.moderate(frame), key: (aboveMs) => link.keys.next(aboveMs), room: () => current?.name ?? '', now: () => link.clock.now(), told: showProblem,
  storeUp: () => store.state === 'up', isMe: (user) => user === link.user,
});

const about = new About($('about'), $('about-open'), {
  ask: (room) => link.askRoom(room), view: () => current, wish: (room) => link.wishes.of(room), want: (room, settings) => link.wishes.set(room, settings),
  seen: (room) => link.wishes.seen(room), mayModerate: () => moderation.is, up: () => link.up, storeUp: () => store.state === 'up',
});

const search = new Search($('search'), $('find'), {
  ask: (what) => link.find(what),
  chosen: (item) => seekIn(item.room, item),
});

const seek = new Seek($('seeking'), {
  older(view, limit) {
    if (view.items.length < reachMax) return askOlder(view, limit);
    seek.stop();
    showProblem(word('notThere'));
  },
  missing: () => showProblem(word('notThere')),
  arrived(view, item) {
    if (view !== current) return;
    view.show(item);
    place.atEnd = false;
    item.node.scrollIntoView({ block: 'center' });
    item.node.tabIndex = -1;
    item.node.focus();
    reader.showWayDown();
  },
});

/** Goes to a message, in whichever room. */
function seekIn(room, goal) {
  if (room !== current.name) open(room);
  seek.start(current, goal);
}

const browse = new Browse($('browse'), $('browse-rooms'), { open: (name) => open(name), opened: () => [...views.keys()], now: () => link.clock.now() });
$('join-name').onfocus = () => suggestRooms($('join-names'), [...views.keys()]);
$('join').onsubmit = (event) => {
  event.preventDefault();
  const name = $('join-name').value.trim();
  $('join-name').value = '';
  if (name) open(name);
};

const signIn = new SignIn($('sign-in'), $('sign-out'), { done: () => link.reconnect(), out: () => tabs.signedOut() });

const me = new Me($('me'), $('first'), {
  named(name) {
    if (name === link.user) return;
    link.setUser(name);
    markMine();
  },
  /** Who looks like that, where one is: a list, which is empty when nobody knows. */
  async alike(name) {
    if (!link.up) return [];
    const answer = await fetch(`api/rooms/${current.name}/names?like=${encodeURIComponent(name)}`);
    return (await answer.json()).alike ?? [];
  },
  warn: showProblem,
  done() {
    tell($('problem'), '');
    drawer.show(false, false);
    composer.focus();
  },
});

new Actions($('actions'), $('log'), $('scroll'));
addMessageActions({
  reply: (item) => composer.reply(item), room: () => current.name, told: showProblem, forget: (post) => link.posts.forget(post),
  edit: (item) => composer.edit(item), remove: (item) => link.changes.remove(item.id), mayChange, mayRemove,
});

listenForKeys({
  search: () => search.open(),
  composer: () => composer.focus(),
  step(by) {
    const names = [...views.keys()];
    open(names[(names.indexOf(current.name) + by + names.length) % names.length]);
  },
  close() {
    if (drawer.open) return drawer.show(false) ?? true;
    return search.shown ? search.close() ?? true : false;
  },
});

function askOlder(view, limit) {
  if (!view?.more || view.asked || !view.oldest || !link.up) return;
  view.asked = true;
  link.older(view.name, view.oldest, limit);
}
$('older').onclick = () => askOlder(current, 50);
$('newest').onclick = () => toEnd();
$('scroll').addEventListener('scroll', () => {
  if ($('scroll').scrollTop < nearPx || place.fromEnd < nearPx || current?.unread) pump.ask();
  if ($('scroll').scrollTop < 80 && !place.atEnd && current.from === 0) askOlder(current, 50);
}, { passive: true });

/** An address names a room (`#lobby`), or a message in it (`#lobby/` and its place). */
const roomOf = (hash) => hash.slice(1).split('/')[0];
function goToAddress() {
  const [name, position] = location.hash.slice(1).split('/');
  if (!roomPattern.test(name)) return;
  if (name !== current?.name) open(name);
  if (/^[0-9A-Z]{26}(?:[0-9A-Z]{13})?$/.test(position ?? '')) seek.start(current, { position });
}
onhashchange = goToAddress;

// ---- the beginning

function begin() {
  translate(document);
  link.user = me.kept();
  me.show(link.user);
  const rooms = savedRooms();
  for (const name of rooms) follow(name);
  $('link').textContent = word('connecting');
  const wanted = roomOf(location.hash);
  open(roomPattern.test(wanted) ? wanted : rooms.at(-1) ?? defaultRoom);
  goToAddress();
  if (isLeaving()) {
    $('first').hidden = true;
    link.hold();
    finishLeaving().then(() => { refresh(); link.release(); });
  } else {
    link.connect();
    if (link.user) composer.focus();
    else me.ask();
  }
  $('unscripted').remove();
  keepShell();
}
setTimeout(begin);  // in a task of its own: loading was long enough
