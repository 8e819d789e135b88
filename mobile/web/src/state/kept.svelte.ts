// Words that are typed and not given yet. They outlive a change of page, a refusal, a lock and a reload of this tab, and
// are forgotten when they were saved. Each person's stay her own: whoever else works in this tab does not see them.
// Photos can't be kept so; the capture page says it.

import { here } from "./core.svelte";

const PREFIX = "kept.";

const ownPrefix = (store: string): string => `${PREFIX}${store}.`;

/** State of whoever works here that is kept under `name` for as long as this tab lives. */
export function kept<T extends object>(name: string, empty: T): { draft: T; forget(): void } {
  const key = ownPrefix(here().resident?.store ?? "") + name;
  const draft = $state<T>({ ...empty, ...read<T>(key) });

  $effect(() => {
    const words = JSON.stringify(draft);
    try {
      if (words === JSON.stringify(empty)) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, words);
    } catch {
      // Storage may be full or forbidden; the words are still on the page.
    }
  });

  return {
    draft,
    forget() {
      Object.assign(draft, structuredClone(empty));
      try {
        sessionStorage.removeItem(key);
      } catch {
        // As above.
      }
    },
  };
}

function read<T>(key: string): Partial<T> {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "{}") as Partial<T>;
  } catch {
    return {};
  }
}

/** Words that were kept before they had an owner are those of whoever had chosen this tab. */
export function adopt(store: string): void {
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (!key.startsWith(PREFIX) || key.startsWith(`${PREFIX}store-`)) continue;
      sessionStorage.setItem(ownPrefix(store) + key.slice(PREFIX.length), sessionStorage.getItem(key) ?? "");
      sessionStorage.removeItem(key);
    }
  } catch {
    // As above.
  }
}

/** Of whoever left this browser nothing half-written stays. */
export function forgetAllBut(stores: string[]): void {
  const own = stores.map(ownPrefix);
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX) && !own.some((prefix) => key.startsWith(prefix))) sessionStorage.removeItem(key);
    }
  } catch {
    // Nothing could be kept, so nothing is to forget.
  }
}
