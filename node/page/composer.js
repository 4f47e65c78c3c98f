// The line one writes in: grows with what is written, and keeps a draft for each room, over a reload too.

const heightMax = 200;
const draftOf = (room) => sessionStorage.getItem(`draft ${room}`) ?? '';

export class Composer {
  /** `onSay(text)`: true when it was taken; then the line is empty again. */
  constructor(form, field, onSay) {
    Object.assign(this, { field, room: '' });
    field.oninput = () => {
      this.fit();
      sessionStorage.setItem(`draft ${this.room}`, field.value);
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
      sessionStorage.removeItem(`draft ${this.room}`);
      this.fit();
      field.focus();
    };
  }

  enter(room) {
    this.room = room;
    this.field.value = draftOf(room);
    this.field.placeholder = `Say something in ${room}`;
    this.fit();
  }

  fit() {
    this.field.style.height = 'auto';
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, heightMax)}px`;
  }
}
