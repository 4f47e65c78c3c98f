// How far one has read in each room: kept over reloads, and the same in all tabs of the browser. The place is that of the newest message read.

const saveMs = 300;
const savedAtOnce = 25;  // after a first visit all rooms are to be saved, and a browser takes its time for each
const positionPattern = /^[0-9A-HJKMNP-TV-Z]{26}(?:[0-9A-HJKMNP-TV-Z]{13})?$/;

export class Reading {
  /** `memory`: get(key, otherwise), set(key, value), changed(on); `later(call, ms)`; `on.changed(room)`: another tab read further. */
  constructor(memory, on, later = (call, ms) => setTimeout(call, ms)) {
    Object.assign(this, { memory, on, later });
    this.places = new Map();
    this.unsaved = new Set();
    memory.changed((key) => {
      if (!key.startsWith('read ')) return;
      const room = key.slice(5);
      const kept = this.kept(room);
      if (kept <= (this.places.get(room) ?? '')) return;
      this.places.set(room, kept);
      this.on.changed(room);
    });
  }

  kept(room) {
    const place = this.memory.get(`read ${room}`, '');
    return positionPattern.test(place) ? place : '';
  }

  /** The place up to which the room was read; '' when it never was opened. */
  of(room) {
    if (!this.places.has(room)) this.places.set(room, this.kept(room));
    return this.places.get(room);
  }

  /** Read up to here. True when that is further than before. */
  reached(room, place) {
    if (!place || place <= this.of(room)) return false;
    this.places.set(room, place);
    if (this.unsaved.size === 0) this.saveSoon();
    this.unsaved.add(room);
    return true;
  }

  saveSoon() {
    this.later(() => {
      this.save(savedAtOnce);
      if (this.unsaved.size) this.saveSoon();
    }, saveMs);
  }

  save(most = Infinity) {
    for (const room of [...this.unsaved].slice(0, most)) {
      this.unsaved.delete(room);
      if (this.places.get(room) > this.kept(room)) this.memory.set(`read ${room}`, this.places.get(room));
    }
  }
}
