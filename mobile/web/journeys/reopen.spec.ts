// Opening again without a network, and how long opening takes on a phone of the middle range.

import { expect, photo, say, test } from "./stage";

/** The pages of a phone of the middle range; a worker can't be slowed so. */
const SLOWER = 4;
const NETWORKS = {
  "4G, 9 Mbit/s": { latencyMs: 85, bytesPerSecond: 9_000_000 / 8 },
  "fast 3G, 1.6 Mbit/s": { latencyMs: 150, bytesPerSecond: 1_600_000 / 8 },
};
const FIRST_START_MS = 3_000;
const SECOND_START_MS = 1_000;
/** Machines differ; what takes so many times longer is a fault. */
const FAR_OFF = 10;

test("opened again without a network, everything of hers is there", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.capture([photo("DSCN0010.jpg")], { title: "Before", words: "Kept.", folio: "Community garden" });
  await mina.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await mina.goOffline();
  await mina.capture([photo("iphone_hdr_YES.jpg")], { title: "Without a network", folio: "Community garden" });

  await mina.page.close();
  mina.page = await mina.tab();
  await expect(mina.page.getByText(say("today.hello", { name: "Mina" }))).toBeVisible();
  for (const title of ["Before", "Without a network"]) {
    await mina.openPiece(title);
    await expect(mina.page.getByRole("img", { name: new RegExp(title) })).toBeVisible();
    await mina.page.reload();
    await expect(mina.page.getByRole("img", { name: new RegExp(title) })).toBeVisible();
    await mina.go("#/today");
  }
  await mina.goOnline();
  await mina.allSent();
});

for (const [network, pace] of Object.entries(NETWORKS)) {
  test(`a phone of the middle range opens it the first time over ${network}`, async ({ school }) => {
    const mina = await school.seat();
    const page = await mina.context.newPage();
    await (await mina.context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
    mina.line.slow(pace);
    const began = Date.now();
    await page.goto(`${mina.line.origin}/`);
    await expect(page.getByTestId("join-link")).toBeEditable({ timeout: FIRST_START_MS * FAR_OFF });
    const took = Date.now() - began;
    console.log(`first start over ${network}: ${took} ms (aim ${FIRST_START_MS})`);
    expect(took).toBeLessThan(FIRST_START_MS * FAR_OFF);
  });
}

test("a phone of the middle range opens it again without a network", async ({ school }) => {
  const mina = await school.person("mina");
  const { page } = mina;
  await mina.capture([photo("landscape_6.jpg")], { title: "Here", folio: "Community garden" });
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await mina.goOffline();
  await mina.go("#/today");
  await (await mina.context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: SLOWER });
  const began = Date.now();
  await page.reload();
  await expect(mina.piece("Here")).toBeVisible({ timeout: SECOND_START_MS * FAR_OFF });
  const took = Date.now() - began;
  console.log(`second start, offline: ${took} ms (aim ${SECOND_START_MS})`);
  expect(took).toBeLessThan(SECOND_START_MS * FAR_OFF);
});

test("what was half-written before an update is there after it", async ({ school }) => {
  const mina = await school.person("mina");
  // As it was kept before drafts had an owner.
  await mina.page.evaluate(() => sessionStorage.setItem("kept.capture", JSON.stringify({ title: "Begun before" })));
  await mina.page.reload();
  await mina.go("#/capture");
  await expect(mina.page.getByLabel(say("capture.name"), { exact: true })).toHaveValue("Begun before");
});
