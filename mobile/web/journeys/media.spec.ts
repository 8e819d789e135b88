// Films, voice notes, documents and links; several photos in one piece and what is done with them; room and sending.

import { film, recording, text } from "./films";
import { DESKTOP, expect, fillCapture, photo, say, test, type Seat } from "./stage";

/** The bytes of what a page has shown, of this type, hold none of these words. */
async function tellsNothing(seat: Seat, type: string, words: string[]): Promise<void> {
  const found = await seat.page.evaluate(
    async ([type, words]) => {
      const seen = (globalThis as unknown as { photosSeen: Blob[] }).photosSeen.filter((blob) => blob.type === type);
      const texts = await Promise.all(seen.map(async (blob) => new TextDecoder("latin1").decode(await blob.arrayBuffer())));
      return { count: texts.length, words: words.filter((word) => texts.some((text) => text.includes(word))) };
    },
    [type, words] as const,
  );
  expect(found.count).toBeGreaterThan(0);
  expect(found.words).toEqual([]);
}

test("a film, a recording, a document and a link are captured offline and opened by her teacher", async ({ school }) => {
  const mina = await school.person("mina");
  const ito = await school.person("ms-ito", DESKTOP);
  await mina.goOffline();
  const files = [film(), recording(), text("notes.txt", "The bridge held eleven kilos.")];
  await fillCapture(mina.page, files, { title: "The bridge test", folio: "Community garden", outcomes: ["THINK"] });
  await mina.page.getByTestId("describe").locator("summary").click();
  await mina.page.getByLabel(say("medium.caption")).first().fill("Eleven kilos, and it holds");
  await mina.page.getByTestId("add-link").click();
  await mina.page.getByLabel(say("link.address")).fill("example.org/bridges");
  await mina.page.getByTestId("save").click();
  await expect(mina.page.getByTestId("captured")).toBeVisible();
  await mina.page.getByRole("link", { name: say("capture.look") }).click();
  // She watches it where there is no network.
  await mina.page.getByRole("button", { name: say("viewer.open_film", { at: 1, count: 1 }) }).click();
  await expect.poll(() => mina.page.locator("video").evaluate((one: HTMLVideoElement) => one.readyState)).toBeGreaterThan(1);
  await mina.page.getByRole("button", { name: say("close"), exact: true }).click();
  const link = mina.page.getByTestId("files").getByRole("link");
  await expect(link).toHaveAttribute("rel", /noopener/);
  await expect(link).toHaveAttribute("href", "https://example.org/bridges");
  await mina.goOnline();
  await mina.allSent();

  await ito.go("#/review");
  await ito.openPiece("The bridge test");
  await expect(ito.page.getByText("Eleven kilos, and it holds").last()).toBeVisible();
  await expect(ito.page.getByRole("img", { name: "Eleven kilos, and it holds" })).toBeVisible();
  await ito.page.getByRole("button", { name: say("viewer.open_film", { at: 1, count: 1 }) }).click();
  // Without a connection the film says what it waits for, and comes by itself with the next one.
  await ito.goOffline();
  await ito.page.getByTestId("fetch-film").click();
  await expect(ito.page.getByTestId("fetch-film")).toContainText(say("medium.no_line"));
  await ito.goOnline();
  await expect.poll(() => ito.page.locator("video").evaluate((one: HTMLVideoElement) => one.readyState), { timeout: 30_000 }).toBeGreaterThan(1);
  await tellsNothing(ito, "video/mp4", ["+35.6586", "Mina Fieldfolio", "Lavf"]);
  await expect(ito.page.locator("video")).toBeFocused();
  await ito.page.getByRole("dialog").getByRole("button", { name: say("close"), exact: true }).click();
  await ito.page.getByRole("button", { name: say("medium.listen") }).click();
  await expect.poll(() => ito.page.locator("audio").evaluate((one: HTMLAudioElement) => one.readyState), { timeout: 30_000 }).toBeGreaterThan(0);
  await ito.page.getByRole("button", { name: say("medium.get") }).click();
  const document = ito.page.getByRole("link", { name: say("medium.save") });
  await expect(document).toHaveAttribute("download", "notes.txt", { timeout: 30_000 });
});

test("a voice note is recorded in the page and heard by her mentor", async ({ school }) => {
  const mina = await school.person("mina");
  const lea = await school.person("lea");
  await mina.context.grantPermissions(["microphone"]);
  await fillCapture(mina.page, [], { title: "What I thought", folio: "Community garden" });
  await mina.page.getByTestId("record").click();
  await expect(mina.page.getByTestId("stop-recording")).toContainText("0:01");
  await mina.page.getByTestId("stop-recording").click();
  await expect(mina.page.getByTestId("picked").getByRole("listitem")).toHaveCount(1);
  await mina.page.getByTestId("save").click();
  await expect(mina.page.getByTestId("captured")).toBeVisible();
  await lea.go("#/shared");
  await lea.openPiece("What I thought");
  await lea.page.getByRole("button", { name: say("medium.listen") }).click();
  await expect.poll(() => lea.page.locator("audio").evaluate((one: HTMLAudioElement) => one.readyState), { timeout: 30_000 }).toBeGreaterThan(0);
});

test("a voice note that still runs when she saves belongs to what she saves", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.context.grantPermissions(["microphone"]);
  await fillCapture(mina.page, [], { title: "Said in a hurry", folio: "Community garden" });
  await mina.page.getByTestId("record").click();
  await expect(mina.page.getByTestId("stop-recording")).toContainText("0:01");
  await mina.page.getByTestId("save").click();
  await expect(mina.page.getByTestId("captured")).toBeVisible();
  await mina.page.getByRole("link", { name: say("capture.look") }).click();
  await expect(mina.page.locator("audio")).toBeVisible();
  await mina.go("#/capture");
  await expect(mina.page.getByTestId("picked")).toHaveCount(0);
});

test("photos are put in order, described, turned, replaced and taken out, and nothing is lost", async ({ school }) => {
  const mina = await school.person("mina");
  const lea = await school.person("lea");
  await mina.capture([photo("DSCN0010.jpg"), photo("landscape_6.jpg"), photo("portrait_8.jpg")], { title: "Three views", folio: "Community garden" });
  await mina.page.getByRole("link", { name: say("capture.look") }).click();
  await mina.page.getByRole("button", { name: say("edit.edit") }).click();
  await mina.page.getByText(say("edit.media")).click();
  const form = mina.page.getByTestId("media-form");
  const third = form.getByRole("listitem").nth(2);
  await third.getByLabel(say("medium.alt")).fill("A waterfall");
  // What was typed is kept although the next thing is pressed at once, and by keys one goes on from the same button.
  await form.getByRole("button", { name: say("capture.earlier", { at: 3 }) }).click();
  const second = form.getByRole("listitem").nth(1);
  await expect(second.getByRole("img", { name: "A waterfall" })).toBeVisible();
  await expect(form.getByRole("button", { name: say("capture.earlier", { at: 2 }) })).toBeFocused();
  await second.getByRole("button", { name: say("medium.turn", { at: 2 }) }).click();
  await form.getByRole("button", { name: say("medium.take_out", { at: 3 }) }).click();
  await expect(form.getByText(say("medium.is_out"))).toHaveCount(1);
  await form.getByText(say("medium.replace", { at: 1 })).locator("..").locator("input").setInputFiles(photo("DSCN0021.jpg"));
  await expect(form.getByText(say("medium.is_out"))).toHaveCount(2);

  await lea.go("#/shared");
  await lea.openPiece("Three views");
  await expect(lea.page.getByRole("button", { name: say("viewer.open", { at: 2, count: 2 }) })).toBeVisible();
  await expect(lea.page.getByRole("img", { name: "A waterfall" })).toBeVisible();
  await lea.page.getByRole("button", { name: say("piece.earlier_photos", { count: 2 }) }).click();
  await expect(lea.page.getByRole("dialog")).toContainText(say("viewer.of", { at: 1, count: 2 }));
  await lea.page.getByRole("button", { name: say("close"), exact: true }).click();
  await form.getByRole("button", { name: say("medium.put_back") }).first().click();
  await expect(lea.page.getByRole("button", { name: say("viewer.open", { at: 3, count: 3 }) })).toBeVisible();
});

test("a film that lies on its side is turned, and its buttons stay where they belong", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.capture([film()], { title: "Held sideways", folio: "Community garden" });
  await mina.page.getByRole("link", { name: say("capture.look") }).click();
  await mina.page.getByRole("button", { name: say("edit.edit") }).click();
  await mina.page.getByText(say("edit.media")).click();
  await mina.page.getByRole("button", { name: say("medium.turn", { at: 1 }) }).click();
  await mina.page.getByRole("button", { name: say("viewer.open_film", { at: 1, count: 1 }) }).click();
  const viewer = mina.page.getByRole("dialog");
  await viewer.getByTestId("play").click();
  await expect(viewer.getByRole("slider", { name: say("medium.moment") })).not.toHaveValue("0");
  const [shown, screen] = [await viewer.locator("video").boundingBox(), mina.page.viewportSize()];
  expect(shown?.height ?? 0).toBeGreaterThan(shown?.width ?? 0);
  expect(shown?.width ?? 0).toBeLessThanOrEqual(screen?.width ?? 0);
});

test("a film that this browser can't play is kept all the same, says so, and can be saved", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.capture([film("old.mp4", "mpeg4")], { title: "From an old camera", folio: "Community garden" });
  await mina.page.getByRole("link", { name: say("capture.look") }).click();
  await mina.page.getByRole("button", { name: say("viewer.open_film", { at: 1, count: 1 }) }).click();
  const viewer = mina.page.getByRole("dialog");
  await expect(viewer.getByText(say("medium.not_played"))).toBeVisible();
  await expect(viewer.getByRole("link", { name: say("medium.save") })).toHaveAttribute("download", `${say("medium.film")}.mp4`);
});

test("a mentor points at a spot of a photo, and the student sees which", async ({ school }) => {
  const mina = await school.person("mina");
  const lea = await school.person("lea");
  await mina.capture([photo("DSCN0010.jpg")], { title: "The weir", folio: "Community garden" });
  await mina.allSent();
  await lea.go("#/shared");
  await lea.openPiece("The weir");
  await lea.page.getByRole("button", { name: say("feedback.title") }).click();
  const form = lea.page.getByTestId("feedback-form");
  await form.getByTestId("point").click();
  const picker = lea.page.getByTestId("spot-picker");
  await expect(picker.getByRole("img")).toBeVisible();
  await picker.click({ position: { x: 40, y: 30 } });
  await picker.press("ArrowRight");
  await lea.page.getByRole("dialog").getByRole("button", { name: say("done") }).click();
  await expect(form.getByTestId("point")).toBeFocused();
  await form.getByLabel(say("feedback.did_well")).fill("This corner is sharp.");
  await form.getByRole("button", { name: say("feedback.give") }).click();
  await expect(form).toHaveCount(0);

  await mina.go("#/today");
  await mina.openPiece("The weir");
  await mina.page.getByTestId("look-at-spot").click();
  await expect(mina.page.getByRole("dialog").getByText(say("spot.here"))).toBeAttached();
});

test("sending is paused, one file is not sent, and all is sent after all; room is made and filled again", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.go("#/me");
  await mina.page.getByLabel(say("sent.pause_all")).check();
  await mina.capture([photo("landscape_6.jpg")], { title: "Held back", folio: "Community garden" });
  await mina.go("#/me");
  const sending = mina.page.getByTestId("undelivered");
  await expect(sending.getByText(say("why.paused")).first()).toBeVisible();
  await sending.getByRole("button", { name: say("sent.cancel") }).click();
  await mina.page.getByLabel(say("sent.pause_all")).uncheck();
  await expect(sending.getByText(say("why.cancelled"))).toBeVisible();
  await expect(sending.getByText(say("sent.preview"))).toHaveCount(0, { timeout: 30_000 });
  await sending.getByRole("button", { name: say("sent.let_go") }).click();
  await mina.allSent();
  await mina.page.getByTestId("free-room").click();
  await expect(mina.page.getByTestId("free-room")).toHaveCount(0);
  await mina.go("#/today");
  await mina.openPiece("Held back");
  await mina.page.getByRole("button", { name: say("viewer.open", { at: 1, count: 1 }) }).click();
  await mina.page.getByRole("button", { name: say("close"), exact: true }).click();
  await mina.go("#/me");
  await expect(mina.page.getByTestId("free-room")).toBeVisible({ timeout: 30_000 });
});
