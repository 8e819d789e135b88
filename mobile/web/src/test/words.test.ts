// Both catalogues say the same things with the same gaps, and no page says anything that is in none.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import IntlMessageFormat from "intl-messageformat";
import { parse } from "svelte/compiler";
import { describe, expect, test } from "vitest";
import { chooseLanguage, codeKey, sentence, type Key } from "../i18n/catalogue";
import en from "../i18n/en.json";
import es from "../i18n/es.json";

const SOURCE = join(import.meta.dirname, "..");

describe("the catalogues", () => {
  test("have the same keys, in the same order", () => {
    expect(Object.keys(es)).toEqual(Object.keys(en));
  });

  test("leave the same gaps", () => {
    for (const key of Object.keys(en) as Key[]) expect(gaps(es[key]), key).toEqual(gaps(en[key]));
  });

  test("can be spoken, for one and for many", () => {
    for (const language of ["en", "es"] as const) {
      for (const key of Object.keys(en) as Key[]) {
        for (const count of [0, 1, 3]) {
          const given = Object.fromEntries(gaps(en[key]).map((gap) => [gap, count]));
          expect(sentence(language, key, given).trim(), `${language} ${key}`).not.toBe("");
        }
      }
    }
  });

  test("take a name as text, whatever is in it", () => {
    expect(sentence("en", "welcome.title", { name: "<b>{x}</b>" })).toContain("<b>{x}</b>");
  });

  test("hold every key that is asked for by name", () => {
    const keys = new Set(Object.keys(en));
    for (const file of files(/\.(svelte|ts)$/)) {
      for (const [, key] of readFileSync(file, "utf8").matchAll(/\bsay\("([^"]+)"/g)) expect(keys.has(key ?? ""), `${file}: ${key}`).toBe(true);
    }
  });

  test("know a sentence for each code of the core, and one for codes to come", () => {
    const why = ["builds_on_missing", "over_quota", "not_in_circle", "role_ended", "malformed", "too_large", "bad_signature", "actor_taken", "id_taken", "too_late", "erased", "school_is_older", "school_is_newer", "no_connection", "not_expected_yet", "started_again", "busy", "file_missing"];
    for (const code of why) expect(codeKey("why", code)).toBe(`why.${code}`);
    const refusals = ["store", "no_room", "media_unsupported", "media_damaged", "media_too_large", "bounds", "unknown", "not_allowed", "school_refused", "no_network", "unsent", "bad_link", "other"];
    for (const code of refusals) expect(codeKey("refusal", code)).toBe(`refusal.${code}`);
    expect(codeKey("why", "waiting.no_connection")).toBe("why.no_connection");
    expect(codeKey("why", "sunspots")).toBe("why.other");
  });

  test("are chosen by the reader, else by her browser", () => {
    expect(chooseLanguage("es", ["en-GB"])).toBe("es");
    expect(chooseLanguage(null, ["fr", "es-MX", "en"])).toBe("es");
    expect(chooseLanguage(null, ["ja"])).toBe("en");
  });
});

describe("the pages", () => {
  test("hold no words of their own", () => {
    const found = files(/\.svelte$/).flatMap((file) => bareWords(file).map((words) => `${file.slice(SOURCE.length)}: ${words}`));
    expect(found).toEqual([]);
  });
});

/** The names a sentence leaves open, in whichever branch of a plural they stand. */
function gaps(text: string): string[] {
  const names = new Set<string>();
  const walk = (parts: Part[]): void => {
    for (const part of parts) {
      // 0 is plain text and 7 the plural's own number.
      if (part.type !== 0 && part.type !== 7) names.add(String(part.value));
      for (const branch of Object.values(part.options ?? {})) walk(branch.value);
    }
  };
  walk(new IntlMessageFormat(text, "en", undefined, { ignoreTag: true }).getAst() as Part[]);
  return [...names].sort();
}

interface Part {
  type: number;
  value?: unknown;
  options?: Record<string, { value: Part[] }>;
}

function files(kind: RegExp): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => kind.test(name) && !name.startsWith("test/") && !name.startsWith("core/"))
    .map((name) => join(SOURCE, name));
}

const SPOKEN = ["alt", "title", "placeholder", "aria-label"];
/** The product's own name, keys of the keyboard and signs need no translation. */
const SAME_EVERYWHERE = /^(Fieldfolio|Esc|n|https:\/\/…\/#join=…|[^\p{L}]*)$/u;

function bareWords(file: string): string[] {
  const words: string[] = [];
  const source = readFileSync(file, "utf8").replace(/<style>[\s\S]*<\/style>/, "");
  visit(parse(source, { modern: true }).fragment, (node) => {
    if (node.type === "Text" && !node.inAttribute) words.push(String(node.data));
    if (node.type === "Attribute" && SPOKEN.includes(String(node.name)) && Array.isArray(node.value)) {
      for (const part of node.value as { type: string; data?: string }[]) if (part.type === "Text") words.push(part.data ?? "");
    }
  });
  return words.flatMap((text) => text.split(" · ")).map((text) => text.replaceAll("·", "").trim()).filter((text) => !SAME_EVERYWHERE.test(text));
}

interface Node {
  type: string;
  inAttribute?: boolean;
  [key: string]: unknown;
}

function visit(node: unknown, look: (node: Node) => void, inAttribute = false): void {
  if (Array.isArray(node)) return node.forEach((one) => visit(one, look, inAttribute));
  if (typeof node !== "object" || node === null || !("type" in node)) return;
  const known = node as Node;
  look({ ...known, inAttribute });
  for (const [name, child] of Object.entries(known)) {
    if (name !== "parent" && name !== "metadata") visit(child, look, inAttribute || known.type === "Attribute" || known.type.endsWith("Directive"));
  }
}
