import type { Reference, Voice } from "../../core/types";
import { nameOf } from "../threads";

/** One's own confirmation of an entry, to take it back. */
export function confirmationBy(person: string, of: Reference, voices: Voice[]): { about: string | null; entry: string } | null {
  for (const voice of voices) {
    if (voice.author !== person) continue;
    for (const entry of voice.entries) {
      if (entry.body.kind === "confirmation" && !entry.withdrawn && nameOf(entry.body.of) === nameOf(of)) return { about: voice.about, entry: entry.id };
    }
  }
  return null;
}
