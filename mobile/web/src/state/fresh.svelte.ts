// What was new on the piece that is open: it stays marked while she looks at it, and is read from now on.

import { untrack } from "svelte";
import { call } from "./core.svelte";

export const fresh: { entries: string[] } = $state({ entries: [] });

/** Somebody looks at a piece. `shown`: it is on the screen, with what was said on it. */
export function looks(piece: () => string, shown: () => boolean): void {
  let last = "";
  $effect(() => {
    const id = piece();
    if (id !== last) untrack(() => (fresh.entries = []));
    last = id;
    if (shown()) void look(id);
  });
}

async function look(piece: string): Promise<void> {
  // Nothing here may stand in the way of looking.
  const news = await call("inbox", {}).catch(() => []);
  const here = news.filter((row) => row.piece === piece && row.is_new).map((row) => row.of.entry);
  if (here.length === 0) return;
  fresh.entries = [...new Set([...fresh.entries, ...here])];
  await call("mark_read", { piece }).catch(() => undefined);
}
