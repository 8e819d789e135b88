// The pages' own sentences, so that no journey copies one.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { IntlMessageFormat } from "intl-messageformat";

const read = (language: string): Record<string, string> =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../src/i18n/${language}.json`), "utf8")) as Record<string, string>;

export const english = read("en");
export const spanish = read("es");

/** Says it as the page does that is read in this language. */
export function sayIn(language: "en" | "es"): (key: string, gaps?: Record<string, string | number>) => string {
  return (key, gaps) => say(key, gaps, language === "es" ? spanish : english, language);
}

export function say(key: string, gaps: Record<string, string | number> = {}, words = english, language = "en"): string {
  const sentence = words[key];
  if (sentence === undefined) throw new Error(`no sentence is called ${key}`);
  return String(new IntlMessageFormat(sentence, language, undefined, { ignoreTag: true }).format(gaps));
}
