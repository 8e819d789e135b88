// Whatever people write is text. Names, titles and words that would be markup, scripts or another direction of writing
// stand on every page as they were typed, run nothing, and push nothing off the screen.

import { fill, pagesOf, settle, tooWide } from "./pages";
import { expect, say, test } from "./stage";

const NASTY = [
  `<img src=x onerror="globalThis.ran=1">`,
  `</script><script>globalThis.ran=1</script>`,
  `{name} {{name}} '{count, plural, one {#}}' %s \${1}`,
  `\u202Eesrever \u05E9\u05DC\u05D5\u05DD \u0645\u0631\u062D\u0628\u0627`,
  `👩🏽‍🔬🌱🏳️‍🌈 Zoë Ça\u0308`,
];
const TITLE = NASTY.join(" ").slice(0, 200).trim();
/** What nobody may be called: signs that steer how text is drawn. */
const steers = /[\u202A-\u202E]/g;
const LONG = "Donaudampfschifffahrtsgesellschaft".repeat(6).slice(0, 200);

for (const [kind, nasty] of [["markup", TITLE], ["one long word", LONG]] as const) {
  test(`${kind} in names, titles and words is shown as it was typed`, async ({ school }) => {
    const { relay } = school;
    for (const name of ["mina", "ms-ito", "lea", "hana"] as const) relay.cli("person", "rename", school.sample.people[name], `${name} ${nasty}`.replaceAll(steers, "").slice(0, 200).trim());
    relay.cli("project", "add", nasty.replaceAll(steers, ""), "--class", school.sample.classes["science-9"] as string, "--brief", nasty);
    const piece = fill(school, 2, { title: nasty, words: nasty });
    for (const who of ["mina", "ms-ito", "lea", "hana"] as const) {
      const seat = await school.person(who);
      for (const { name, hash } of pagesOf(who, school, piece)) {
        await test.step(name, async () => {
          await settle(seat.page, hash);
          const found = await seat.page.evaluate(() => ({ ran: "ran" in globalThis, made: document.querySelectorAll("img[src=x], main script, iframe").length }));
          expect(found, `nothing of it runs on ${name}`).toEqual({ ran: false, made: 0 });
          expect.soft(await tooWide(seat.page), `what is too wide on ${name}`).toEqual([]);
        });
      }
      await settle(seat.page, `#/piece/${piece}`);
      await expect(seat.page.getByRole("heading", { level: 1 })).toHaveText(nasty);
      await expect(seat.page.getByTestId("voice").first()).toContainText(nasty.replaceAll(/\s+/g, " "));
      await seat.page.getByTestId("who-sees-button").click();
      await expect(seat.page.getByTestId("who-sees")).toContainText(nasty.slice(0, 40));
      await seat.page.getByRole("dialog").getByRole("button", { name: say("close") }).click();
    }
  });
}
