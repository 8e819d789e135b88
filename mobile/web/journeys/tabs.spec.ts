// Several tabs of one browser: one holds the work, the others ask it, and nobody needs to know which is which.

import { expect, photo, say, test } from "./stage";

test("what is captured in one tab appears in the other, and the one that stays takes over", async ({ school }) => {
  const mina = await school.person("mina");
  const other = await mina.tab();
  await expect(other.getByText(say("today.hello", { name: "Mina" }))).toBeVisible();

  await mina.capture([photo("landscape_6.jpg")], { title: "By the first tab", folio: "Community garden" });
  await expect(mina.piece("By the first tab", other)).toBeVisible();
  await mina.capture([], { title: "By the second tab", words: "Passed on.", folio: "Community garden", page: other });
  await mina.go("#/today");
  await expect(mina.piece("By the second tab")).toBeVisible();

  await mina.page.close();
  await mina.go("#/today", other);
  await other.reload();
  await expect(mina.piece("By the first tab", other)).toBeVisible();
  await mina.capture([], { title: "After the first tab went", words: "Held here now.", folio: "Community garden", page: other });
  await mina.allSent(other);
});

test("a call on its way when its holder is closed is done by the next one, and once", async ({ school }) => {
  const mina = await school.person("mina");
  const other = await mina.tab("/#/capture");
  const files = ["DSCN0010.jpg", "DSCN0021.jpg", "DSCN0042.jpg", "landscape_6.jpg"].map(photo);
  await expect(other.getByTestId("capture-form")).toBeVisible();
  await other.getByTestId("gallery").setInputFiles(files);
  await other.getByLabel(say("capture.name"), { exact: true }).fill("Handed over");

  await other.getByTestId("save").click({ noWaitAfter: true });
  await mina.page.close();
  await expect(other.getByTestId("captured")).toBeVisible();
  await mina.go("#/today", other);
  await expect(mina.piece("Handed over", other)).toContainText("4");
  await expect(other.getByTestId("piece-row")).toHaveCount(1);
  await mina.allSent(other);
});

test("words said in both tabs at once are all kept", async ({ school }) => {
  const mina = await school.person("mina");
  const tabs = [mina.page, await mina.tab(), await mina.tab()];
  await Promise.all(tabs.map((page, at) => mina.capture([], { title: `From tab ${at + 1}`, words: "At the same time.", folio: "Community garden", page })));
  for (const page of tabs) {
    await mina.go("#/today", page);
    await expect(page.getByTestId("piece-row")).toHaveCount(3);
  }
});
