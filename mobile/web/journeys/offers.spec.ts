// A classmate's work comes into a folio by its owner's or her teacher's word, and leaves it by hers.

import { DESKTOP, expect, photo, say, test, type School, type Seat } from "./stage";

const ARCH = "The first arch";
const BRIDGE = "Bridge workshop";

/** Otto's piece, shared, in his own folio of the workshop. */
async function arch(school: School): Promise<Seat> {
  const otto = await school.person("otto");
  await otto.capture([photo("DSCN0010.jpg")], { title: ARCH, words: "We built it together.", folio: BRIDGE, outcomes: ["THINK"] });
  return otto;
}

async function offerTo(otto: Seat, name: string): Promise<void> {
  await otto.go("#/work");
  await otto.openPiece(ARCH);
  await otto.page.getByRole("button", { name: say("place.place") }).click();
  const sheet = otto.page.getByRole("dialog");
  await sheet.getByLabel(say("offer.to")).selectOption({ label: name });
  await sheet.getByRole("button", { name: say("offer.send"), exact: true }).click();
  await expect(otto.page.getByText(say("offer.done", { name }))).toBeVisible();
  await expect(otto.page.getByText(say("offer.waits", { name }))).toBeVisible();
}

test("what a classmate offers comes into a student's folio when she says so, counts there, and leaves it when she says so", async ({ school }) => {
  const folio = `#/folio/${school.sample.folios["mina/bridge-workshop"]}`;
  const mina = await school.person("mina");
  const okafor = await school.person("mr-okafor", DESKTOP);
  const hana = await school.person("hana");
  const otto = await arch(school);
  await otto.goOffline();
  await offerTo(otto, "Mina Sample");
  await otto.goOnline();
  await otto.allSent();

  await mina.go("#/today");
  const offer = mina.page.getByTestId("offer");
  await expect(offer).toContainText(ARCH);
  await expect(offer).toContainText(say("offer.line", { maker: "Otto Sample", project: BRIDGE }));
  await mina.go(folio);
  await expect(mina.page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(mina.piece(ARCH)).toHaveCount(0);
  await hana.go("#/family");
  await expect(hana.piece(ARCH)).toHaveCount(0);

  await mina.go("#/today");
  await offer.getByRole("button", { name: say("offer.accept") }).click();
  await expect(mina.page.getByText(say("offer.accepted"))).toBeVisible();
  await expect(offer).toHaveCount(0);
  await mina.go(folio);
  await expect(mina.piece(ARCH)).toBeVisible();
  await expect(hana.piece(ARCH)).toBeVisible();
  await otto.go("#/work");
  await otto.openPiece(ARCH);
  await otto.page.getByRole("button", { name: say("place.place") }).click();
  await expect(otto.page.getByTestId("lies-in").filter({ hasText: "Mina Sample" })).toBeVisible();
  await otto.page.keyboard.press("Escape");

  await okafor.go("#/review");
  await okafor.page.getByTestId("queue-row").filter({ hasText: "Mina Sample" }).getByTestId("piece-row").click();
  const form = okafor.page.getByTestId("judge-form");
  if (!(await form.isVisible())) await okafor.page.getByTestId("judge").click();
  await form.getByRole("radio", { name: /THINK/ }).check();
  await form.getByRole("group", { name: say("assessment.level"), exact: true }).getByRole("radio").nth(2).check();
  await form.getByTestId("give-judgement").click();
  await expect(form).toBeHidden();
  await mina.openPiece(ARCH);
  await expect(mina.page.getByText("Mr Okafor Sample").first()).toBeVisible();
  await mina.page.getByRole("button", { name: say("place.place") }).click();
  const there = mina.page.getByTestId("lies-in").filter({ hasText: BRIDGE }).filter({ hasNotText: "Otto Sample" });
  await there.getByRole("button", { name: say("place.out") }).click();
  await expect(there).toContainText(say("place.out_means"));
  await there.getByRole("button", { name: say("place.out_yes") }).click();
  await expect(mina.page.getByText(say("place.out_done"))).toBeVisible();
  await hana.go("#/family");
  await expect(hana.piece(ARCH)).toHaveCount(0);
  await expect(otto.page.getByText(say("offer.was_declined", { name: "Mina Sample" })).first()).toBeVisible();
  await okafor.go("#/review");
  await expect(okafor.page.getByTestId("offer")).toHaveCount(0);
});

test("a teacher answers for her student, and who offered reads the answer; an offer can be taken back", async ({ school }) => {
  const okafor = await school.person("mr-okafor", DESKTOP);
  const mina = await school.person("mina");
  const otto = await arch(school);
  await offerTo(otto, "Mina Sample");
  await okafor.go("#/review");
  const offer = okafor.page.getByTestId("offer");
  await expect(offer).toContainText(say("offer.line_for", { maker: "Otto Sample", name: "Mina Sample", project: BRIDGE }));
  await expect(offer.getByRole("button", { name: say("offer.accept_for", { name: "Mina Sample" }) })).toBeVisible();
  await offer.getByRole("button", { name: say("offer.decline_for") }).click();
  await expect(offer).toHaveCount(0);
  await expect(otto.page.getByText(say("offer.was_declined", { name: "Mina Sample" }))).toBeVisible();
  await mina.go("#/today");
  await expect(mina.page.getByTestId("offers")).toHaveCount(0);

  await offerTo(otto, "Mina Sample");
  await mina.go("#/today");
  await expect(mina.page.getByTestId("offer")).toBeVisible();
  await otto.page.getByRole("button", { name: say("place.place") }).click();
  await otto.page.getByTestId("own-offer").getByRole("button", { name: say("offer.take_back") }).click();
  await expect(otto.page.getByText(say("offer.waits", { name: "Mina Sample" }))).toHaveCount(0);
  await expect(mina.page.getByTestId("offer")).toHaveCount(0);
});

test("an offer can be answered on its own page, and a piece in the wrong project is moved", async ({ school }) => {
  const mina = await school.person("mina");
  const otto = await arch(school);
  await offerTo(otto, "Mina Sample");
  await mina.go("#/today");
  await mina.openPiece(ARCH);
  await mina.page.getByTestId("offered").getByRole("button", { name: say("offer.accept") }).click();
  await expect(mina.page.getByTestId("offered")).toHaveCount(0);

  await mina.capture([], { title: "A leaf", words: "Green.", folio: BRIDGE });
  await mina.go("#/work");
  await mina.openPiece("A leaf");
  await mina.page.getByRole("button", { name: say("place.place") }).click();
  const there = mina.page.getByTestId("lies-in");
  await expect(there).toContainText(BRIDGE);
  await there.getByRole("button", { name: say("place.move") }).click();
  const to = there.getByLabel(say("place.move_to"));
  const other = await to.locator("option").nth(1).innerText();
  await to.selectOption({ index: 1 });
  await there.getByRole("button", { name: say("place.move_yes") }).click();
  await expect(mina.page.getByText(say("place.moved"))).toBeVisible();
  await mina.page.getByRole("button", { name: say("place.place") }).click();
  await expect(mina.page.getByTestId("lies-in")).toHaveText(new RegExp(other));
  await mina.page.keyboard.press("Escape");
  await mina.allSent();
});
