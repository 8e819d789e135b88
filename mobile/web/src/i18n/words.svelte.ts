// The reader's language: words, days and moments. Changing it changes every open page at once.

import { chooseLanguage, codeKey, sentence, type Gaps, type Key, type Language } from "./catalogue";
import { dayAsDate, distance } from "./time";

export type { Key, Language } from "./catalogue";

const STORED = "language";

export const reader: { language: Language } = $state({ language: chooseLanguage(stored(), navigator.languages) });
document.documentElement.lang = reader.language;

function stored(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

export function speak(language: Language): void {
  reader.language = language;
  document.documentElement.lang = language;
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // The choice then lasts as long as the page.
  }
}

export function say(key: Key, gaps?: Gaps): string {
  return sentence(reader.language, key, gaps);
}

export function sayWhy(code: string): string {
  return say(codeKey("why", code));
}

export function sayRefusal(code: string): string {
  return say(codeKey("refusal", code));
}

/** What to know of a file before it is saved; nothing for a note of a newer core. */
export function sayNote(code: string): string {
  const key = codeKey("note", code);
  return key === null ? "" : say(key);
}

export function sayBecause(code: string): string {
  return say(codeKey("because", code));
}

/** "Nov 22", with the year when it is not this one. */
export function sayDay(day: string | null): string {
  const date = day === null ? null : dayAsDate(day);
  return date ? inDays(date) : say("time.no_day");
}

/** "Nov 22, 2026": where it is read in another year, on paper and among evidence. */
export function sayDayFully(day: string | number | null): string {
  const date = typeof day === "number" ? new Date(day) : day === null ? null : dayAsDate(day);
  return date ? new Intl.DateTimeFormat(reader.language, { dateStyle: "medium" }).format(date) : say("time.no_day");
}

export function sayMoment(moment: number): string {
  return inDays(new Date(moment));
}

export function sayMomentFully(moment: number): string {
  return new Intl.DateTimeFormat(reader.language, { dateStyle: "medium", timeStyle: "short" }).format(moment);
}

function inDays(date: Date): string {
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(reader.language, { day: "numeric", month: "short", year }).format(date);
}

/** "3 days ago". */
export function sayAgo(moment: number): string {
  const { count, unit } = distance(moment, Date.now());
  if (unit === "now") return say("time.just_now");
  return new Intl.RelativeTimeFormat(reader.language, { numeric: "auto" }).format(-count, unit);
}

/** "3 days", for how long something has waited. */
export function sayFor(moment: number): string {
  const { count, unit } = distance(moment, Date.now());
  if (unit === "now") return say("time.moments");
  return new Intl.NumberFormat(reader.language, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

export function sayBytes(bytes: number): string {
  const [unit, size] = bytes >= 1e9 ? ["gigabyte", 1e9] : bytes >= 100_000 ? ["megabyte", 1e6] : ["kilobyte", 1e3];
  const maximumFractionDigits = bytes < 10 * size ? 1 : 0;
  // The smallest file is more than nothing.
  const shown = bytes > 0 ? Math.max(0.1, bytes / size) : 0;
  return new Intl.NumberFormat(reader.language, { style: "unit", unit, maximumFractionDigits }).format(shown);
}

export function sayList(words: string[]): string {
  return new Intl.ListFormat(reader.language, { type: "conjunction" }).format(words);
}

/** Names in the reader's order of the alphabet. */
export function byName<T>(things: readonly T[], name: (thing: T) => string): T[] {
  const order = new Intl.Collator(reader.language, { sensitivity: "base", numeric: true });
  return [...things].sort((one, other) => order.compare(name(one), name(other)));
}
