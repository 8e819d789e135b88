// On a shared tablet each tab asks once who is working; the answer lasts as long as the tab.

import { handOver, unpickAllBut } from "../state/captured.svelte";
import { adopt, forgetAllBut, goOn } from "../state/kept.svelte";
import { releaseAll } from "../state/photos";
import { replaceWith } from "../state/place.svelte";

const CHOSEN = "resident";

/** Whose photos and picked files this page holds. */
let owner: string | null = null;

const before = chosen();
if (before !== null) adopt(before);

/** No photo and nothing picked of the one before is left for the one who takes over, and no page of hers is open. */
export function choose(store: string): void {
  if (owner !== store) {
    handOver(owner ?? "", store);
    goOn(store);
    if (owner !== null) {
      releaseAll();
      replaceWith("#/");
    }
  }
  owner = store;
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

/** This tab asks again who is working. */
export function chooseAgain(): void {
  try {
    sessionStorage.removeItem(CHOSEN);
  } catch {
    // It was not kept either.
  }
}

/** Whoever left this browser leaves nothing half-written in this tab. */
export function forgetWhoLeft(stores: string[]): void {
  if (owner !== null && !stores.includes(owner)) {
    handOver(owner, "");
    releaseAll();
    owner = null;
  }
  forgetAllBut(stores);
  unpickAllBut(stores);
}
