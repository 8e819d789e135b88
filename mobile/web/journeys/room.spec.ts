// Little room on the device, and many photos at once.

import { readFileSync, statSync, writeFileSync } from "node:fs";
import { expect, fillCapture, photo, say, test, type Seat } from "./stage";

test("when the device is full a capture is refused in words, nothing is lost, and with room it works", async ({ school }) => {
  const mina = await school.person("mina");
  const { page } = mina;
  await mina.capture([photo("DSCN0010.jpg")], { title: "Saved before", folio: "Community garden" });
  await mina.allSent();
  const browser = await mina.context.newCDPSession(page);
  const { usage } = await browser.send("Storage.getUsageAndQuota", { origin: mina.line.origin });
  await browser.send("Storage.overrideQuotaForOrigin", { origin: mina.line.origin, quotaSize: usage + 300_000 });

  await fillCapture(page, ["iphone_hdr_YES.jpg", "HMD_Nokia_8.3_5G.jpg"].map(photo), { title: "Too much", words: "I typed this.", folio: "Community garden" });
  await page.getByTestId("save").click();
  await expect(page.getByRole("alert")).toContainText(say("refusal.no_room"));
  await expect(page.getByLabel(say("capture.name"), { exact: true })).toHaveValue("Too much");
  await expect(page.getByLabel(say("capture.words"), { exact: true })).toHaveValue("I typed this.");
  await expect(page.getByTestId("picked").getByRole("listitem")).toHaveCount(2);

  await browser.send("Storage.overrideQuotaForOrigin", { origin: mina.line.origin });
  await page.getByTestId("save").click();
  await expect(page.getByTestId("captured")).toBeVisible();
  await mina.allSent();
  await mina.go("#/today");
  await expect(page.getByTestId("piece-row")).toHaveCount(2);
  await mina.openPiece("Saved before");
  await expect(page.getByRole("img", { name: /Saved before/ })).toBeVisible();
});

test("a device that is full goes on reading, and says it again after a reload", async ({ school }) => {
  const mina = await school.person("mina");
  await mina.capture([photo("DSCN0010.jpg")], { title: "Saved before", folio: "Community garden" });
  await mina.allSent();
  const browser = await mina.context.newCDPSession(mina.page);
  const { usage } = await browser.send("Storage.getUsageAndQuota", { origin: mina.line.origin });
  await browser.send("Storage.overrideQuotaForOrigin", { origin: mina.line.origin, quotaSize: Math.max(1, usage - 100_000) });
  await mina.go("#/today");
  await mina.page.reload();
  await mina.openPiece("Saved before");
  await expect(mina.page.getByRole("img", { name: /Saved before/ })).toBeVisible();
  await fillCapture(mina.page, [photo("iphone_hdr_YES.jpg")], { title: "Too much", folio: "Community garden" });
  await mina.page.getByTestId("save").click();
  await expect(mina.page.getByRole("alert")).toContainText(say("refusal.no_room"));
});

test("a damaged photo is refused in words, and the others can be saved without it", async ({ school }) => {
  const mina = await school.person("mina");
  const damaged = test.info().outputPath("damaged.jpg");
  writeFileSync(damaged, readFileSync(photo("DSCN0010.jpg")).subarray(0, 900));
  await fillCapture(mina.page, [photo("DSCN0010.jpg"), damaged], { title: "One of two", folio: "Community garden" });
  await mina.page.getByTestId("save").click();
  await expect(mina.page.getByRole("alert")).toBeVisible();
  await mina.page.getByRole("button", { name: say("capture.remove", { at: 2 }) }).click();
  await mina.page.getByTestId("save").click();
  await expect(mina.page.getByTestId("captured")).toBeVisible();
  await mina.allSent();
});

/** Photos that differ: a real one with a number drawn over it, some 3000 pixels wide. */
async function manyPhotos(mina: Seat, count: number): Promise<string[]> {
  const blank = await mina.context.newPage();
  await blank.goto("about:blank");
  const real = `data:image/*;base64,${readFileSync(photo("iphone_hdr_YES.jpg")).toString("base64")}`;
  const files: string[] = [];
  for (let at = 0; at < count; at += 1) {
    const drawn = await blank.evaluate(
      async ([address, number]) => {
        const image = new Image();
        image.src = address as string;
        await image.decode();
        const canvas = Object.assign(document.createElement("canvas"), { width: 3000, height: Math.round((3000 * image.height) / image.width) });
        const pen = canvas.getContext("2d") as CanvasRenderingContext2D;
        pen.drawImage(image, 0, 0, canvas.width, canvas.height);
        pen.font = "600px sans-serif";
        pen.fillText(String(number), 200, 800);
        return canvas.toDataURL("image/jpeg", 0.85).slice("data:image/jpeg;base64,".length);
      },
      [real, at + 1] as const,
    );
    const file = test.info().outputPath(`photo-${at + 1}.jpg`);
    writeFileSync(file, Buffer.from(drawn, "base64"));
    files.push(file);
  }
  await blank.close();
  return files;
}

test("thirty photos in a few pieces are saved quickly, are counted while they are sent, and all arrive", async ({ school }) => {
  test.setTimeout(240_000);
  const mina = await school.person("mina");
  const files = await manyPhotos(mina, 30);
  await mina.goOffline();
  const took: number[] = [];
  for (const [at, group] of [files.slice(0, 10), files.slice(10, 20), files.slice(20)].entries()) {
    await fillCapture(mina.page, group, { title: `Walk ${at + 1}`, folio: "Community garden", outcomes: ["THINK"] });
    const began = Date.now();
    await mina.page.getByTestId("save").click();
    await expect(mina.page.getByTestId("captured")).toBeVisible({ timeout: 60_000 });
    took.push((Date.now() - began) / group.length);
  }
  const kilobytes = files.reduce((sum, file) => sum + statSync(file).size, 0) / files.length / 1000;
  console.log(`30 photos of ${Math.round(kilobytes)} kB on average: ${took.map(Math.round).join(", ")} ms per photo`);

  await mina.go("#/me");
  await expect(mina.page.getByTestId("undelivered").getByRole("progressbar").first()).toBeVisible();
  await mina.goOnline();
  await expect(mina.page.getByText(say("sent.all"))).toBeVisible({ timeout: 120_000 });

  const ito = await school.person("ms-ito");
  for (const title of ["Walk 1", "Walk 2", "Walk 3"]) {
    await ito.go("#/review");
    await ito.openPiece(title);
    await expect(ito.page.getByRole("img", { name: new RegExp(title) })).toHaveCount(10);
  }
});
