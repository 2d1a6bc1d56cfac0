// Keeps the page, so that it opens without rtsep and says so; with rtsep it is always rtsep's own.

const KEPT = "rtsep-page";
const FILES = ["/", "/page.css", "/sheet.css", "/transport.css", "/page.js", "/channel.js", "/ends.js", "/link.js",
               "/rows.js", "/scale.js", "/scenes.js", "/sheets.js", "/strip.js", "/transport.js", "/travel.js",
               "/manifest.webmanifest", "/icons/icon-192.png"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || !FILES.includes(url.pathname) || url.search) return;
  event.respondWith(fresh(event.request, url.pathname));
});

async function fresh(request, path) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request);
    if (answer.ok) await kept.put(path, answer.clone());
    return answer;
  } catch (error) {
    const known = await kept.match(path);
    if (known) return known;
    throw error;
  }
}
