// Every page there is, as each person sees it, and work of all kinds to fill them with.

import type { Page } from "@playwright/test";
import { expect, photo, type School } from "./stage";
import type { Name } from "./school";

export interface Words {
  title: string;
  words: string;
}

export const PLAIN: Words = { title: "The weir by the mill", words: "Water falls here, and it is louder than I thought.\nI measured it twice." };

/** A piece with everything said on it that can be said, and `more` pieces besides; by devices without a browser. */
export function fill(school: School, more = 0, { title, words }: Words = PLAIN): string {
  const { relay } = school;
  const mina = relay.device("mina");
  const captured = mina.run(
    "capture", photo("DSCN0010.jpg"), photo("portrait_8.jpg"), photo("landscape_6.jpg"),
    "--title", title, "--words", words, "--project", "Community garden", "--outcome", "THINK", "--outcome", "COMM",
  ) as { piece: string };
  mina.run("reflect", captured.piece, words);
  const photos = ["DSCN0021.jpg", "image00971.jpg", "DSCN0042.jpg"].map(photo);
  for (let at = 0; at < more; at += 1) {
    const files = at % 40 === 7 ? [photos[(at / 40) % photos.length | 0] as string] : [];
    const day = new Date(Date.UTC(2026, 10, 20) - at * 43_200_000).toISOString().slice(0, 10);
    const where = at % 3 === 0 ? "Bridge workshop" : "Community garden";
    mina.run("capture", ...files, "--title", `Day ${more - at} at the ${at % 3 === 0 ? "bridge" : "garden"}`, "--words", "What I saw and did.", "--date", day, "--project", where, "--outcome", "THINK");
  }
  mina.sync();

  const lea = relay.device("lea");
  lea.run("feedback", captured.piece, "--did-well", words, "--improve", words, "--next-step", words, "--outcome", "THINK");
  lea.run("assess", captured.piece, "--outcome", "THINK", "--level", "D", "--next-step", words);
  lea.sync();
  const ito = relay.device("ms-ito");
  ito.run("feedback", captured.piece, "--did-well", words);
  ito.run("assess", captured.piece, "--outcome", "COMM", "--level", "P");
  ito.sync();
  return captured.piece;
}

export interface Place {
  name: string;
  hash: string;
}

/** The pages one person has. `piece`: the one that is filled; without it, her pages as they are before there is any work. */
export function pagesOf(who: Name, school: School, piece?: string): Place[] {
  const { people, folios, classes } = school.sample;
  const folio = folios["mina/community-garden"];
  const pages: Record<string, Record<string, string>> = {
    mina: {
      today: "today", capture: "capture", work: "work", "new-project": "work/new", folio: `folio/${folio}`, "invite-mentor": `folio/${folio}/invite`,
      "folio-on-paper": `folio/${folio}/print`, growth: `growth/${people.mina}`, portfolio: `portfolio/${people.mina}`, me: "me", welcome: "welcome",
      join: "join", unknown: "nowhere", ...(piece ? { piece: `piece/${piece}?from=today`, "piece-reflect": `piece/${piece}?open=reflect` } : {}),
    },
    "ms-ito": {
      review: "review", classes: "classes", class: `class/${classes["science-9"]}`, "class-project": `class/${classes["science-9"]}/new`, student: `student/${people.mina}`,
      "student-folio": `folio/${folio}`, observe: "capture", "student-growth": `growth/${people.mina}?outcome=${school.sample.outcomes.THINK}`, "teacher-me": "me",
      ...(piece ? { judge: `piece/${piece}?from=review` } : {}),
    },
    lea: { mentoring: "shared", "mentor-folio": `folio/${folio}`, ...(piece ? { "mentor-piece": `piece/${piece}?from=shared` } : {}) },
    hana: { family: "family", "family-growth": `growth/${people.mina}`, ...(piece ? { "family-piece": `piece/${piece}?from=family` } : {}) },
  };
  return Object.entries(pages[who] ?? {}).map(([name, path]) => ({ name, hash: `#/${path}` }));
}

/** Opens a page and waits until it has been answered and its photos are drawn. */
export async function settle(page: Page, hash: string): Promise<void> {
  await page.evaluate((to) => (location.hash = to), hash);
  await expect(page).toHaveURL(new RegExp(`${hash.replaceAll(/[?.]/g, "\\$&")}$`));
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect.soft(page.locator("main .bars"), `${hash} is answered`).toHaveCount(0, { timeout: 8_000 });
  await page.evaluate(async () => {
    scrollTo(0, 0);
    await document.fonts.ready;
    const near = [...document.images].filter((image) => image.getBoundingClientRect().top < innerHeight);
    await Promise.all(near.map((image) => image.decode().catch(() => undefined)));
    await Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined)));
  });
}

/** What stands wider than the screen, as nothing may. */
export function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > width + 1).slice(0, 5).map((one) => `${one.tagName}.${one.className}: ${one.textContent?.trim().slice(0, 40)}`);
  });
}
