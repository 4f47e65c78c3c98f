// What the browser keeps for us. It may keep nothing (a private window, a full disk) or hand back what somebody broke: the chat goes on without.
// One origin may hold several chats, each under its own path, and other programs: each chat keeps its own, and touches nothing else.

// `leaving` is none of these: it outlives what is cleared when one signs out.
const names = /^(name|rooms|posts|changes|settings|secret|notify|sound|draft .*|read .*)$/s;

/** `/` keeps plain names; a chat under another path puts that path before them. */
export const prefixOf = (path) => {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return folder === '/' || folder === '' ? '' : `${folder} `;
};

function memory(name) {
  const storage = () => globalThis[name];
  const prefix = prefixOf(globalThis.location?.pathname ?? '/');
  return {
    get(key, otherwise) {
      try {
        return JSON.parse(storage().getItem(prefix + key)) ?? otherwise;
      } catch {
        return otherwise;
      }
    },
    set(key, value) {
      try {
        storage().setItem(prefix + key, JSON.stringify(value));
      } catch { /* then it is forgotten with the page */ }
    },
    remove(key) {
      try {
        storage().removeItem(prefix + key);
      } catch { /* then it was never kept */ }
    },
    /** Calls `on(key)` whenever another tab changed what is kept there. */
    changed(on) {
      globalThis.addEventListener?.('storage', ({ key, newValue }) => {
        if (newValue !== null && key?.startsWith(prefix) && names.test(key.slice(prefix.length))) on(key.slice(prefix.length));
      });
    },
    clear() {
      try {
        for (const key of Object.keys(storage())) if (key.startsWith(prefix) && names.test(key.slice(prefix.length))) storage().removeItem(key);
      } catch { /* then there is nothing */ }
    },
  };
}

/** Of this browser: name, rooms, drafts, how far one has read. */
export const browser = memory('localStorage');
/** Of this tab: what is not stored yet. */
export const tab = memory('sessionStorage');
