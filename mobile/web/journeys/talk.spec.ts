// What is done with a piece after it was captured: answered, changed, shared and taken back.

import { fill, settle } from "./pages";
import { DESKTOP, expect, photo, say, test } from "./stage";

test("a student answers what her mentor said, and the mentor reads it", async ({ school }) => {
  const piece = fill(school);
  const mina = await school.person("mina");
  const lea = await school.person("lea");
  await settle(mina.page, `#/piece/${piece}`);
  await settle(lea.page, `#/piece/${piece}`);
  const voice = mina.page.getByTestId("voice").filter({ has: mina.page.getByRole("heading", { name: "Lea Sample" }) });
  await voice.getByRole("button", { name: say("reply.reply") }).first().click();
  await voice.getByLabel(say("reply.label")).fill("I will measure it again.");
  await voice.getByRole("button", { name: say("reply.send") }).click();
  await expect(voice).toContainText("I will measure it again.");
  await expect(lea.page.getByText("I will measure it again.")).toBeVisible();
});

test("what two of her devices wrote apart is shown as two versions, and she chooses", async ({ school }) => {
  const mina = await school.person("mina");
  const laptop = await school.person("mina", DESKTOP);
  await mina.capture([], { title: "The weir", words: "Words.", folio: "Community garden" });
  for (const seat of [mina, laptop]) {
    await seat.go("#/today");
    await seat.openPiece("The weir");
    await seat.goOffline();
  }
  for (const [seat, day] of [[mina, "2026-03-01"], [laptop, "2026-04-02"]] as const) {
    await seat.page.getByRole("button", { name: say("edit.edit") }).click();
    const form = seat.page.getByTestId("edit-form");
    await form.getByLabel(say("capture.day")).fill(day);
    await form.getByRole("button", { name: say("save") }).click();
    await expect(form).toHaveCount(0);
  }
  for (const seat of [mina, laptop]) await seat.goOnline();
  const choice = mina.page.getByTestId("alternatives");
  await expect(choice).toContainText("Mar 1");
  await choice.getByRole("listitem").filter({ hasText: "Apr 2" }).getByRole("button").click();
  for (const { page } of [mina, laptop]) {
    await expect(page.getByTestId("alternatives")).toHaveCount(0);
    await expect(page.locator("dl").first()).toContainText("Apr 2");
  }
});

test("work that is hers alone is seen by others once she shares it, and no more when she takes it back", async ({ school }) => {
  const mina = await school.person("mina");
  const lea = await school.person("lea");
  await mina.capture([], { title: "Just begun", words: "Words.", folio: "Community garden" });
  await lea.go("#/shared");
  await expect(lea.piece("Just begun")).toBeVisible();

  await mina.page.getByRole("link", { name: say("capture.look") }).click();
  await mina.page.getByRole("button", { name: say("share.change"), exact: true }).click();
  await mina.page.getByRole("dialog").getByRole("button", { name: say("share.take_back") }).click();
  await expect(lea.piece("Just begun")).toHaveCount(0);

  await mina.page.getByRole("button", { name: say("share.change"), exact: true }).click();
  await mina.page.getByRole("dialog").getByRole("button", { name: say("share.share"), exact: true }).click();
  await expect(lea.piece("Just begun")).toBeVisible();
});

test("what she erases for ever is gone from everybody's pages, and nobody is asked to believe it", async ({ school }) => {
  const mina = await school.person("mina");
  const lea = await school.person("lea");
  await mina.capture([photo("DSCN0010.jpg")], { title: "To be forgotten", words: "Words.", folio: "Community garden" });
  await mina.allSent();
  await lea.go("#/shared");
  await expect(lea.piece("To be forgotten")).toBeVisible();
  await mina.go("#/today");
  await mina.openPiece("To be forgotten");
  await mina.page.getByRole("button", { name: say("erase.open"), exact: true }).click();
  await mina.page.getByRole("dialog").getByRole("button", { name: say("erase.erase") }).click();
  await expect(mina.page.getByRole("dialog")).toHaveCount(0);
  await expect(mina.page.getByText(say("erase.done"))).toBeVisible();
  await expect(lea.piece("To be forgotten")).toHaveCount(0);
  await mina.go("#/work");
  await expect(mina.piece("To be forgotten")).toHaveCount(0);
});

test("what a mentor wrote in time and sent too late waits at the school until a teacher lets it through", async ({ school }) => {
  const mina = await school.person("mina");
  const lea = await school.person("lea");
  const ito = await school.person("ms-ito", DESKTOP);
  await mina.capture([], { title: "Straight rows", words: "Words.", folio: "Community garden" });
  await mina.allSent();
  await lea.go("#/shared");
  await lea.openPiece("Straight rows");
  await lea.goOffline();
  await lea.page.getByTestId("feedback").click();
  const form = lea.page.getByTestId("feedback-form");
  await form.getByLabel(say("feedback.did_well")).fill("Even spaces.");
  await form.getByRole("button", { name: say("feedback.give") }).click();
  await expect(form).toHaveCount(0);
  school.relay.cli("circle", "end", "Mina Sample/Community garden", "Lea Sample", "--as", "mentor");
  await lea.goOnline();
  await lea.go("#/me");
  await expect(lea.page.getByTestId("undelivered")).toContainText(say("sent.held"));
  await ito.go("#/review");
  const late = ito.page.getByTestId("came-late");
  await expect(late).toContainText("Lea Sample");
  await expect(late).toContainText("Straight rows");
  await late.getByRole("button").click();
  await expect(late).toHaveCount(0);
  await mina.go("#/today");
  await mina.openPiece("Straight rows");
  await expect(mina.page.getByText("Even spaces.")).toBeVisible();
});
