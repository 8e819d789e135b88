// Who is let in, and who no longer: mentors, class projects, and one's own devices.

import { DESKTOP, expect, photo, say, test } from "./stage";

test("a mentor whom a student invites sees nothing until her teacher lets him in, and nothing after it ended", async ({ school }) => {
  const folio = `#/folio/${school.sample.folios["mina/community-garden"]}`;
  const mina = await school.person("mina");
  const ito = await school.person("ms-ito", DESKTOP);
  await mina.capture([photo("DSCN0010.jpg")], { title: "The weir", words: "Water falls here.", folio: "Community garden" });
  await mina.allSent();

  await mina.go(folio);
  await mina.page.getByRole("link", { name: say("mentor.invite") }).click();
  await mina.page.getByLabel(say("mentor.name")).fill("Rosa Field");
  await mina.page.getByRole("button", { name: say("mentor.make") }).click();
  await expect(mina.page.getByText(say("mentor.proposed"))).toBeVisible();
  const link = await mina.page.getByTestId("invitation-link").inputValue();

  const rosa = await school.seat();
  await rosa.join(link);
  await rosa.go("#/shared");
  await expect(rosa.page.getByText(say("shared.waiting"))).toBeVisible();
  await expect(rosa.page.getByTestId("piece-row")).toHaveCount(0);

  await ito.go(folio);
  const proposed = ito.page.getByTestId("proposed").filter({ hasText: "Rosa Field" });
  await proposed.getByRole("button", { name: say("circle.confirm") }).click();
  await expect(proposed).toHaveCount(0);
  await expect(rosa.piece("The weir")).toBeVisible();
  await rosa.openPiece("The weir");
  await expect(rosa.page.getByRole("img", { name: /The weir/ })).toBeVisible();

  await ito.page.getByRole("button", { name: say("circle.end_of", { name: "Rosa Field" }) }).click();
  await ito.page.getByRole("button", { name: say("circle.end_now") }).click();
  await rosa.go("#/shared");
  await expect(rosa.page.getByTestId("part")).toHaveCount(0);
  await expect(rosa.page.getByTestId("piece-row")).toHaveCount(0);
});

test("a project that a teacher starts for her class stands at the student's by itself", async ({ school }) => {
  const mina = await school.person("mina");
  const ito = await school.person("ms-ito", DESKTOP);
  await mina.go("#/work");
  await ito.go("#/classes");
  await ito.page.getByTestId("class-row").filter({ hasText: "Science 9" }).click();
  await ito.page.getByRole("link", { name: say("project.title_class") }).click();
  await ito.page.getByLabel(say("project.name"), { exact: true }).fill("River days");
  await ito.page.getByRole("checkbox", { name: /THINK$/ }).check();
  await ito.page.getByRole("button", { name: say("project.start"), exact: true }).click();
  await expect(ito.page.getByRole("heading", { level: 1 })).toHaveText("Science 9");

  await expect(mina.page.getByText("River days")).toBeVisible();
  await mina.capture([], { title: "First day", words: "Cold.", folio: "River days", outcomes: ["THINK"] });
  await mina.allSent();
  await ito.go("#/review");
  await expect(ito.page.getByTestId("queue-row")).toContainText("First day");
});

test("somebody a teacher lets in reads until the day that was said, and it can be ended before", async ({ school }) => {
  const folio = `#/folio/${school.sample.folios["mina/community-garden"]}`;
  const mina = await school.person("mina");
  await mina.capture([], { title: "The weir", words: "Water falls here.", folio: "Community garden" });
  await mina.allSent();
  const ada = await school.person("ada");
  const ito = await school.person("ms-ito", DESKTOP);
  await ito.go(folio);
  await ito.page.getByRole("button", { name: say("circle.grant") }).click();
  const sheet = ito.page.getByRole("dialog");
  await sheet.getByLabel(say("circle.who")).fill("ada");
  await sheet.getByRole("button", { name: "Ada Sample" }).click();
  await sheet.getByRole("button", { name: say("circle.let_in"), exact: true }).click();
  await expect(sheet).toHaveCount(0);
  await ada.go("#/shared");
  await ada.openPiece("The weir");
  await ito.page.getByRole("button", { name: say("circle.end_of", { name: "Ada Sample" }) }).click();
  await ito.page.getByRole("button", { name: say("circle.end_now") }).click();
  await ada.go("#/shared");
  await expect(ada.page.getByTestId("piece-row")).toHaveCount(0);
});

test("a device of hers that she ends from another one is locked at once", async ({ school }) => {
  const mina = await school.person("mina");
  const laptop = await school.seat(DESKTOP);
  laptop.expected.push(/status of 40[13]/);
  await mina.go("#/me");
  await mina.page.getByTestId("invite-device").click();
  await laptop.join(await mina.page.getByTestId("invitation-link").inputValue());
  await mina.page.getByRole("dialog").getByRole("button", { name: say("close") }).click();
  const device = mina.page.getByTestId("device").filter({ hasText: say("device.other") });
  await device.getByRole("button", { name: say("device.revoke"), exact: true }).click();
  await device.getByRole("button", { name: say("device.revoke_now") }).click();
  await expect(laptop.page.getByTestId("locked")).toBeVisible();
  await expect(device).toHaveCount(0);
});
