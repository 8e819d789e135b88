// A page speaks one language: in Spanish no English sentence of the app is left, and in neither is a key to be read.

import { fill, openFeedback, openFiles, openPin, pagesOf, settle } from "./pages";
import { expect, PHONE, test } from "./stage";
import { english, spanish } from "./words";

/** Sentences without gaps that are not the same in both languages. Short ones are words, which people's own texts use too. */
const ENGLISH = Object.entries(english)
  .filter(([key, sentence]) => !sentence.includes("{") && sentence.length > 3 && sentence !== spanish[key] && !Object.values(spanish).includes(sentence))
  .map(([, sentence]) => sentence);
const KEYS = Object.keys(english).filter((key) => key.includes("."));

/** All the words of a page that the app says: seen, spoken, and in hints. */
function wordsOfPage(): string[] {
  const words: string[] = [];
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentElement?.closest("script, style, noscript, [lang=en]")) continue;
    words.push(node.textContent?.trim() ?? "");
  }
  for (const one of document.querySelectorAll("[aria-label], [placeholder], [title], [alt]")) {
    for (const name of ["aria-label", "placeholder", "title", "alt"]) words.push(one.getAttribute(name) ?? "");
  }
  return words.filter((one) => one !== "");
}

test("every page is in Spanish for whoever reads Spanish", async ({ school }) => {
  const title = "La presa del molino";
  const piece = fill(school, 3, { title, words: "Aquí cae el agua." });
  for (const who of ["mina", "ms-ito", "lea", "hana"] as const) {
    const seat = await school.person(who, { ...PHONE, locale: "es-MX" });
    await expect(seat.page.locator("html")).toHaveAttribute("lang", "es");
    const isSpanish = async (name: string): Promise<void> => {
      const words = await seat.page.evaluate(wordsOfPage);
      const seen = new Set(words);
      expect.soft(ENGLISH.filter((sentence) => seen.has(sentence)), `English on ${name}`).toEqual([]);
      expect.soft(KEYS.filter((key) => words.some((one) => one.split(/\s/).includes(key))), `keys on ${name}`).toEqual([]);
    };
    for (const { name, hash } of pagesOf(who, school, piece)) {
      await settle(seat.page, hash);
      await isSpanish(name);
    }
    if (who === "mina") await openFiles(seat.page, piece, "es", isSpanish);
    if (who === "lea") await openFeedback(seat.page, piece, isSpanish);
    if (who === "ms-ito") await openPin(seat, school, isSpanish);
  }
});

test("whoever changes the language sees it change at once, and finds it so the next time", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.go("#/me");
  await mina.page.getByText("Español", { exact: true }).click();
  await expect(mina.page.getByRole("heading", { name: spanish["device.title"] })).toBeVisible();
  await mina.page.reload();
  await expect(mina.page.getByRole("heading", { name: spanish["device.title"] })).toBeVisible();
});
