import type { Piece } from "../core/types";
import { known, personName } from "../state/school.svelte";
import { say } from "../i18n/words.svelte";

/** A student's name as it stands on the piece; "you" for oneself. */
export function studentOn(piece: Pick<Piece, "students">, student: string): string {
  if (student === known.me?.person) return say("you");
  return piece.students.find((one) => one.id === student)?.name ?? personName(student);
}
