// How far a student is on the way to a level, as one sentence. The numbers are the core's; only the words are ours.

import type { OutcomeLevel } from "../core/types";
import { sentence, type Language } from "../i18n/catalogue";

type Tally = OutcomeLevel["tally"];

const least = (have: number, of: number): number => Math.min(have, of);

export function isReached(tally: Tally): boolean {
  return tally.at_bats >= tally.of_at_bats && tally.projects >= tally.of_projects && tally.days >= tally.of_days;
}

/** "2 of 3 times shown, 1 of 2 projects". Days are named only when they are what lacks. */
export function tallySentence(tally: Tally, language: Language): string {
  const parts = [sentence(language, "tally.at_bats", { have: least(tally.at_bats, tally.of_at_bats), of: tally.of_at_bats })];
  if (tally.of_projects > 1) parts.push(sentence(language, "tally.projects", { have: least(tally.projects, tally.of_projects), of: tally.of_projects }));
  const onlyDays = tally.at_bats >= tally.of_at_bats && tally.projects >= tally.of_projects && tally.days < tally.of_days;
  if (onlyDays) parts.push(sentence(language, "tally.days", { have: tally.days, of: tally.of_days }));
  return parts.join(", ");
}
