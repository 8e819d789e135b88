// Every page passes axe, in light and in dark, on a phone: WCAG 2.2 A and AA.

import AxeBuilder from "@axe-core/playwright";
import { fill, openFeedback, openFiles, openPin, pagesOf, SEEN, settle } from "./pages";
import { expect, PHONE, say, test, type Seat } from "./stage";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function isClean({ page }: Seat, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(RULES)
    // The link past the menu leads by script, for what stands behind the # is the page's address; axe takes it for content.
    .disableRules("region")
    .analyze();
  const found = violations.map(({ id, nodes }) => `${where}: ${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} (${node.any[0]?.message ?? node.failureSummary ?? ""})`).join(" | ")}`);
  expect.soft(found).toEqual([]);
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`every page can be used with a screen reader and weak eyes, in ${colorScheme} colours`, async ({ school }) => {
    const newcomer = await school.seat({ ...PHONE, colorScheme, bypassCSP: true });
    newcomer.page = await newcomer.tab();
    await expect(newcomer.page.getByTestId("join-form")).toBeVisible();
    await isClean(newcomer, "join");

    const piece = fill(school, 5);
    for (const who of ["mina", "ms-ito", "lea", "hana"] as const) {
      const seat = await school.person(who, { ...PHONE, colorScheme, bypassCSP: true });
      for (const { name, hash } of pagesOf(who, school, piece)) {
        await settle(seat.page, hash);
        await seat.page.evaluate(() => {
          for (const one of document.querySelectorAll("main details")) (one as HTMLDetailsElement).open = true;
        });
        await isClean(seat, name);
      }
      if (who === "lea") await openFeedback(seat.page, piece, (name) => isClean(seat, name));
      if (who === "ms-ito") await openPin(seat, school, (name) => isClean(seat, name));
      if (who !== "mina") continue;

      await settle(seat.page, `#/piece/${piece}`);
      for (const sheet of [say("who_sees.title"), say("share.change"), say("place.place"), say("viewer.open", { at: 1, count: SEEN })]) {
        await seat.page.getByRole("button", { name: sheet }).first().click();
        await expect(seat.page.getByRole("dialog")).toBeVisible();
        await isClean(seat, `piece, ${sheet}`);
        await seat.page.keyboard.press("Escape");
      }
      await seat.page.getByRole("button", { name: say("edit.edit") }).click();
      await isClean(seat, "piece, editing");
      await openFiles(seat.page, piece, "en", (name) => isClean(seat, name));

      await seat.go("#/me");
      await seat.page.getByTestId("invite-device").click();
      await expect(seat.page.getByTestId("invitation")).toBeVisible();
      await isClean(seat, "me, a link for her next device");
    }
  });
}
