// What a piece and a folio are called where they have no title of their own.

import type { PieceLine } from "../core/types";
import { known } from "../state/school.svelte";
import { say, sayDay, sayMoment } from "../i18n/words.svelte";

export function shownTitle(piece: Pick<PieceLine, "title" | "work_date" | "made">): string {
  if (piece.title.trim() !== "") return piece.title;
  return say("piece.untitled", { day: piece.work_date ? sayDay(piece.work_date) : sayMoment(piece.made) });
}

/** What a folio is called: its project, or, for the one about the student herself, what that is to the reader. */
export function folioTitle(title: string, student: string): string {
  return title || say(student === known.me?.person ? "folio.home" : "folio.home_other");
}
