// A file that is fetched when somebody asks for it, and let go of with the place that shows it.

import { core } from "../state/core.svelte";
import { hold, release } from "../state/photos";

export interface Fetched {
  readonly url: string | null;
  /** Somebody asked, and it is not here yet. */
  readonly wanted: boolean;
  /** It can't come now: there is no way to the school. */
  readonly stuck: boolean;
  want(): void;
}

export function fetched(of: () => { piece: string; hash: string }): Fetched {
  let url = $state<string | null>(null);
  let asked = $state(false);

  $effect(() => {
    const { piece, hash } = of();
    void core.changes;
    if (!asked || url) return;
    let left = false;
    void hold(piece, hash)
      .catch(() => null)
      .then((found) => {
        if (!found) return;
        if (left) release(hash);
        else url = found;
      });
    return () => {
      left = true;
    };
  });
  $effect(() => {
    const { hash } = of();
    return () => {
      if (url) release(hash);
    };
  });

  return {
    get url() {
      return url;
    },
    get wanted() {
      return asked && url === null;
    },
    get stuck() {
      return asked && url === null && (core.network.is === "offline" || core.network.is === "unreachable");
    },
    want() {
      asked = true;
    },
  };
}
