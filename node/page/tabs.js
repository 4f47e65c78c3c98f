// The other tabs of this browser: they share the rooms and the sign-in.

import { browser, prefixOf, tab } from './memory.js';

export class Tabs {
  /** `on.rooms()`: another tab opened or left a room; `on.forgotten()`: this page ends, and is loaded anew. */
  constructor(on) {
    this.on = on;
    browser.changed((key) => { if (key === 'rooms') on.rooms(); });
    this.channel = globalThis.BroadcastChannel ? new BroadcastChannel(`davenport ${prefixOf(location.pathname)}`) : null;
    if (this.channel) this.channel.onmessage = ({ data }) => { if (data === 'signed out') this.forget(); };
  }

  /** Who sits down here next is somebody else: nothing that was said, read or drafted is left, in any tab. */
  signedOut() {
    this.channel?.postMessage('signed out');
    this.forget();
  }

  forget() {
    this.on.forgotten();
    document.body.hidden = true;  // a server that is away may keep the reload waiting
    for (const kept of [browser, tab]) kept.clear();
    location.reload();
  }
}
