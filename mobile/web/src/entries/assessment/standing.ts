import type { Entry, Voice } from "../../core/types";
import type { ThreadEntry } from "../threads";

/** A mentor's judgement counts once a teacher has confirmed it. */
export function waitsForTeacher({ voice, entry }: Pick<ThreadEntry, "voice" | "entry">): boolean {
  return voice.role === "mentor" && entry.body.kind === "assessment" && !entry.withdrawn && !entry.is_replaced && entry.confirmed_by.length === 0;
}

/** The unreplaced judgements one has given about a student in an outcome: giving another one replaces the newest. */
export function standingJudgement(person: string, student: string, outcome: string, voices: Voice[]): Entry | null {
  let newest: Entry | null = null;
  for (const voice of voices) {
    if (voice.author !== person || voice.about !== student) continue;
    for (const entry of voice.entries) {
      if (entry.body.kind !== "assessment" || entry.body.outcome !== outcome || entry.withdrawn || entry.is_replaced) continue;
      if (!newest || entry.made >= newest.made) newest = entry;
    }
  }
  return newest;
}
