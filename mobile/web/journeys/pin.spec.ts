// A browser that staff share with others: her store opens with her PIN alone, his with a tap.

import type { Page } from "@playwright/test";
import { DESKTOP, expect, photo, PIN, say, test, type School, type Seat } from "./stage";

/** Words of Ms Ito's store: her students, her class, her pages. */
const HERS = ["Mina", "Ada", "Science 9", say("tab.review"), say("tab.classes")];

async function nothingOfHers(page: Page): Promise<void> {
  const shown = await page.evaluate(() => document.documentElement.outerHTML);
  expect(HERS.filter((one) => shown.includes(one))).toEqual([]);
}

const asks = (page: Page): Promise<void> => expect(page.getByTestId("ask-pin")).toBeVisible();
const isHome = (page: Page): Promise<void> => expect(page.getByRole("heading", { level: 1 })).toHaveText(say("review.title"));

/** Moves the clock of the worker that holds the database. */
async function later(seat: Seat, milliseconds: number): Promise<void> {
  for (const page of seat.context.pages()) {
    for (const worker of page.workers()) {
      await worker.evaluate((by) => {
        const now = Date.now.bind(Date);
        Date.now = () => now() + by;
      }, milliseconds);
    }
  }
}

/** Ms Ito's and Otto's stores in one browser. Hers is open, in a tab on her first page. */
async function shared(school: School): Promise<Seat> {
  const seat = await school.person("otto", DESKTOP);
  await seat.join(school.relay.invitation("ms-ito", seat.line.origin));
  await seat.go("#/review");
  await isHome(seat.page);
  return seat;
}

test("she chooses a PIN before anything is shown, and is told what is wrong with one", async ({ school }) => {
  const seat = await school.seat();
  seat.page = await seat.tab();
  await seat.take(school.relay.invitation("ms-ito", seat.line.origin));
  const { page } = seat;
  await expect(page.getByTestId("choose-pin")).toBeVisible();
  await expect(page.getByTestId("new-pin")).toBeFocused();
  await nothingOfHers(page);
  await seat.choosePin("123");
  await expect(page.getByRole("alert")).toHaveText(say("pin.short", { count: 4 }));
  await expect(page.getByTestId("new-pin")).toBeFocused();
  await seat.choosePin("1234", "1235");
  await expect(page.getByRole("alert")).toHaveText(say("pin.different"));
  await expect(page.getByTestId("new-pin-again")).toBeFocused();
  await nothingOfHers(page);

  // One that was not chosen yet is asked for again, also in another tab.
  await page.reload();
  const other = await seat.tab();
  await seat.choosePin("1234", "1234", other);
  await expect(other.getByRole("navigation")).toBeVisible();
  await asks(page);
  await seat.enterPin("1234");
  await expect(page.getByText(say("welcome.ready"))).toBeVisible();
});

test("a new tab asks for her PIN and opens his store with a tap", async ({ school }) => {
  const seat = await shared(school);
  const tab = await seat.tab();
  const who = tab.getByTestId("who-is-this");
  await who.getByRole("button", { name: "Ms Ito Sample" }).click();
  await asks(tab);
  await expect(tab.getByTestId("pin")).toBeFocused();
  await nothingOfHers(tab);
  await seat.guessPin(1, tab);
  await expect(tab.getByRole("alert")).toHaveText(say("pin.wrong"));
  await nothingOfHers(tab);
  await seat.enterPin(PIN, tab);
  await isHome(tab);

  const his = await seat.tab();
  await his.getByTestId("who-is-this").getByRole("button", { name: "Otto Sample" }).click();
  await expect(his.getByText(say("today.hello", { name: "Otto" }))).toBeVisible();
  // Where she worked, whoever comes next is asked who he is, and for her PIN if he says that he is her.
  for (const page of [seat.page, tab]) {
    await page.getByTestId("who-is-this").getByRole("button", { name: "Ms Ito Sample" }).click();
    await asks(page);
    await nothingOfHers(page);
  }
  await expect(his.getByText(say("today.hello", { name: "Otto" }))).toBeVisible();
});

test("neither a reload, nor an address, nor an invitation gets past the question", async ({ school }) => {
  const seat = await school.person("ms-ito", DESKTOP);
  const { page } = seat;
  const link = school.relay.invitation("ms-ito", seat.line.origin);
  for (const hash of ["#/welcome", "#/classes", `#/student/${school.sample.people.mina}`, "#/me"]) {
    await seat.go(hash);
    await page.reload();
    await asks(page);
    await nothingOfHers(page);
    await seat.go("#/review");
    await asks(page);
  }
  await seat.take(link);
  await asks(page);
  await nothingOfHers(page);
  await seat.enterPin();
  await expect(page.getByText(say("welcome.ready"))).toBeVisible();
});

test("locking closes her store in every tab and keeps what was half-written", async ({ school }) => {
  const seat = await shared(school);
  const other = await seat.tab();
  await other.getByTestId("who-is-this").getByRole("button", { name: "Ms Ito Sample" }).click();
  await seat.enterPin(PIN, other);
  await isHome(other);
  await seat.go(`#/class/${school.sample.classes["science-9"]}/new`);
  const title = seat.page.getByLabel(say("project.name"), { exact: true });
  await title.fill("Bees and their houses");
  await seat.go("#/capture");
  await seat.page.getByTestId("gallery").setInputFiles([photo("landscape_6.jpg")]);
  const picked = seat.page.getByTestId("picked").getByRole("listitem");
  await expect(picked).toHaveCount(1);

  await seat.go("#/me", other);
  await other.getByTestId("lock").click();
  for (const page of [seat.page, other]) {
    await asks(page);
    await nothingOfHers(page);
    expect(await page.content()).not.toContain("Bees");
  }
  // Somebody else may work in the tab meanwhile: he sees none of it, and takes none of it away.
  await seat.page.getByTestId("someone-else").click();
  await seat.page.getByRole("button", { name: "Otto Sample" }).click();
  await expect(seat.page.getByText(say("today.hello", { name: "Otto" }))).toBeVisible();
  await seat.go("#/work/new");
  await expect(title).toHaveValue("");
  await seat.go("#/capture");
  await expect(seat.page.getByTestId("capture-form")).toBeVisible();
  await expect(picked).toHaveCount(0);
  await seat.go("#/me");
  await seat.page.getByRole("listitem").filter({ hasText: "Ms Ito Sample" }).getByRole("button", { name: say("me.switch") }).click();
  await asks(seat.page);
  await seat.enterPin();
  await isHome(seat.page);
  await seat.go(`#/class/${school.sample.classes["science-9"]}/new`);
  await expect(title).toHaveValue("Bees and their houses");
  await seat.go("#/capture");
  await expect(picked).toHaveCount(1);
});

test("a tab that nobody touches for a quarter of an hour locks itself", async ({ school }) => {
  const seat = await school.seat(DESKTOP);
  seat.page = await seat.context.newPage();
  await seat.page.clock.install();
  await seat.join(school.relay.invitation("ms-ito", seat.line.origin));
  await seat.go("#/review");
  await isHome(seat.page);
  await seat.page.clock.fastForward("14:00");
  await seat.page.mouse.move(200, 200);
  await seat.page.clock.fastForward("14:00");
  await isHome(seat.page);
  await seat.page.clock.fastForward("01:30");
  await asks(seat.page);
  await nothingOfHers(seat.page);
});

test("after five wrong tries everybody waits, in every tab and after a reload", async ({ school }) => {
  const seat = await school.person("ms-ito", DESKTOP);
  const tab = await seat.tab();
  await seat.guessPin(4, tab);
  await expect(tab.getByRole("alert")).toHaveText(say("pin.wrong"));
  await seat.guessPin(1, tab);
  await expect(tab.getByRole("alert")).toHaveText(say("pin.wait_seconds", { count: 30 }));

  for (const page of [tab, seat.page]) {
    await page.reload();
    await expect(page.getByTestId("pin-wait")).toHaveText(/Try again in \d+ seconds?\./);
    await seat.enterPin(PIN, page);
    await asks(page);
    await nothingOfHers(page);
  }
  // A page counts by its own clock what it was told; loaded again, it asks.
  await later(seat, 31_000);
  await tab.reload();
  await seat.guessPin(1, tab);
  await expect(tab.getByRole("alert")).toHaveText(say("pin.wait_seconds", { count: 60 }));
  await later(seat, 61_000);
  await tab.reload();
  await seat.enterPin(PIN, tab);
  await expect(tab.getByRole("navigation")).toBeVisible();
});

test("she changes her PIN with the old one", async ({ school }) => {
  const seat = await school.person("ms-ito");
  const { page } = seat;
  await seat.go("#/me");
  await page.getByTestId("open-change-pin").click();
  await page.getByTestId("pin").fill("not the old one");
  await seat.choosePin("another one");
  await expect(page.getByRole("alert")).toHaveText(say("pin.wrong"));
  await page.getByTestId("pin").fill(PIN);
  await page.getByTestId("set-pin").click();
  await expect(page.getByTestId("toast")).toHaveText(say("pin.changed"));
  await page.getByTestId("lock").click();
  await seat.guessPin(1);
  await seat.enterPin("another one");
  await expect(page.getByRole("navigation")).toBeVisible();
});

test("who forgot her PIN leaves once everything is sent, and chooses another with a new invitation", async ({ school }) => {
  const seat = await school.person("ms-ito", DESKTOP);
  const { page } = seat;
  await seat.goOffline();
  await seat.capture([], { title: "Seen at the weir" });
  await seat.go("#/me");
  await page.getByTestId("lock").click();
  await page.getByTestId("pin-forgotten").locator("summary").click();
  await page.getByTestId("pin-leave").click();
  await expect(page.getByRole("alert")).toContainText(say("refusal.unsent"));
  await nothingOfHers(page);
  expect(await page.content()).not.toContain("weir");

  await seat.goOnline();
  await seat.enterPin();
  await seat.allSent();
  await page.getByTestId("lock").click();
  await page.getByTestId("pin-forgotten").locator("summary").click();
  await page.getByTestId("pin-leave").click();
  await expect(page.getByTestId("join-form")).toBeVisible();
  await seat.take(school.relay.invitation("ms-ito", seat.line.origin));
  await seat.choosePin("quite another");
  await expect(page.getByText(say("welcome.ready"))).toBeVisible();
  await page.reload();
  await seat.guessPin(1);
  await seat.enterPin("quite another");
  await expect(page.getByRole("navigation")).toBeVisible();
});

test("students, families and mentors have no PIN", async ({ school }) => {
  for (const name of ["mina", "hana", "lea"] as const) {
    const seat = await school.person(name);
    await seat.page.reload();
    await expect(seat.page.getByRole("navigation")).toBeVisible();
    await seat.go("#/me");
    await expect(seat.page.getByTestId("leave")).toBeVisible();
    await expect(seat.page.getByTestId("pin-card")).toHaveCount(0);
  }
});
