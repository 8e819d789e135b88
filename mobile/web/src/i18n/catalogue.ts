// A sentence of a catalogue with its gaps filled. Plurals and choices are ICU MessageFormat.

import IntlMessageFormat from "intl-messageformat";
import en from "./en.json";
import es from "./es.json";

export type Key = keyof typeof en;
export type Language = "en" | "es";
export type Gaps = Record<string, string | number>;

const catalogues: Record<Language, Record<Key, string>> = { en, es };
const parsed = new Map<string, IntlMessageFormat>();

export function sentence(language: Language, key: Key, gaps: Gaps = {}): string {
  const name = `${language} ${key}`;
  let format = parsed.get(name);
  if (!format) {
    // A person's name may hold "<": it is text like all else here, so tags mean nothing.
    format = new IntlMessageFormat(catalogues[language][key], language, undefined, { ignoreTag: true });
    parsed.set(name, format);
  }
  return String(format.format(gaps));
}

/** The key for a code from the core, or the one that says "for a reason this version does not know". */
export function codeKey(family: "note", code: string): Key | null;
export function codeKey(family: "why" | "refusal" | "because", code: string): Key;
export function codeKey(family: "why" | "refusal" | "because" | "note", code: string): Key | null {
  const last = code.split(".").at(-1) ?? code;
  const key = `${family}.${last}`;
  if (key in en) return key as Key;
  if (family === "note") return null;
  // A file that a newer core refuses is still one that is not taken.
  return family === "refusal" && last.startsWith("media_") ? "refusal.media_unsupported" : (`${family}.other` as Key);
}

/** The stored choice, else the first of the browser's languages that there is a catalogue for. */
export function chooseLanguage(stored: string | null, browser: readonly string[]): Language {
  for (const tag of [stored, ...browser]) {
    const short = tag?.slice(0, 2).toLowerCase();
    if (short === "en" || short === "es") return short;
  }
  return "en";
}
