// Keeps the pages for when there is no network: everything this version consists of, and nothing a person made. A new
// version waits until the reader takes it.

import { clientsClaim } from "workbox-core";
import { createHandlerBoundToURL, precacheAndRoute, type PrecacheEntry } from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: PrecacheEntry[] };

precacheAndRoute(self.__WB_MANIFEST);
// Every address is the same page; what it shows stands behind the #.
registerRoute(new NavigationRoute(createHandlerBoundToURL("/index.html"), { denylist: [/^\/v1\//, /^\/health/, /^\/ready/] }));
clientsClaim();

self.addEventListener("message", ({ data }: ExtendableMessageEvent) => {
  if (data === "take over") void self.skipWaiting();
});
