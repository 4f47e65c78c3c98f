// What tells a person who looks elsewhere that something was said: the title, the icon, the badge of an installed page, and notifications. Those
// are asked for when somebody was named while away, and never on load.

import { browser } from './memory.js';
import { chime } from './sound.js';
import { word } from './words.js';

export class Attention {
  /** `icon`: the page's link to it; `offer`: asks whether to notify; `on.open(room, id)`: goes to what a notification tells of. */
  constructor(icon, offer, on) {
    Object.assign(this, { icon, offer, on, shown: '', wanted: null });
    const [yes, aloud, no] = offer.querySelectorAll('button');
    yes.onclick = () => this.answer(true);
    aloud.onclick = () => this.answer(true, true);
    no.onclick = () => this.answer(false);
    const back = () => { if (this.wanted && !this.away) this.propose(); };
    addEventListener('focus', back);
    document.addEventListener('visibilitychange', back);
  }

  get away() { return document.visibilityState === 'hidden' || !document.hasFocus(); }

  /** `unread` messages in all rooms, in `named` of them one is named. */
  show({ unread, named, room }) {
    const count = named ? `(@${named}) ` : unread ? `(${unread}) ` : '';
    const title = `${count}${room} – Davenport`;
    if (title === this.shown) return;
    this.shown = document.title = title;
    const icon = unread ? 'icon-dot.svg' : 'icon.svg';
    if (this.icon.getAttribute('href') !== icon) this.icon.setAttribute('href', icon);  // each time it is set, it is asked for
    const badge = named || unread ? navigator.setAppBadge?.(named || undefined) : navigator.clearAppBadge?.();
    badge?.catch?.(() => {});
  }

  /** Somebody named me in this room. */
  named(item, room) {
    if (!this.away || !globalThis.Notification || browser.get('notify', true) === false) return;
    if (Notification.permission === 'granted') this.notify(item, room);
    else if (Notification.permission === 'default') this.wanted = item.user;
  }

  notify(item, room) {
    const title = word('namedIn', item.user, room);
    if (browser.get('sound', false) === true) chime();
    const options = { body: item.text.slice(0, 200), tag: item.id, icon: 'icon.svg', data: { room, id: item.id } };
    try {
      const shown = new Notification(title, options);
      shown.onclick = () => {
        globalThis.focus();
        this.on.open(room, item);
        shown.close();
      };
    } catch {  // on a phone only a service worker may
      navigator.serviceWorker?.ready.then((worker) => worker.showNotification(title, options)).catch(() => {});
    }
  }

  propose() {
    this.offer.querySelector('span').textContent = word('offerNotify', this.wanted);
    this.wanted = null;
    this.offer.hidden = false;
  }

  async answer(yes, sound = false) {
    this.offer.hidden = true;
    browser.set('sound', sound);
    if (sound) chime();  // so that one knows it
    if (yes) await Notification.requestPermission();
    else browser.set('notify', false);
  }
}
