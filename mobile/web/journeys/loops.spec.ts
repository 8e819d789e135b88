// What somebody does reaches whom it concerns, is seen as new, and nothing that was begun is lost on the way.

import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DESKTOP, expect, photo, say, test } from "./stage";

const TITLE = "The weir by the mill";
const GARDEN = "Community garden";

test("what was said is new to her until she looks, on all her devices, and her question comes back to who said it", async ({ school }) => {
  const mina = await school.person("mina");
  const laptop = await school.person("mina", DESKTOP);
  const hana = await school.person("hana");
  const ito = await school.person("ms-ito", DESKTOP);
  await mina.capture([photo("DSCN0010.jpg")], { title: TITLE, words: "Water falls here.", folio: GARDEN });
  await expect(mina.page.getByTestId("seen-by")).toContainText("Ms Ito Sample");
  await mina.allSent();

  // Without an outcome, it reaches her teacher all the same.
  await ito.go("#/review");
  const waits = ito.page.getByTestId("queue-row").filter({ hasText: TITLE });
  await expect(waits).toContainText(say("review.untagged"));
  const address = await waits.getByTestId("piece-row").getAttribute("href");
  await ito.go(address?.split("?")[0] ?? "");
  const form = ito.page.getByTestId("feedback-form");
  await ito.page.getByTestId("feedback").click();
  await form.getByLabel(say("feedback.did_well"), { exact: true }).fill("Which ruler did you use?");
  await form.getByRole("button", { name: say("feedback.give"), exact: true }).click();
  await ito.go("#/review");
  await expect(waits).toHaveCount(0);

  const news = (seat: typeof mina) => seat.page.getByTestId("inbox").getByTestId("inbox-row").filter({ hasText: "Ms Ito Sample" });
  for (const [seat, home] of [[mina, "#/today"], [laptop, "#/today"], [hana, "#/family"]] as const) {
    await seat.go(home);
    await expect(news(seat)).toContainText("Which ruler did you use?");
    await expect(news(seat)).toContainText(say("inbox.new"));
    await expect(seat.page).toHaveTitle(/^\(1\) /);
  }
  await news(mina).click();
  await expect(mina.page.getByTestId("fresh")).toBeVisible();
  await mina.go("#/today");
  await expect(mina.page).toHaveTitle(/^[^(]/);
  await expect(laptop.page, "her other device knows that she has looked").toHaveTitle(/^[^(]/);
  await expect(hana.page, "her mother has not").toHaveTitle(/^\(1\) /);

  await mina.openPiece(TITLE);
  const voice = mina.page.getByTestId("voice").filter({ has: mina.page.getByRole("heading", { name: "Ms Ito Sample" }) });
  await voice.getByRole("button", { name: say("reply.reply") }).first().click();
  await voice.getByLabel(say("reply.label")).fill("The long one.");
  await voice.getByRole("button", { name: say("reply.send") }).click();
  await ito.go("#/review");
  await expect(ito.page.getByTestId("inbox-row").filter({ hasText: "The long one." })).toContainText(say("inbox.new"));
});

test("what was picked and typed is there again after a reload, and in the next tab when this one is gone", async ({ school }) => {
  const mina = await school.person("mina");
  const { page } = mina;
  await mina.go("#/capture");
  await page.getByTestId("gallery").setInputFiles([photo("DSCN0010.jpg"), photo("portrait_8.jpg")]);
  await page.getByLabel(say("capture.name"), { exact: true }).fill(TITLE);
  const picked = (on = page) => on.getByTestId("picked").getByRole("listitem");
  await expect(picked()).toHaveCount(2);
  await page.getByRole("button", { name: say("capture.remove", { at: 2 }) }).click();
  await page.reload();
  await expect(picked()).toHaveCount(1);
  await expect(page.getByLabel(say("capture.name"), { exact: true })).toHaveValue(TITLE);

  const next = await mina.tab();
  await page.close();
  mina.page = next;
  // A tab that is gone is known by the one that opens after it.
  await next.reload();
  await expect(next.getByTestId("unfinished")).toContainText(say("unfinished.files", { count: 1 }));
  await next.getByTestId("unfinished").getByRole("link").click();
  await expect(picked(next)).toHaveCount(1);
  await expect(next.getByLabel(say("capture.name"), { exact: true })).toHaveValue(TITLE);
  await next.getByTestId("save").click();
  await expect(next.getByTestId("captured")).toBeVisible();
  await mina.go("#/today");
  await expect(next.getByTestId("unfinished")).toHaveCount(0);
  await expect(mina.piece(TITLE)).toBeVisible();
});

test("a piece goes where the last one went, and the page says who can see it", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.capture([], { title: "First", words: "Words.", folio: "Bridge workshop" });
  await mina.go("#/today");
  await mina.capture([], { title: "Second", words: "Words." });
  await expect(mina.page.getByTestId("seen-by")).toContainText("Mr Okafor Sample");
  await mina.page.getByRole("link", { name: say("capture.look") }).click();
  await expect(mina.page.locator("dl").first()).toContainText("Bridge workshop");
});

test("a file that is not taken is named as soon as it is picked, and the word goes with it", async ({ school }) => {
  const mina = await school.person("mina");
  const { page } = mina;
  const drawing = join(tmpdir(), `drawing-${process.pid}.svg`);
  writeFileSync(drawing, "<svg xmlns='http://www.w3.org/2000/svg'></svg>");
  await mina.go("#/capture");
  await page.getByTestId("gallery").setInputFiles([drawing]);
  const fault = page.getByTestId("fault");
  await expect(fault).toContainText(`drawing-${process.pid}.svg`);
  await expect(fault).toContainText(say("refusal.media_markup"));
  await page.getByRole("button", { name: say("capture.remove", { at: 1 }) }).click();
  await expect(fault).toHaveCount(0);
});

test("a mentor whom she proposes stands on top of her teacher's page, and she may take the proposal back", async ({ school }) => {
  const mina = await school.person("mina");
  const ito = await school.person("ms-ito", DESKTOP);
  const folio = school.sample.folios["mina/community-garden"];
  await mina.go(`#/folio/${folio}/invite`);
  for (const name of ["Rosa Sample", "Sol Sample"]) {
    if (name !== "Rosa Sample") await mina.page.getByRole("button", { name: say("mentor.another") }).click();
    await mina.page.getByLabel(say("mentor.name"), { exact: true }).fill(name);
    await mina.page.getByRole("button", { name: say("mentor.make"), exact: true }).click();
    await expect(mina.page.getByText(say("mentor.proposed"))).toBeVisible();
  }
  await ito.go("#/review");
  const waiting = ito.page.getByTestId("approvals");
  await expect(waiting.getByRole("listitem")).toHaveCount(2);
  await expect(ito.page).toHaveTitle(/^\(2\) /);

  await mina.go("#/today");
  const own = mina.page.getByTestId("approvals");
  await own.getByRole("button", { name: `${say("approvals.take_back")}: Sol Sample` }).click();
  await expect(own.getByRole("listitem")).toHaveCount(1);
  await expect(waiting.getByRole("listitem")).toHaveCount(1);
  await waiting.getByRole("button", { name: `${say("circle.confirm")}: Rosa Sample` }).click();
  await expect(waiting).toHaveCount(0);
  await expect(own).toHaveCount(0);
});
