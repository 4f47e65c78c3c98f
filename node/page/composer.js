// The line one writes in: grows with what is written, and keeps a draft for each room, until another day.

import { browser } from './memory.js';
import { word } from './words.js';

const heightMax = 200;
const quotedLinesMax = 3;
const quotedLettersMax = 160;
const half = /\p{Cs}/gu;  // of an emoji, say, that was cut: no text has it

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
      const text = field.value.replace(half, '\uFFFD').trim();
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
    this.field.placeholder = word('sayIn', room);
    this.fit();
  }

  /** Begins an answer: what is answered stands above it as a quote. */
  reply({ user, text }) {
    const lines = text.split('\n').filter((line) => line.trim() && !line.startsWith('>'));
    const shown = lines.slice(0, quotedLinesMax).map((line) => [...line].slice(0, quotedLettersMax).join(''));
    const quote = shown.map((line) => `> ${line}\n`).join('');
    this.field.value = `${quote}@${user} ${this.field.value}`;
    this.keep();
    this.fit();
    this.focus();
    this.field.selectionStart = this.field.selectionEnd = this.field.value.length;
  }

  focus() { this.field.focus(); }

  keep() {
    if (this.field.value) browser.set(`draft ${this.room}`, this.field.value);
    else browser.remove(`draft ${this.room}`);
  }

  fit() {
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, heightMax)}px`;
  }
}
