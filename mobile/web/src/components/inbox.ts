// What somebody said, in its first line.

import type { EntryBody } from "../core/types";
import { friendly, levelWord } from "../state/school.svelte";
import { say } from "../i18n/words.svelte";

export function firstLine(body: EntryBody): string {
  switch (body.kind) {
    case "feedback":
      return lineOf([body.did_well, body.improve, body.next_step]);
    case "assessment":
      return say("inbox.judged", { outcome: friendly(body.outcome), level: levelWord(body.level) });
    case "reply":
    case "reflection":
      return lineOf([body.words]);
    case "confirmation":
      return say("confirmation.confirmed");
    case "unreadable":
      return say("inbox.newer");
  }
}

/** The first of these that says something, up to its first break. */
function lineOf(texts: string[]): string {
  const said = texts.find((text) => text.trim() !== "") ?? "";
  return said.trim().split("\n", 1)[0] ?? "";
}
