// Every page there is, as each person sees it, and work of all kinds to fill them with.

import type { Page } from "@playwright/test";
import { sayIn } from "./words";
import { film, recording, text } from "./films";
import { expect, photo, type School, type Seat } from "./stage";
import type { Name } from "./school";

export interface Words {
  title: string;
  words: string;
}

export const PLAIN: Words = { title: "The weir by the mill", words: "Water falls here, and it is louder than I thought.\nI measured it twice." };

/** What the piece shows that can be looked at: three photos and a film. */
export const SEEN = 4;

/** A piece with files of every kind and everything said on it that can be said, and `more` pieces besides; by devices
 *  without a browser. */
export function fill(school: School, more = 0, { title, words }: Words = PLAIN): string {
  const { relay } = school;
  const mina = relay.device("mina");
  const captured = mina.run(
    "capture", photo("DSCN0010.jpg"), photo("portrait_8.jpg"), photo("landscape_6.jpg"), film(), recording(), text("notes.txt", words),
    "--link", "https://example.org/weirs", "--title", title, "--words", words, "--project", "Community garden", "--outcome", "THINK", "--outcome", "COMM",
  ) as { piece: string };
  mina.run("reflect", captured.piece, words);
  const file = (at: number, ...change: string[]): unknown => mina.run("file", captured.piece, String(at), ...change);
  file(0, "--caption", words, "--mark", "25,60", "--words", title);
  file(1, "--alt", title, "--turn", "1", "--mark", "70,20", "--words", words);
  file(3, "--caption", title);
  const photos = ["DSCN0021.jpg", "image00971.jpg", "DSCN0042.jpg"].map(photo);
  for (let at = 0; at < more; at += 1) {
    const files = at % 40 === 7 ? [photos[(at / 40) % photos.length | 0] as string] : (KINDS[at] ?? (() => []))();
    const day = new Date(Date.UTC(2026, 10, 20) - at * 43_200_000).toISOString().slice(0, 10);
    const where = at % 3 === 0 ? "Bridge workshop" : "Community garden";
    mina.run("capture", ...files, "--title", `Day ${more - at} at the ${at % 3 === 0 ? "bridge" : "garden"}`, "--words", "What I saw and did.", "--date", day, "--project", where, "--outcome", "THINK");
  }
  mina.sync();

  const lea = relay.device("lea");
  lea.run("feedback", captured.piece, "--did-well", words, "--improve", words, "--next-step", words, "--outcome", "THINK", "--spot", "0:60,40");
  lea.run("assess", captured.piece, "--outcome", "THINK", "--level", "D", "--next-step", words);
  lea.sync();
  const otto = relay.device("otto");
  const offered = otto.run("capture", photo("DSCN0010.jpg"), "--title", title, "--words", words, "--project", "Bridge workshop", "--audience", "circle") as { piece: string };
  otto.run("offer", offered.piece, "--student", school.sample.people.mina, "--project", "Bridge workshop");
  otto.sync();
  const ito = relay.device("ms-ito");
  ito.run("feedback", captured.piece, "--did-well", words);
  ito.run("assess", captured.piece, "--outcome", "COMM", "--level", "P");
  ito.sync();
  return captured.piece;
}

/** What the newest of the other pieces are made of. */
const KINDS = [() => [film("day.mp4")], () => [recording()], () => [text("day.txt", "What I saw and did.")]];

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

type Look = (name: string) => Promise<void>;

/** What opens on a student's pages and no address leads to: files picked, the viewer, the form for files. */
export async function openFiles(page: Page, piece: string, language: "en" | "es", look: Look): Promise<void> {
  const say = sayIn(language);
  await settle(page, "#/capture");
  const files = [photo("DSCN0010.jpg"), film(), recording(), text("notas.txt", "11")];
  await page.getByTestId("gallery").setInputFiles(files);
  await expect(page.getByTestId("picked").getByRole("listitem")).toHaveCount(files.length);
  await page.getByTestId("describe").locator("summary").click();
  await page.getByTestId("add-link").click();
  await expect(page.getByLabel(say("link.address"))).toBeFocused();
  await page.keyboard.type("bridges");
  await expect(page.getByText(say("link.not_an_address"))).toBeVisible();
  await look("capture-files");

  await settle(page, `#/piece/${piece}`);
  await page.getByRole("button", { name: say("viewer.open", { at: 1, count: SEEN }) }).click();
  await drawn(page);
  await look("viewer-photo");
  await page.keyboard.press("ArrowRight");
  await drawn(page);
  await look("viewer-turned");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  const fetch = page.getByTestId("fetch-film");
  const playing = page.getByRole("dialog").locator("video");
  await expect(fetch.or(playing)).toBeVisible();
  await look("viewer-film");
  if (await fetch.isVisible()) await fetch.click();
  await expect(playing).toBeVisible({ timeout: 30_000 });
  await look("viewer-playing");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await page.getByRole("button", { name: say("edit.edit") }).click();
  await page.getByText(say("edit.media")).click();
  await look("edit-files");
  await page.getByRole("button", { name: say("medium.point", { at: 2 }) }).click();
  await drawn(page);
  await page.getByTestId("spot-picker").press("ArrowRight");
  await look("edit-spot");
  await page.keyboard.press("Escape");
}

/** The photo in what is open is here. */
async function drawn(page: Page): Promise<void> {
  await expect(page.getByRole("dialog").locator("img.picture")).toBeVisible();
}

/** What opens where a mentor gives feedback on a spot. */
export async function openFeedback(page: Page, piece: string, look: Look): Promise<void> {
  await settle(page, `#/piece/${piece}?from=shared`);
  await page.getByTestId("feedback").click();
  await page.getByTestId("point").click();
  await drawn(page);
  await page.getByTestId("spot-picker").press("ArrowRight");
  await look("feedback-pointing");
  await page.keyboard.press("Escape");
  await look("feedback-spot");
}

/** What stands before a teacher's work: her PIN is changed, asked for, wrong, waited for, and chosen. It ends with the last. */
export async function openPin(seat: Seat, school: School, look: Look): Promise<void> {
  const { page } = seat;
  await settle(page, "#/me");
  await page.getByTestId("open-change-pin").click();
  await look("pin-change");
  await page.getByTestId("pin-card").getByRole("button").last().click();
  await page.getByTestId("lock").click();
  await expect(page.getByTestId("ask-pin")).toBeVisible();
  await look("pin-ask");
  await seat.guessPin(1);
  await look("pin-wrong");
  await seat.guessPin(4);
  await expect(page.getByTestId("pin-wait")).toBeVisible();
  await page.getByTestId("pin-forgotten").locator("summary").click();
  await look("pin-wait");
  await page.getByTestId("pin-leave").click();
  await seat.take(school.relay.invitation("ms-ito", seat.line.origin));
  await expect(page.getByTestId("choose-pin")).toBeVisible();
  await look("pin-choose");
  await seat.choosePin("123");
  await expect(page.getByRole("alert")).toBeVisible();
  await look("pin-too-short");
}

/** What stands wider than the screen, as nothing may. */
export function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > width + 1).slice(0, 5).map((one) => `${one.tagName}.${one.className}: ${one.textContent?.trim().slice(0, 40)}`);
  });
}
