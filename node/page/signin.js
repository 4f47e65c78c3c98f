// Signing in, where a node asks for it: with the account that one has in the store. Who one is stands in a cookie that scripts cannot read.

import { browser, tab } from './memory.js';
import { tell } from './status.js';

const path = 'api/session';

export class SignIn {
  /** `on`: what to call: done() when one is somebody. */
  constructor(dialog, outButton, nameField, on) {
    Object.assign(this, { dialog, outButton, nameField, on });
    this.form = dialog.querySelector('form');
    this.problem = dialog.querySelector('[role=alert]');
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.begin();
    };
    dialog.oncancel = (event) => event.preventDefault();  // there is nothing to see behind it
    outButton.onclick = async () => {
      await fetch(path, { method: 'DELETE' }).catch(() => {});
      for (const kept of [browser, tab]) kept.clear();  // who sits down here next is somebody else
      location.reload();
    };
  }

  /** The node has said whether one has to sign in, and as whom one has. Gives the name, if it is settled. */
  show({ auth, user }) {
    this.outButton.hidden = !auth || !user;
    this.nameField.readOnly = Boolean(auth);
    if (auth && !user && !this.dialog.open) this.dialog.showModal();
    if ((!auth || user) && this.dialog.open) this.dialog.close();
    return auth ? user ?? '' : undefined;
  }

  async begin() {
    const button = this.form.querySelector('button');
    button.disabled = true;
    const { name, password } = Object.fromEntries(new FormData(this.form));
    const answer = await fetch(path, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, password }),
    }).catch(() => null);
    button.disabled = false;
    const told = await answer?.json().catch(() => null);
    if (!answer?.ok) return tell(this.problem, `That did not work: ${told?.reason ?? 'the server does not answer'}.`);
    tell(this.problem, '');
    this.form.reset();
    this.on.done();
  }
}
