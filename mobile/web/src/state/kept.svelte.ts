// Words that are typed and not given yet. They outlive a change of page, a refusal, a lock and a reload of this tab, and
// are forgotten when they were saved. Each person's stay her own: whoever else works in this tab does not see them.
// A copy waits for the next tab, should this one be closed or ended.

import { untrack } from "svelte";
import { here } from "./core.svelte";
import { dropAllBut, keepWords, wordsLeft } from "./drafts";

const PREFIX = "kept.";

const ownPrefix = (store: string): string => `${PREFIX}${store}.`;

/** State of whoever works here that is kept under `name`: until it is given, or (not `lasting`) for as long as this tab lives. */
export function kept<T extends object>(name: string, empty: T, lasting = true): { draft: T; forget(): void } {
  const whose = here().resident?.store ?? "";
  const key = ownPrefix(whose) + name;
  const draft = $state<T>({ ...empty, ...read<T>(key) });

  $effect(() => {
    const words = JSON.stringify(draft);
    const begun = words === JSON.stringify(empty) ? null : words;
    try {
      if (begun === null) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, begun);
    } catch {
      // Storage may be full or forbidden; the words are still on the page.
    }
    if (lasting) void keepWords(whose, name, begun);
    notice();
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
      if (lasting) void keepWords(whose, name, null);
      notice();
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

/** Rises whenever something was begun or given. */
const begunNames = $state({ changes: 0 });

function notice(): void {
  untrack(() => (begunNames.changes += 1));
}

/** What a person began in this browser and has not given yet, by the names it is kept under. */
export function begun(whose: string): string[] {
  void begunNames.changes;
  try {
    const prefix = ownPrefix(whose);
    return Object.keys(sessionStorage).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  } catch {
    return [];
  }
}

/** What tabs that are gone left of her words goes on in this one. What she wrote here stays before it. */
export function goOn(whose: string): void {
  for (const [name, text] of wordsLeft(whose)) {
    const key = ownPrefix(whose) + name;
    try {
      if (sessionStorage.getItem(key) === null) sessionStorage.setItem(key, text);
    } catch {
      // As above.
    }
  }
  notice();
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
  void dropAllBut(stores);
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX) && !own.some((prefix) => key.startsWith(prefix))) sessionStorage.removeItem(key);
    }
  } catch {
    // Nothing could be kept, so nothing is to forget.
  }
}
