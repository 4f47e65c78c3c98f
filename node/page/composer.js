// The line one writes in: grows with what is written, and keeps a draft for each room, until another day. Now and then a message is edited there.

import { browser } from './memory.js';
import { word } from './words.js';

const heightMax = 200;
const quotedLinesMax = 3;
const quotedLettersMax = 160;
const half = /\p{Cs}/gu;  // of an emoji, say, that was cut: no text has it

export class Composer {
  /**
   * `bar`: tells that a message is being edited. `on`: what to call: say(text), edit(item, text): true when it was taken, and then the line is
   * empty again; last(): the message that the arrow leads to, or undefined; textOf(item).
   */
  constructor(form, field, bar, on) {
    Object.assign(this, { field, bar, on, room: '', edited: null });
    bar.querySelector('button').onclick = () => this.cancel();
    field.oninput = () => {
      this.fit();
      this.keep();
    };
    field.onkeydown = (event) => {
      if (event.key === 'ArrowUp' && !field.value && !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
        const last = on.last();
        if (!last) return;
        event.preventDefault();
        this.edit(last);
      }
      if (event.key === 'Escape' && this.edited) {
        event.preventDefault();
        event.stopPropagation();
        this.cancel();
      }
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      const text = field.value.replace(half, '\uFFFD').trim();
      if (this.edited) {
        if (text && on.edit(this.edited, text)) this.cancel();
        return;
      }
      if (!text || !on.say(text)) return;
      field.value = '';
      this.keep();
      this.fit();
      field.focus();
    };
  }

  /** Puts a message's text into the line, to be changed. The draft comes back afterwards. */
  edit(item) {
    this.edited = item;
    this.bar.hidden = false;
    this.field.value = this.on.textOf(item);
    this.fit();
    this.focus();
    this.field.selectionStart = this.field.selectionEnd = this.field.value.length;
  }

  /** Nothing is edited any more. */
  cancel() {
    if (!this.edited) return;
    this.enter(this.room);
    this.focus();
  }

  enter(room) {
    this.room = room;
    this.edited = null;
    this.bar.hidden = true;
    this.field.value = browser.get(`draft ${room}`, '');
    this.field.placeholder = word('sayIn', room);
    this.fit();
  }

  /** Begins an answer: what is answered stands above it as a quote. */
  reply({ user, text }) {
    this.cancel();
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
    if (this.edited) return;
    if (this.field.value) browser.set(`draft ${this.room}`, this.field.value);
    else browser.remove(`draft ${this.room}`);
  }

  fit() {
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, heightMax)}px`;
  }
}
