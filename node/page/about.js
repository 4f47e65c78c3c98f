// What a room is: its topic, who is there, and who may read and write, for everybody who may read in it. A moderator changes it here, too.

import { element, redraw, tell } from './dom.js';
import { nameOf } from './message.js';
import { folded } from './names.js';
import { settingsOf } from './settings.js';
import { outText } from './status.js';
import { word } from './words.js';

const topicBytesMax = 1000;
const listMax = 500;
const nameLettersMax = 64;
const slowMax = 86_400;
const daysMax = 36_500;
const rowsMax = 500;

const bytesOf = (text) => new TextEncoder().encode(text).length;
const listOf = (text) => [...new Set(text.split(/[\n,]/).map((one) => one.trim()).filter(Boolean))];
const same = (a, b) => JSON.stringify(settingsOf(a)) === JSON.stringify(settingsOf(b));

/** Who is there and who else may read or write, as rows {name or role, here, may}. `may`: empty where the lists of the room do not say it. */
export function membersOf({ readers, writers } = {}, present = []) {
  const rows = new Map();
  const may = (key, kind) => {
    const listed = (circle) => Boolean(circle?.[kind].includes(key));
    if (!listed(readers) && !listed(writers)) return '';  // a role may let them, or they moderate
    if (readers && !listed(readers)) return 'writesIfReads';
    if (!writers || listed(writers)) return 'readsAndWrites';
    return kind === 'names' && writers.roles.length ? '' : 'readsOnly';
  };
  for (const name of present) rows.set(folded(name), { name, here: true, may: may(folded(name), 'names') });
  for (const name of [...readers?.names ?? [], ...writers?.names ?? []]) if (!rows.has(folded(name))) rows.set(folded(name), { name, here: false, may: may(folded(name), 'names') });
  const roles = [...new Set([...readers?.roles ?? [], ...writers?.roles ?? []])].map((role) => ({ role, here: false, may: may(role, 'roles') }));
  return [...rows.values(), ...roles];
}

/** What the form says: {settings, problems}; `problems`: Map of the fields that cannot stay so, with what to do. */
export function readForm(form) {
  const problems = new Map();
  const circle = (what) => {
    if (form[what] !== 'some') return undefined;
    const names = listOf(form[`${what}Names`]), roles = listOf(form[`${what}Roles`]);
    const long = names.find((name) => [...name].length > nameLettersMax);
    if (long) problems.set(`${what}Names`, word('memberLong', long.slice(0, 20), nameLettersMax));
    else if (names.length > listMax || roles.length > listMax) problems.set(`${what}Names`, word('membersMany', listMax));
    else if (!names.length && !roles.length) problems.set(`${what}Names`, word('membersNone'));
    return { names, roles };
  };
  const count = (what, most, key) => {
    const text = form[what].trim();
    if (/^\d*$/.test(text) && Number(text) <= most) return Number(text);
    problems.set(what, word(key));
    return 0;
  };
  const topic = form.topic.trim();
  if (bytesOf(topic) > topicBytesMax) problems.set('topic', word('topicLong', bytesOf(topic) - topicBytesMax));
  const settings = settingsOf({
    topic, readers: circle('readers'), writers: circle('writers'), slow_s: count('slow', slowMax, 'slowBad'), retention_days: count('days', daysMax, 'daysBad'),
  });
  return { settings, problems };
}

/** The field that a node's refusal is about, or ''. */
export const fieldOf = (reason) => [['`topic`', 'topic'], ['`readers`', 'readersNames'], ['`slow_s`', 'slow'], ['`retention_days`', 'days']].find(([name]) => reason.includes(name))?.[1] ?? '';

/** A length of time in whole units. */
function lasts(seconds) {
  for (const [unit, length] of [['day', 86_400], ['hour', 3600], ['minute', 60]]) if (seconds % length === 0) return word('span', seconds / length, unit);
  return word('span', seconds, 'second');
}

export class About {
  /**
   * `on`: what to call: ask(room): the node is to tell what it is; view(): the room on the screen, or null; wish(room): what is wanted of it and the store
   * has not yet; want(room, settings); seen(room): what came of it was read; mayModerate(); up(): there is a node; storeUp().
   */
  constructor(dialog, button, on) {
    Object.assign(this, { dialog, on, shown: null, editing: false });
    this.form = dialog.querySelector('form');
    this.part = (name) => dialog.querySelector(`[data-part=${name}]`);
    button.onclick = () => this.open();
    this.part('change').onclick = () => this.edit();
    this.part('cancel').onclick = () => this.stopEditing();
    this.part('reload').onclick = () => this.edit();
    this.part('close').onclick = () => dialog.close();
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.save();
    };
    this.form.oninput = ({ target }) => this.typed(target);
    dialog.oncancel = (event) => {
      if (!this.editing) return;
      event.preventDefault();  // Escape leaves the form first
      this.stopEditing();
    };
    dialog.onclick = ({ target }) => { if (target === dialog && !this.editing) dialog.close(); };
    dialog.onclose = () => {
      this.on.seen(this.shown.name);
      this.shown = null;
      this.editing = false;
    };
  }

  open() {
    this.shown = this.on.view();
    if (!this.shown) return;
    this.on.ask(this.shown.name);
    this.stopEditing(false);
    this.dialog.showModal();
    this.part('close').focus();
  }

  shows(room) { return this.shown?.name === room; }

  /** Something may be otherwise: the room, who is there, or what became of a wish. */
  update() {
    if (!this.shown) return;
    const { name, settings = {}, out } = this.shown;
    tell(this.part('title'), name);
    tell(this.part('out'), out ? outText(out) : '');
    tell(this.part('topic'), out ? '' : settings.topic || word('noTopic'));
    this.part('topic').classList.toggle('none', !settings.topic);
    const facts = [
      [word('whoReads'), word(settings.readers ? 'onlyMembers' : 'anybody')],
      [word('whoWrites'), word(settings.writers ? 'onlySome' : settings.readers ? 'allWhoRead' : 'anybody')],
      ...(settings.slow_s ? [[word('slowMode'), lasts(settings.slow_s)]] : []),
      [word('keptFor'), settings.retention_days ? lasts(settings.retention_days * 86_400) : word('forEver')],
      ...(settings.by ? [[word('setBy'), settings.by]] : []),
    ];
    const list = this.part('facts');
    list.hidden = Boolean(out);
    redraw(list, facts, () => facts.map(([what, is]) => {
      const row = element('div');
      row.append(element('dt', '', what), element('dd', '', is));
      return row;
    }));
    this.drawMembers(out ? [] : membersOf(settings, this.shown.people));
    this.part('change').hidden = this.editing || !this.on.mayModerate() || Boolean(out);
    for (const part of ['look', 'people']) this.part(part).hidden = this.editing;
    this.part('fields').hidden = !this.editing;
    this.part('close').hidden = this.editing;
    this.drawState(this.on.wish(name));
    const changed = this.editing && !same(settings, this.began);
    tell(this.part('other'), changed ? word('roomChanged', settings.by ?? '') : '');
    this.part('reload').hidden = !changed;
  }

  drawMembers(members) {
    const present = this.shown.peopleCount ?? this.shown.people?.length ?? 0;
    const shown = members.slice(0, rowsMax);
    const unnamed = Math.max(0, present - (this.shown.people?.length ?? 0)) + members.length - shown.length;
    this.part('people').querySelector('h3').textContent = present ? word('membersHere', present) + (this.on.storeUp() ? '' : word('asFarAsKnown')) : word('peopleOf');
    redraw(this.part('people').querySelector('ul'), [shown, unnamed], () => [...shown.map(({ name, role, here, may }) => {
      const row = element('li');
      row.append(role === undefined ? nameOf(name) : element('span', 'user role', word('withRole', role)));
      const notes = [here ? word('isHere') : '', may ? word(may) : ''].filter(Boolean);
      if (notes.length) row.append(element('span', 'ago', notes.join(' · ')));
      return row;
    }), ...(unnamed > 0 ? [element('li', 'ago', word('andMore', unnamed))] : [])]);
  }

  /** What became of a change: it waits for a node, for the store, or for nothing any more. */
  drawState(wish) {
    const state = this.part('state');
    const said = !wish || wish.state === 'refused' ? ''
      : wish.state === 'stored' ? word('roomStored')
        : wish.state === 'accepted' ? word(this.on.storeUp() ? 'roomAccepted' : 'roomWaits')
          : word(this.on.up() ? 'roomSending' : 'roomUnsent');
    tell(state, said);
    state.dataset.state = said ? wish.state : '';
    const alert = this.part('alert');
    if (wish?.state !== 'refused') {
      if (!this.problems?.size) tell(alert, '');
      return;
    }
    this.on.seen(this.shown.name);
    this.edit(wish.settings);
    this.problems = new Map([[fieldOf(wish.reason) || 'form', wish.code === 'superseded' ? word('moderatedLater') : word('notModerated', wish.reason)]]);
    this.drawProblems();
  }

  // ---- changing it

  edit(from = this.on.wish(this.shown.name)?.settings ?? this.shown.settings ?? {}) {
    this.began = this.shown.settings ?? {};
    const { elements } = this.form;
    elements.topic.value = from.topic ?? '';
    for (const what of ['readers', 'writers']) {
      elements[what].value = from[what] ? 'some' : 'all';
      elements[`${what}Names`].value = (from[what]?.names ?? []).join('\n');
      elements[`${what}Roles`].value = (from[what]?.roles ?? []).join(', ');
    }
    elements.slow.value = from.slow_s || '';
    elements.days.value = from.retention_days || '';
    this.problems = new Map();
    this.editing = true;
    this.typed();
    this.drawProblems();
    this.update();
    elements.topic.focus();
  }

  stopEditing(focus = true) {
    this.editing = false;
    this.problems = new Map();
    this.update();
    if (focus) (this.part('change').hidden ? this.part('close') : this.part('change')).focus();
  }

  /** What depends on what is being typed: which fields there are, and what is about to be removed. */
  typed(field) {
    const { elements } = this.form;
    for (const what of ['readers', 'writers']) this.part(`${what}-some`).hidden = elements[what].value !== 'some';
    const days = Number(elements.days.value), before = this.began.retention_days ?? 0;
    tell(this.part('removes'), days > 0 && days <= daysMax && Number.isInteger(days) && (!before || days < before) ? word('daysRemove', days) : '');
    if (field?.name && this.problems.delete(field.name)) this.drawProblems();
  }

  drawProblems() {
    for (const node of this.dialog.querySelectorAll('[data-problem]')) {
      const said = this.problems.get(node.dataset.problem) ?? '';
      tell(node, said);
      const field = this.form.elements[node.dataset.problem];
      field.setAttribute('aria-invalid', String(Boolean(said)));
    }
    tell(this.part('alert'), this.problems.get('form') ?? '');
    const [first] = this.problems.keys();
    if (first && first !== 'form') this.form.elements[first].focus();
  }

  save() {
    if (!this.editing) return;
    const { settings, problems } = readForm(Object.fromEntries(new FormData(this.form)));
    this.problems = problems;
    this.drawProblems();
    if (problems.size) return;
    if (!same(settings, this.shown.settings ?? {})) this.on.want(this.shown.name, settings);
    this.stopEditing();
  }
}
