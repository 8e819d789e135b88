// What was said on a piece, in the order a person reads it: voice by voice, and replies beneath what they answer.

import type { Entry, Reference, Voice } from "../core/types";

export interface ThreadEntry {
  voice: Voice;
  entry: Entry;
  replies: ThreadEntry[];
}

export interface Talk {
  voice: Voice;
  said: ThreadEntry[];
}

/** One text for one entry of a piece. */
export const nameOf = (reference: Reference): string => `${reference.author}|${reference.about ?? ""}|${reference.entry}`;

export const referenceTo = (voice: Voice, entry: Entry): Reference => ({ author: voice.author, about: voice.about, entry: entry.id });

/**
 * What an entry is `of` is shown with it, so it is no line of its own; what it is said `to` stands above it. That holds for
 * every kind.
 */
export function threads(voices: Voice[]): Talk[] {
  const all = new Map<string, ThreadEntry>();
  for (const voice of voices) {
    for (const entry of voice.entries) all.set(nameOf(referenceTo(voice, entry)), { voice, entry, replies: [] });
  }
  const tops = new Set(all.values());
  for (const spoken of all.values()) {
    const body = spoken.entry.body;
    if ("of" in body) tops.delete(spoken);
    if (!("to" in body)) continue;
    const answered = all.get(nameOf(body.to));
    // An answer to something one can't see (or to itself) stays readable on its own.
    if (!answered || reaches(answered, spoken, all)) continue;
    answered.replies.push(spoken);
    tops.delete(spoken);
  }
  for (const spoken of all.values()) spoken.replies.sort((one, other) => one.entry.made - other.entry.made);
  return voices
    .map((voice) => ({ voice, said: [...tops].filter((one) => one.voice === voice).sort((one, other) => one.entry.made - other.entry.made) }))
    .filter((talk) => talk.said.length > 0 || talk.voice.unverified > 0);
}

/** Entries come from others: two that answer each other must not send the page in a circle. */
function reaches(from: ThreadEntry, to: ThreadEntry, all: Map<string, ThreadEntry>): boolean {
  let now: ThreadEntry | undefined = from;
  for (let steps = 0; now && steps <= all.size; steps += 1) {
    if (now === to) return true;
    now = "to" in now.entry.body ? all.get(nameOf(now.entry.body.to)) : undefined;
  }
  return now !== undefined;
}
