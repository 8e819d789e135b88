// What nearly every page leans on: who one is, the school's words, outcomes and names. Asked once, kept fresh.

import type { Me, Outcome, Person, School } from "../core/types";
import { ask } from "./ask.svelte";

interface Known {
  me: Me | null;
  outcomes: Map<string, Outcome>;
  people: Map<string, Person>;
}

export const known: Known = $state({ me: null, outcomes: new Map(), people: new Map() });

/** Called by the frame, inside which every page lives. */
export function keepKnown(): void {
  const me = ask("me", () => ({}));
  const outcomes = ask("outcomes", () => ({}));
  const people = ask("people", () => ({}));
  $effect(() => {
    known.me = me.value ?? null;
  });
  $effect(() => {
    known.outcomes = new Map((outcomes.value ?? []).map((one) => [one.id, one]));
  });
  $effect(() => {
    known.people = new Map((people.value ?? []).map((one) => [one.id, one]));
  });
}

/** Nobody works here now whose school this could be. */
export function forgetKnown(): void {
  known.me = null;
  known.outcomes = new Map();
  known.people = new Map();
}

export function levels(): School["levels"] {
  return known.me?.school?.levels ?? [];
}

export function levelWord(position: number | null): string {
  if (position === null) return "";
  return levels()[position]?.word ?? String(position + 1);
}

/** An outcome in a student's words; its statement when nobody has put it into any. */
export function friendly(outcome: string): string {
  const found = known.outcomes.get(outcome);
  return found ? found.friendly || found.statement : outcome;
}

export function codeOf(outcome: string): string {
  return known.outcomes.get(outcome)?.code ?? "";
}

export function personName(id: string): string {
  return known.people.get(id)?.name || id;
}
