// Every page as it looks, for people to look at: on a phone, a tablet and a desktop, with no work, with one piece, and
// with some three hundred. The pictures lie in tests/artefacts/web/screens.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fill, openFeedback, openFiles, openPin, pagesOf, settle, tooWide } from "./pages";
import { DESKTOP, expect, PHONE, TABLET, test, type Seat } from "./stage";

const folder = join(import.meta.dirname, "../../../tests/artefacts/web/screens");
const LOOKS = {
  phone: PHONE,
  tablet: TABLET,
  desktop: DESKTOP,
  "phone-dark": { ...PHONE, colorScheme: "dark" },
  "phone-es": { ...PHONE, locale: "es" },
} as const;
const PEOPLE = ["mina", "ms-ito", "lea", "hana"] as const;

/** The whole page in one picture, as on a screen that is high enough; of a very long one, and with a sheet over it, what is seen first. */
async function picture({ page }: Seat, look: string, name: string): Promise<void> {
  mkdirSync(join(folder, look), { recursive: true });
  const screen = page.viewportSize() ?? PHONE.viewport;
  const height = await page.evaluate(() => (document.querySelector("dialog[open]") ? 0 : document.documentElement.scrollHeight));
  if (height < 6_000) await page.setViewportSize({ ...screen, height: Math.max(height, screen.height) });
  await page.screenshot({ path: join(folder, look, `${name}.png`), animations: "disabled" });
  await page.setViewportSize(screen);
}

for (const [pieces, looks] of [
  [0, ["phone"]],
  [1, ["phone", "tablet", "desktop", "phone-dark", "phone-es"]],
  [300, ["phone", "desktop"]],
] as const) {
  test(`every page with ${pieces} pieces of work fits its screen`, async ({ school }) => {
    test.setTimeout(240_000);
    const piece = pieces === 0 ? undefined : fill(school, pieces - 1);
    for (const look of looks) {
      const newcomer = await school.seat(LOOKS[look]);
      newcomer.page = await newcomer.tab();
      await expect(newcomer.page.getByTestId("join-form")).toBeVisible();
      await picture(newcomer, look, "first-page");
      await newcomer.context.close();
      for (const who of PEOPLE) {
        const seat = await school.person(who, LOOKS[look]);
        for (const { name, hash } of pagesOf(who, school, piece)) {
          await settle(seat.page, hash);
          await picture(seat, look, `${name}-${pieces}`);
          expect.soft(await tooWide(seat.page), `what is too wide on ${name}, ${look}`).toEqual([]);
        }
        const opened = async (name: string): Promise<void> => {
          await picture(seat, look, name);
          expect.soft(await tooWide(seat.page), `what is too wide on ${name}, ${look}`).toEqual([]);
        };
        if (piece !== undefined && pieces === 1) {
          if (who === "mina") await openFiles(seat.page, piece, look === "phone-es" ? "es" : "en", opened);
          if (who === "lea") await openFeedback(seat.page, piece, opened);
          if (who === "ms-ito") await openPin(seat, school, opened);
        }
        await seat.context.close();
      }
    }
  });
}
