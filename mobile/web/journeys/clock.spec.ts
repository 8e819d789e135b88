// A clock that is ten years off, either way. Only the clock is false: everything else is as it ever is.

import type { Page } from "@playwright/test";
import { expect, photo, say, test, type School, type Seat } from "./stage";

const YEARS = 365.25 * 24 * 3600 * 1000;

const falseClock = (off: number): string => `{
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...given) { if (given.length === 0) super(Real.now() + (${off})); else super(...given); }
    static now() { return Real.now() + (${off}); }
  };
}`;

/** Somebody whose pages and worker live at another time. A service worker would bring the worker as it is, so there is none. */
async function personAt(off: number, name: "mina" | "ms-ito", school: School): Promise<Seat> {
  const seat = await school.seat({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, serviceWorkers: "block" });
  await seat.context.addInitScript(falseClock(off));
  await seat.context.route(/\/assets\/worker.*\.js$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: falseClock(off) + (await answer.text()) });
  });
  await seat.join(school.relay.invitation(name, seat.line.origin));
  return seat;
}

const year = (page: Page): Promise<number> => page.evaluate(() => new Date().getFullYear());

for (const [when, off] of [["ten years behind", -10 * YEARS], ["ten years ahead", 10 * YEARS]] as const) {
  test(`a clock ${when} keeps nobody from capturing, sending and judging`, async ({ school }) => {
    const mina = await personAt(off, "mina", school);
    expect(Math.abs((await year(mina.page)) - new Date().getFullYear())).toBeGreaterThan(8);
    expect(await mina.page.workers()[0]?.evaluate(() => new Date().getFullYear())).toBe(await year(mina.page));
    await mina.capture([photo("DSCN0010.jpg")], { title: "At another time", words: "Now.", folio: "Community garden", outcomes: ["THINK"] });
    await mina.allSent();

    const ito = await personAt(-off, "ms-ito", school);
    await ito.go("#/review");
    await ito.openPiece("At another time");
    const form = ito.page.getByTestId("judge-form");
    await form.getByRole("radio", { name: /THINK/ }).check();
    await form.getByRole("group", { name: say("assessment.level"), exact: true }).getByRole("radio").nth(2).check();
    await form.getByTestId("give-judgement").click();
    await ito.allSent();

    await mina.go(`#/growth/${school.sample.people.mina}`);
    await expect(mina.page.locator("[data-testid=standing][data-outcome=THINK]")).toContainText(/On the way to/);
  });
}
