// Who I am: the name, asked for on the first visit, and changed at the side later.

import { browser } from './memory.js';
import { readName } from './names.js';
import { tell } from './dom.js';
import { word } from './words.js';

const askAfterMs = 300;  // while one types

export class Me {
  /** `form`: at the side; `card`: of the first visit. Each has a field and a line for what there is to say of the name. `on`: named(name), done(), warn(text),
   * alike(name): a promise of the names that look like it. */
  constructor(form, card, on) {
    Object.assign(this, { form, card, on, settled: false });
    this.field = form.querySelector('input');
    this.cardField = card.querySelector('input');
    for (const one of [form, card]) {
      const field = one.querySelector('input');
      field.oninput = () => this.note(one);
      one.onsubmit = (event) => {
        event.preventDefault();
        this.note(one);
        if (this.take(field.value)) this.on.done();
      };
    }
    this.field.onchange = () => this.take(this.field.value);
    browser.changed((key) => { if (key === 'name' && !this.settled) this.take(String(browser.get('name', ''))); });
  }

  /** The name that was kept, or ''. */
  kept() {
    const { name, problem } = readName(String(browser.get('name', '')));
    this.field.value = problem ? '' : name;
    return this.field.value;
  }

  /** Takes this name, if it is one. */
  take(typed) {
    if (this.settled) return true;
    const { name, problem } = readName(typed);
    if (problem || !name) return false;
    this.field.value = name;
    for (const one of [this.form, this.card]) tell(one.querySelector('[role=status]'), '');
    browser.set('name', name);
    this.on.named(name);
    this.show(name);
    return true;
  }

  /** The account says who one is: there is no name to choose. */
  settle(name) {
    this.settled = true;
    this.field.readOnly = true;
    this.field.value = name;
    this.show(name);
  }

  /** Without a name, the card asks for one; with one, it can be changed at the side. */
  show(name) {
    this.card.hidden = Boolean(name) || this.settled;
    this.form.hidden = !this.card.hidden;
  }

  /** Leads whoever has no name yet to where it is asked for. */
  ask() { this.cardField.focus(); }

  /** What there is to say of the name that is being typed. */
  note(form) {
    const field = form.querySelector('input');
    const { name, problem, note } = readName(field.value);
    tell(form.querySelector('[role=status]'), problem || note);
    field.setAttribute('aria-invalid', String(Boolean(problem)));
    clearTimeout(this.asking);
    if (name && !problem) this.asking = setTimeout(() => this.askAlike(form, name), askAfterMs);
  }

  /** Says whom others may take the name for that is being typed. */
  async askAlike(form, name) {
    const others = await this.on.alike(name).catch(() => []);
    if (others.length > 0 && readName(form.querySelector('input').value).name === name) tell(form.querySelector('[role=status]'), word('nameAlike', others));
  }

  /** People here may take me for these. */
  alike(others) {
    const said = word('meAlike', others);
    if (this.saidAlike === said) return;
    this.saidAlike = said;
    this.on.warn(said);
  }
}
