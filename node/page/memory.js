// What the browser keeps for us. It may keep nothing (a private window, a full disk) or hand back what somebody broke: the chat goes on without.

function memory(name) {
  const storage = () => globalThis[name];
  return {
    get(key, otherwise) {
      try {
        return JSON.parse(storage().getItem(key)) ?? otherwise;
      } catch {
        return otherwise;
      }
    },
    set(key, value) {
      try {
        storage().setItem(key, JSON.stringify(value));
      } catch { /* then it is forgotten with the page */ }
    },
    remove(key) {
      try {
        storage().removeItem(key);
      } catch { /* then it was never kept */ }
    },
    clear() {
      try {
        storage().clear();
      } catch { /* then there is nothing */ }
    },
  };
}

/** Of this browser: name, rooms, drafts. */
export const browser = memory('localStorage');
/** Of this tab: what is not stored yet. */
export const tab = memory('sessionStorage');
