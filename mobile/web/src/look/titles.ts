// What a piece is called where it has no title of its own.

import type { PieceLine } from "../core/types";
import { say, sayDay, sayMoment } from "../words/words.svelte";

export function shownTitle(piece: Pick<PieceLine, "title" | "work_date" | "made">): string {
  if (piece.title.trim() !== "") return piece.title;
  return say("piece.untitled", { day: piece.work_date ? sayDay(piece.work_date) : sayMoment(piece.made) });
}
