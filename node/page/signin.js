// Signing in, where a node asks for it: with the account that one has in the store. Who one is stands in a cookie that scripts cannot read.

import { tell } from './dom.js';
import { browser } from './memory.js';
import { word } from './words.js';

const path = 'api/session';
// Where the page is, as the browser sees it: another chat of this host, under another path, has a cookie of its own.
const home = new URL('.', location.href).pathname;
const patienceMs = 5000;
const againMs = 1000;

const deleteSession = () => fetch(`${path}?path=${encodeURIComponent(home)}`, { method: 'DELETE', signal: AbortSignal.timeout(patienceMs) }).catch(() => null);

/** One has signed out, and no node has heard it yet. Only a node can take the cookie back, so until then the page stays away from it. */
export const isLeaving = () => browser.get('leaving', false) === true;

/** Ends when a node has heard it, or another tab has told one. */
export async function finishLeaving() {
  while (isLeaving()) {
    const answer = await deleteSession();
    if (answer?.ok || answer?.status === 401) browser.remove('leaving');
    else await new Promise((wake) => setTimeout(wake, againMs));
  }
}

export class SignIn {
  /** `on`: what to call: done() when one is somebody, out() when one is nobody any more. */
  constructor(dialog, outButton, on) {
    Object.assign(this, { dialog, outButton, on, needed: false });
    this.form = dialog.querySelector('form');
    this.problem = dialog.querySelector('[role=alert]');
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.begin();
    };
    // There is nothing to see behind it. A browser lets a second Escape close it all the same.
    dialog.oncancel = (event) => event.preventDefault();
    dialog.onclose = () => { if (this.needed) dialog.showModal(); };
    outButton.onclick = async () => {
      browser.set('leaving', true);
      if (!isLeaving()) await deleteSession();  // this browser keeps nothing over a reload
      on.out();
    };
  }

  /** The node has said whether one has to sign in, and as whom one has. Gives the name, if it is settled. */
  show({ auth, user }) {
    this.outButton.hidden = !auth || !user;
    this.needed = Boolean(auth && !user);
    if (this.needed && !this.dialog.open) this.dialog.showModal();
    if (!this.needed && this.dialog.open) this.dialog.close();
    return auth ? user ?? '' : undefined;
  }

  async begin() {
    const button = this.form.querySelector('button');
    button.disabled = true;
    const { name, password } = Object.fromEntries(new FormData(this.form));
    const answer = await fetch(path, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, password, path: home }),
    }).catch(() => null);
    button.disabled = false;
    const told = await answer?.json().catch(() => null);
    if (!answer?.ok) return tell(this.problem, word('signInFailed', told?.reason ?? word('noAnswer')));
    tell(this.problem, '');
    this.form.reset();
    this.on.done();
  }
}
