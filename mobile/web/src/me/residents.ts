// On a shared tablet each tab asks once who is working; the answer lasts as long as the tab.

import { forgetEverythingKept } from "../state/kept.svelte";
import { releaseAll } from "../state/photos";
import { forgetPicked } from "../state/captured.svelte";

const CHOSEN = "resident";

/** Nothing half-written and no photo of the one before may be left for the one who takes over. */
export function choose(store: string): void {
  if (chosen() !== null && chosen() !== store) {
    forgetEverythingKept();
    forgetPicked();
    releaseAll();
  }
  try {
    sessionStorage.setItem(CHOSEN, store);
  } catch {
    // Then the question comes again.
  }
}

export function chosen(): string | null {
  try {
    return sessionStorage.getItem(CHOSEN);
  } catch {
    return null;
  }
}
