// Which page is open, and where it was scrolled to. The browser's own history is the only one: "back" is its back.

import { tick } from "svelte";
import { routeOf, type Route } from "./routes";

interface Entry {
  at: number;
}

export const place: { route: Route; steps: number } = $state({ route: routeOf(location.hash), steps: 0 });

const scrolls = new Map<number, number>();
let here = (history.state as Entry | null)?.at ?? 0;
let newest = here;
let wasBack = false;

history.scrollRestoration = "manual";
history.replaceState({ at: here }, "");

// A link makes a new entry without a state; back and forward bring one that has its number.
window.addEventListener("popstate", (event) => {
  scrolls.set(here, scrollY);
  const known = (event.state as Entry | null)?.at;
  wasBack = known !== undefined;
  if (known === undefined) {
    newest += 1;
    here = newest;
    history.replaceState({ at: here }, "");
  } else {
    here = known;
  }
  void arrive();
});

async function arrive(): Promise<void> {
  const next = routeOf(location.hash);
  const samePage = next.page === place.route.page && next.id === place.route.id;
  place.route = next;
  await tick();
  if (wasBack) await scrollBack(scrolls.get(here) ?? 0);
  else if (!samePage) scrollTo(0, 0);
  if (!samePage) place.steps += 1;
}

/** A page fills while it is answered, so its old place may only exist after some frames. */
async function scrollBack(top: number): Promise<void> {
  for (let frame = 0; frame < 40; frame += 1) {
    scrollTo(0, top);
    if (Math.abs(scrollY - top) < 2) return;
    await new Promise(requestAnimationFrame);
  }
}

export function go(hash: string): void {
  location.hash = hash;
}

/** Goes on without a way back to this page: after something was finished, or when the address holds a secret. */
export function replaceWith(hash: string): void {
  history.replaceState({ at: here }, "", hash);
  wasBack = false;
  void arrive();
}

export function back(otherwise: string): void {
  if (here > 0) history.back();
  else replaceWith(otherwise);
}
