// Whatever is killed in the middle: what was called saved is there afterwards, and nothing is there by half.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, fillCapture, PHONE, photo, say, test, type Seat } from "./stage";

const FOUR = ["DSCN0010.jpg", "DSCN0021.jpg", "DSCN0042.jpg", "landscape_6.jpg"].map(photo);

/** The pieces on her first page that are whole: each title with its number of photos. Any that is not whole fails. */
async function wholePieces(mina: Seat, photos: number): Promise<string[]> {
  const { page } = mina;
  await mina.go("#/today");
  await expect(page.getByTestId("piece-row").first()).toBeVisible();
  const titles = await page.getByTestId("piece-row").locator(".title").allTextContents();
  for (const title of titles.filter((one) => one.startsWith("Torn"))) {
    await mina.openPiece(title);
    await expect(page.getByRole("button", { name: /Open photo/ })).toHaveCount(photos);
    await expect(page.getByRole("img", { name: new RegExp(title) })).toHaveCount(photos);
    await mina.go("#/today");
  }
  return titles;
}

test("a tab closed in the middle of saving leaves each piece whole or not at all", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.capture(FOUR.slice(0, 1), { title: "Saved before", folio: "Community garden" });
  for (let turn = 0; turn < 4; turn += 1) {
    await fillCapture(mina.page, FOUR, { title: `Torn ${turn}`, folio: "Community garden" });
    // Half of the times the page has begun to say that it is saving.
    await mina.page.getByTestId("save").click({ noWaitAfter: true });
    if (turn % 2 === 1) await expect(mina.page.getByTestId("save").or(mina.page.getByTestId("captured"))).not.toHaveText(say("save"));
    await mina.page.close();
    mina.page = await mina.tab();
    expect(await wholePieces(mina, FOUR.length)).toContain("Saved before");
  }
  await mina.allSent();
});

test("a tab closed while photos are sent sends the rest when it is opened again", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.goOffline();
  await mina.capture([photo("iphone_hdr_YES.jpg"), photo("HMD_Nokia_8.3_5G.jpg")], { title: "Half sent", folio: "Community garden", outcomes: ["THINK"] });
  const underWay = mina.line.passed(900_000);
  await mina.goOnline();
  await underWay;
  await mina.page.close();
  mina.page = await mina.tab();
  await mina.allSent();
  const ito = await school.person("ms-ito");
  await ito.go("#/review");
  await expect(ito.page.getByTestId("queue-row")).toHaveCount(1);
});

test("a page that crashes is opened again with everything that was saved", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.capture(FOUR.slice(0, 2), { title: "Saved before", folio: "Community garden" });
  await fillCapture(mina.page, FOUR, { title: "Torn", folio: "Community garden" });
  const browser = await mina.context.newCDPSession(mina.page);
  const crashed = mina.page.waitForEvent("crash");
  await mina.page.getByTestId("save").click({ noWaitAfter: true });
  browser.send("Page.crash").catch(() => undefined);
  await crashed;
  mina.page = await mina.tab();
  expect(await wholePieces(mina, FOUR.length)).toContain("Saved before");
  await mina.allSent();
});

test("a core that stops in the middle is started again, and what was asked is done once", async ({ school }) => {
  const mina = await school.person("mina");
  mina.expected.push(/the core stops here/);
  await mina.capture(FOUR.slice(0, 1), { title: "Saved before", folio: "Community garden" });
  await fillCapture(mina.page, FOUR, { title: "Torn", folio: "Community garden" });
  const [worker] = mina.page.workers();
  await mina.page.getByTestId("save").click({ noWaitAfter: true });
  await worker?.evaluate(() => void setTimeout(() => { throw new Error("the core stops here"); })).catch(() => undefined);
  await expect(mina.page.getByTestId("captured")).toBeVisible();
  expect((await wholePieces(mina, FOUR.length)).sort()).toEqual(["Saved before", "Torn"]);
  await mina.allSent();
});

test("a worker that ends without a word is noticed", async ({ school }) => {
  const mina = await school.person("mina");
  const [worker] = mina.page.workers();
  await worker?.evaluate(() => self.close()).catch(() => undefined);
  await mina.capture(FOUR.slice(0, 1), { title: "Saved after", folio: "Community garden" });
  await mina.allSent();
});

test("a browser that is killed has on disk what it called saved", async ({ school }) => {
  const folder = mkdtempSync(join(tmpdir(), "fieldfolio-profile-"));
  try {
    const mina = await school.ownBrowser(folder, PHONE);
    await mina.join(school.relay.invitation("mina", mina.line.origin));
    await mina.capture(FOUR.slice(0, 1), { title: "Sent before", folio: "Community garden" });
    await mina.allSent();
    await mina.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await mina.goOffline();
    await mina.capture(FOUR, { title: "Torn off", folio: "Community garden" });
    await fillCapture(mina.page, FOUR, { title: "Torn", folio: "Community garden" });
    await mina.page.getByTestId("save").click({ noWaitAfter: true });
    const gone = mina.context.waitForEvent("close");
    killBrowser(folder);
    await gone;

    const again = await school.ownBrowser(folder, PHONE, mina.line);
    again.page = await again.tab();
    const titles = await wholePieces(again, FOUR.length);
    expect(titles).toEqual(expect.arrayContaining(["Sent before", "Torn off"]));
    await again.goOnline();
    await again.allSent();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** kill -9 to the processes of the one browser that keeps its profile in this folder. */
function killBrowser(folder: string): void {
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0").includes(`--user-data-dir=${folder}`)) process.kill(Number(id), "SIGKILL");
    } catch {
      // It ended by itself meanwhile.
    }
  }
}
