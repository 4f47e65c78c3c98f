// What lets the page open without a network: a service worker that keeps its files. A browser without one, or an address without TLS, does without.

export function keepShell() {
  if (!navigator.serviceWorker || !isSecureContext) return;
  navigator.serviceWorker.register('worker.js').catch(() => {});
  navigator.serviceWorker.addEventListener('message', ({ data }) => {
    if (data?.room) location.hash = data.room;
  });
}
