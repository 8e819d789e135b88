// Words that are typed and not given yet. They outlive a change of page, a refusal and a reload of this tab, and are
// forgotten when they were saved. Photos can't be kept so; the capture page says it.

const PREFIX = "kept.";

/** State that is kept under `name` for as long as this tab lives. */
export function kept<T extends object>(name: string, empty: T): { draft: T; forget(): void } {
  const key = PREFIX + name;
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

/** When another person takes over this tab, nothing half-written may be left for her to read. */
export function forgetEverythingKept(): void {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  } catch {
    // Nothing could be kept, so nothing is to forget.
  }
}
