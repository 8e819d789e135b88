// The way of one photo: from a student's phone, over her other browser, to her mentor and her teacher, and back as a
// level; with the network gone at every turn.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { arePhotosReal, DESKTOP, expect, photo, say, test, type Seat } from "./stage";

const WITH_A_PLACE = photo("DSCN0010.jpg");
const TITLE = "The weir";

const placeIn = (file: string): string[] =>
  Object.keys((JSON.parse(execFileSync("exiftool", ["-json", "-G", file], { encoding: "utf8" })) as [object])[0]).filter((key) => /gps/i.test(key));

test("a photo taken offline is talked about and judged offline, and comes back as a level without its place", async ({ school }, info) => {
  const { page: minas } = await school.person("mina");
  const [mina] = school.browsers as [Seat];
  const laptop = await school.seat(DESKTOP);
  const lea = await school.person("lea");
  const ito = await school.person("ms-ito", DESKTOP);

  await test.step("her laptop becomes hers by a link from her phone", async () => {
    await mina.go("#/me");
    await minas.getByTestId("invite-device").click();
    await laptop.join(await minas.getByTestId("invitation-link").inputValue());
    await minas.getByRole("dialog").getByRole("button", { name: say("close") }).click();
  });

  await test.step("on the way without a network, the app opens and takes the photo", async () => {
    await minas.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await mina.goOffline();
    await minas.goto(`${mina.line.origin}/`);
    await mina.capture([WITH_A_PLACE], { title: TITLE, words: "Water falls here.", folio: "Community garden", outcomes: ["THINK"] });
    await minas.getByRole("link", { name: say("capture.look") }).click();
    const shown = minas.getByRole("img", { name: new RegExp(TITLE) });
    await expect(shown).toBeVisible();
    expect(await shown.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(100);
    await expect(minas.getByTestId("where").first()).toHaveAttribute("data-at", "here");
  });

  await test.step("back in the network it leaves, and stands on her laptop", async () => {
    await mina.goOnline();
    await mina.allSent();
    await laptop.go("#/today");
    await laptop.openPiece(TITLE);
  });

  await test.step("she reflects on both, neither hearing the other", async () => {
    await mina.go("#/today");
    await mina.openPiece(TITLE);
    for (const [seat, words] of [[mina, "I saw how fast it is."], [laptop, "Next time I measure it."]] as const) {
      await seat.goOffline();
      await seat.page.getByTestId("reflect").click();
      await seat.page.getByTestId("reflect-form").getByRole("textbox").fill(words);
      await seat.page.getByTestId("reflect-form").getByRole("button", { name: say("save") }).click();
      await expect(seat.page.getByTestId("voice")).toContainText(words);
    }
    for (const seat of [mina, laptop]) await seat.goOnline();
    for (const seat of [mina, laptop]) {
      await expect(seat.page.getByTestId("voice")).toContainText("I saw how fast it is.");
      await expect(seat.page.getByTestId("voice")).toContainText("Next time I measure it.");
    }
  });

  await test.step("her mentor comments and judges in the garden, where no network is", async () => {
    await lea.go("#/shared");
    await lea.openPiece(TITLE);
    await lea.goOffline();
    await lea.page.getByTestId("feedback").click();
    const words = lea.page.getByTestId("feedback-form");
    await words.getByLabel(say("feedback.did_well")).fill("One can see where it gets faster.");
    await words.getByRole("button", { name: say("feedback.give") }).click();
    await judge(lea, 1);
    await expect(lea.page.getByText(say("assessment.waits_for_teacher"))).toBeVisible();
    await lea.goOnline();
    await lea.allSent();
  });

  await test.step("her teacher finds it in the queue, confirms the mentor, and judges herself", async () => {
    await ito.go("#/review");
    await expect(ito.page.getByTestId("queue-row")).toContainText(say("review.to_confirm", { name: "Lea Sample", count: 1 }));
    await ito.openPiece(TITLE);
    await ito.page.getByRole("button", { name: say("confirmation.confirm"), exact: true }).click();
    await expect(ito.page.getByText(say("confirmation.by", { names: "Ms Ito Sample" }))).toBeVisible();
    await judge(ito, 2);
    await ito.allSent();
  });

  await test.step("the level stands on the student's page, with what it rests on", async () => {
    await mina.go(`#/growth/${school.sample.people.mina}`);
    const standing = minas.locator("[data-testid=standing][data-outcome=THINK]");
    await expect(standing).toContainText(/On the way to/);
    await standing.locator("summary").first().click();
    await expect(standing).toContainText(TITLE);
    await expect(standing).toContainText("Ms Ito Sample");
    await laptop.go(`#/growth/${school.sample.people.mina}`);
    await expect(laptop.page.locator("[data-testid=standing][data-outcome=THINK]")).toContainText(/On the way to/);
  });

  await test.step("the photo the teacher sees in full tells nobody where it was taken", async () => {
    if (arePhotosReal) expect(placeIn(WITH_A_PLACE).length, "the photo did hold a place").toBeGreaterThan(0);
    await ito.go("#/classes");
    await ito.go(`#/folio/${school.sample.folios["mina/community-garden"]}`);
    await ito.openPiece(TITLE);
    await ito.page.getByRole("button", { name: say("viewer.open", { at: 1, count: 1 }) }).click();
    await expect
      .poll(async () => Math.max(...(await ito.photosSeen()).map((bytes) => bytes.length)), { message: "the full photo came" })
      .toBeGreaterThan(100_000);
    for (const [at, bytes] of (await ito.photosSeen()).entries()) {
      const file = info.outputPath(`photo-${at}.jpg`);
      writeFileSync(file, bytes);
      expect(placeIn(file)).toEqual([]);
      expect(bytes.includes("GPS")).toBe(false);
    }
  });
});

/** Judges the one outcome of the piece that is open, by how many steps from the lowest level. */
async function judge({ page }: Seat, level: number): Promise<void> {
  const form = page.getByTestId("judge-form");
  if (!(await form.isVisible())) await page.getByTestId("judge").click();
  await form.getByRole("radio", { name: /THINK/ }).check();
  await form.getByRole("group", { name: say("assessment.level"), exact: true }).getByRole("radio").nth(level).check();
  await form.getByTestId("give-judgement").click();
  await expect(form).toBeHidden();
}
