// The line one writes in: grows with what is written, and keeps a draft for each room, until another day.

import { browser } from './memory.js';

const heightMax = 200;

export class Composer {
  /** `onSay(text)`: true when it was taken; then the line is empty again. */
  constructor(form, field, onSay) {
    Object.assign(this, { field, room: '' });
    field.oninput = () => {
      this.fit();
      this.keep();
    };
    field.onkeydown = (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (!text || !onSay(text)) return;
      field.value = '';
      this.keep();
      this.fit();
      field.focus();
    };
  }

  enter(room) {
    this.room = room;
    this.field.value = browser.get(`draft ${room}`, '');
    this.field.placeholder = `Say something in ${room}`;
    this.fit();
  }

  keep() {
    if (this.field.value) browser.set(`draft ${this.room}`, this.field.value);
    else browser.remove(`draft ${this.room}`);
  }

  fit() {
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, heightMax)}px`;
  }
}
