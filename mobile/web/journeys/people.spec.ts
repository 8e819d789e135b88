// A browser that several people share, and a device that the school has ended.

import { expect, photo, say, test } from "./stage";

test("two people share a browser, and each sees only her own work", async ({ school }) => {
  const tablet = await school.person("mina");
  await tablet.capture([photo("landscape_6.jpg")], { title: "Mina's leaf", words: "Green.", folio: "Community garden" });
  await tablet.allSent();

  await tablet.join(school.relay.invitation("otto", tablet.line.origin));
  await expect(tablet.page.getByText(say("welcome.title", { name: "Otto Sample" }))).toBeVisible();
  await tablet.capture([], { title: "Otto's bridge", words: "It held.", folio: "Bridge workshop" });
  await tablet.go("#/today");
  await expect(tablet.piece("Otto's bridge")).toBeVisible();
  await expect(tablet.page.getByText("Mina's leaf")).toHaveCount(0);

  await tablet.go("#/me");
  await tablet.page.getByRole("listitem").filter({ hasText: "Mina Sample" }).getByRole("button", { name: say("me.switch") }).click();
  await expect(tablet.piece("Mina's leaf")).toBeVisible();
  await expect(tablet.page.getByText("Otto's bridge")).toHaveCount(0);

  const newTab = await tablet.tab();
  await newTab.getByTestId("who-is-this").getByRole("button", { name: "Otto Sample" }).click();
  await expect(tablet.piece("Otto's bridge", newTab)).toBeVisible();
  await expect(newTab.getByText("Mina's leaf")).toHaveCount(0);
});

test("whoever leaves takes her work along, and the other's stays", async ({ school }) => {
  const tablet = await school.person("mina");
  await tablet.capture([], { title: "Mina's leaf", words: "Green.", folio: "Community garden" });
  await tablet.allSent();
  await tablet.join(school.relay.invitation("otto", tablet.line.origin));
  await tablet.capture([], { title: "Otto's bridge", words: "It held.", folio: "Bridge workshop" });
  await tablet.allSent();

  const leave = tablet.page.getByTestId("leave");
  await leave.getByRole("button", { name: say("leave.leave") }).click();
  await expect(leave).toContainText(say("leave.sure", { name: "Otto Sample" }));
  await leave.getByRole("button", { name: say("leave.now") }).click();
  await expect(tablet.piece("Mina's leaf")).toBeVisible();
  await tablet.go("#/me");
  await expect(tablet.page.getByText(say("me.alone"))).toBeVisible();
});

test("leaving with work that was not sent is refused until she says it may be lost", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.goOffline();
  await mina.capture([photo("landscape_6.jpg")], { title: "Not sent yet", folio: "Community garden" });
  await mina.go("#/me");
  const leave = mina.page.getByTestId("leave");
  await leave.getByRole("button", { name: say("leave.leave") }).click();
  await expect(leave.getByRole("listitem")).toHaveText("Not sent yet");
  const now = leave.getByRole("button", { name: say("leave.now") });
  await expect(now).toBeDisabled();
  await leave.getByLabel(say("leave.may_be_lost")).check();
  await now.click();
  await expect(mina.page.getByTestId("join-form")).toBeVisible();
});

test("an ended device says so at once, names what was not sent, and keeps it readable; nobody else notices", async ({ school }) => {
  const mina = await school.person("mina");
  const otto = await school.person("otto");
  mina.expected.push(/status of 40[13]/);
  await mina.capture([], { title: "Sent before", words: "With the school.", folio: "Community garden" });
  await mina.allSent();
  // What she captures now is on its way when the school ends the device.
  mina.line.stall();
  await mina.capture([photo("DSCN0010.jpg")], { title: "Not delivered", words: "Only here.", folio: "Community garden" });
  const [{ id }] = school.relay.cli("device", "list", school.sample.people.mina) as [{ id: string }];
  school.relay.cli("revoke", id);
  mina.line.mend();
  await expect(mina.page.getByTestId("locked")).toContainText(/not delivered to the school/);
  await mina.go("#/today");
  await mina.openPiece("Not delivered");
  await expect(mina.page.getByText("Only here.")).toBeVisible();
  await mina.go("#/me");
  await expect(mina.page.getByTestId("undelivered")).toContainText("Not delivered");

  await otto.capture([], { title: "Otto goes on", words: "As ever.", folio: "Bridge workshop" });
  await otto.allSent();
});

test("a live page is locked within two seconds of its device being ended", async ({ school }) => {
  const mina = await school.person("mina");
  mina.expected.push(/status of 40[13]/);
  await expect(mina.page.getByTestId("network")).toHaveAttribute("data-is", "online");
  const [{ id }] = school.relay.cli("device", "list", school.sample.people.mina) as [{ id: string }];
  school.relay.cli("revoke", id);
  await expect(mina.page.getByTestId("locked")).toBeVisible({ timeout: 2_000 });
});

test("an invitation that is opened where the app is open already is taken, and leaves the address", async ({ school }) => {
  const mina = await school.seat();
  mina.page = await mina.tab();
  await expect(mina.page.getByTestId("join-link")).toBeEditable();
  await mina.page.goto(school.relay.invitation("mina", mina.line.origin));
  await mina.page.getByTestId("join").click();
  await expect(mina.page.getByText(say("welcome.ready"))).toBeVisible();
  expect(mina.page.url()).not.toContain("join=");
});
