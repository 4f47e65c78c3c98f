// The service worker: the page's own files come from the network, and from what was kept of them where there is none. Nothing else is touched,
// and nothing that was said is kept.

const cacheName = 'davenport page 1';
const files = ['./', 'chat.css', 'chat.js', 'icon.svg', 'icon-dot.svg', 'manifest.webmanifest'];
const own = /^([a-z_-]+\.(js|css|svg|webmanifest))?$/;

const keep = (name) => `${cacheName} ${name}`;
const cacheOf = () => caches.open(keep(self.registration.scope));

self.addEventListener('install', (event) => {
  event.waitUntil(cacheOf().then((cache) => cache.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => { event.waitUntil(self.clients.claim()); });

async function answer(request, path) {
  const cache = await cacheOf();
  const key = path === '' ? './' : path;
  try {
    const fresh = await fetch(request);
    if (fresh.ok) {
      await cache.put(key, fresh.clone());
      return fresh;
    }
    // A proxy whose server is away answers in its name; what the server itself says is passed on.
    return fresh.status >= 502 && fresh.status <= 504 ? await cache.match(key) ?? fresh : fresh;
  } catch (error) {
    const kept = await cache.match(key);
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const { scope } = self.registration;
  if (request.method !== 'GET' || !request.url.startsWith(scope) || url.search) return;
  const path = url.href.slice(scope.length).split('#')[0];
  if (!own.test(path)) return;
  event.respondWith(answer(request, path));
});

self.addEventListener('notificationclick', (event) => {
  event.notification.close();
  const { room } = event.notification.data ?? {};
  event.waitUntil(self.clients.matchAll({ type: 'window' }).then(async ([page]) => {
    if (!page) return self.clients.openWindow(`${self.registration.scope}#${room}`);
    await page.focus();
    page.postMessage({ room });
  }));
});
