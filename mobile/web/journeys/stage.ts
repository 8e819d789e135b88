// Where journeys play: a school with its relay, and people with browsers of their own, each on a line of her own. Every
// browser is watched: an error, a refused script or a word to anybody but the school fails the journey.

import { mkdirSync } from "node:fs";
import { test as base, expect, type Browser, type BrowserContext, type BrowserContextOptions, type LaunchOptions, type Locator, type Page } from "@playwright/test";
import { Line } from "./line";
import { at, Relay, type Name } from "./school";
import { say, spanish } from "./words";

export { expect };
export { arePhotosReal, photo } from "./photos";
export { say } from "./words";

export const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } satisfies BrowserContextOptions;
export const TABLET = { viewport: { width: 820, height: 1180 }, hasTouch: true } satisfies BrowserContextOptions;
export const DESKTOP = { viewport: { width: 1366, height: 900 } } satisfies BrowserContextOptions;

/** The PIN of every member of staff. */
export const PIN = "2468 garden";

export const test = base.extend<{ school: School }>({
  school: async ({ browser, launchOptions }, use, info) => {
    const school = await School.open(browser, launchOptions);
    await use(school);
    if (info.status !== info.expectedStatus) await school.photograph(info.outputDir);
    await school.close();
  },
});

export class School {
  readonly browsers: Seat[] = [];

  private constructor(
    private readonly browser: Browser,
    private readonly launch: LaunchOptions,
    readonly relay: Relay,
  ) {}

  static async open(browser: Browser, launch: LaunchOptions): Promise<School> {
    const relay = new Relay();
    await relay.start();
    return new School(browser, launch, relay);
  }

  get sample(): Relay["sample"] {
    return this.relay.sample;
  }

  /** A browser that has never been here. */
  async seat(options: BrowserContextOptions = PHONE): Promise<Seat> {
    const line = await Line.lay(() => this.relay.port);
    const seat = new Seat(await this.browser.newContext({ locale: "en", colorScheme: "light", ...options }), line);
    this.browsers.push(seat);
    return seat;
  }

  /** A browser process of her own, which keeps what it stores in `folder` and may be killed. */
  async ownBrowser(folder: string, options: BrowserContextOptions = PHONE, line?: Line): Promise<Seat> {
    const own = line ?? (await Line.lay(() => this.relay.port));
    const context = await this.browser.browserType().launchPersistentContext(folder, { ...this.launch, locale: "en", colorScheme: "light", ...options });
    const seat = new Seat(context, own);
    this.browsers.push(seat);
    return seat;
  }

  /** Somebody with a browser of her own, who has joined and has everything here. */
  async person(name: Name, options: BrowserContextOptions = PHONE): Promise<Seat> {
    const seat = await this.seat(options);
    await seat.join(this.relay.invitation(name, seat.line.origin));
    return seat;
  }

  /** When a journey failed: what everybody saw. */
  async photograph(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    for (const [at, seat] of this.browsers.entries()) {
      for (const [tab, page] of seat.context.pages().entries()) {
        await page.screenshot({ path: `${folder}/browser-${at + 1}-tab-${tab + 1}.png`, timeout: 5_000 }).catch(() => undefined);
      }
      if (seat.faults.length > 0) console.log(`browser ${at + 1}:\n${seat.faults.join("\n")}`);
    }
  }

  async close(): Promise<void> {
    const told: string[] = [];
    for (const seat of this.browsers) {
      told.push(...(await seat.secretsTold()));
      await seat.context.close().catch(() => undefined);
      await seat.line.takeDown();
    }
    await this.relay.close();
    expect(this.browsers.flatMap((seat) => seat.faults), "what browsers complained of").toEqual([]);
    expect(told, "secrets where others may read them").toEqual([]);
  }
}

/** What a browser may say about a line that is cut; nothing else. */
const OF_THE_LINE = /^Failed to load resource: net::ERR_|^WebSocket connection to .* failed|^Failed to load resource: the server responded with a status of 503/;

/** One browser, with storage of its own, and who sits at it. */
export class Seat {
  readonly faults: string[] = [];
  /** Complaints this journey brings about on purpose. */
  readonly expected: RegExp[] = [OF_THE_LINE];
  page!: Page;
  private hasJoined = false;

  constructor(
    readonly context: BrowserContext,
    readonly line: Line,
  ) {
    context.setDefaultNavigationTimeout(30_000);
    context.on("page", (page) => this.watch(page));
    void context.addInitScript(rememberPhotos);
    context.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (!["blob:", "data:"].includes(protocol) && origin !== line.origin) this.faults.push(`a request to ${request.url()}`);
      if (/join=|token=/.test(request.url())) this.faults.push(`a secret in ${request.url()}`);
    });
  }

  /** The bytes of every photo the pages were handed, as they were handed them. */
  async photosSeen(page = this.page): Promise<Buffer[]> {
    const seen = await page.evaluate(async () => {
      const text = async (blob: Blob): Promise<string> => {
        let letters = "";
        for (const byte of new Uint8Array(await blob.arrayBuffer())) letters += String.fromCharCode(byte);
        return btoa(letters);
      };
      return Promise.all((globalThis as unknown as { photosSeen: Blob[] }).photosSeen.map(text));
    });
    return seen.map((one) => Buffer.from(one, "base64"));
  }

  /** Tokens and invitations that stand in an address, or where any script of the page could read them. */
  async secretsTold(): Promise<string[]> {
    const places = [...this.line.asked];
    for (const page of this.context.pages()) {
      const kept = await page.evaluate(() => [location.href, document.referrer, JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie]).catch(() => []);
      if (this.hasJoined) places.push(...kept);
    }
    return places.filter((place) => /join=/.test(place) || [...this.line.secrets].some((secret) => place.includes(secret)));
  }

  private watch(page: Page): void {
    page.on("pageerror", (error) => this.complain(`an error on the page: ${error.stack ?? error.message}`, error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.complain(`on the console: ${message.text()} (${message.location().url})`, message.text());
    });
    page.on("dialog", (dialog) => void dialog.accept().catch(() => undefined));
  }

  private complain(fault: string, text: string): void {
    if (!this.expected.some((one) => one.test(text))) this.faults.push(fault);
  }

  /** Another tab of the same browser. */
  async tab(address = "/"): Promise<Page> {
    const page = await this.context.newPage();
    await page.goto(this.line.origin + address);
    return page;
  }

  /** Opens an invitation and takes it; staff choose a PIN. Kept once everything of hers is here. */
  async join(link: string): Promise<void> {
    await this.take(link);
    const choosing = this.page.getByTestId("choose-pin");
    const ready = this.page.getByText(say("welcome.ready")).or(this.page.getByText(spanish["welcome.ready"] as string));
    await expect(choosing.or(ready)).toBeVisible();
    if (await choosing.isVisible()) await this.choosePin();
    await expect(ready).toBeVisible();
    this.hasJoined = true;
  }

  async take(link: string): Promise<void> {
    this.page ??= await this.context.newPage();
    // An address that differs behind the # alone would not load anything anew.
    await this.page.goto("about:blank");
    await this.page.goto(at(this.line.origin, link));
    await this.page.getByTestId("join").click();
  }

  async choosePin(pin = PIN, again = pin, page = this.page): Promise<void> {
    await page.getByTestId("new-pin").fill(pin);
    await page.getByTestId("new-pin-again").fill(again);
    await page.getByTestId("set-pin").click();
  }

  /** Types a PIN where it is asked for. */
  async enterPin(pin = PIN, page = this.page): Promise<void> {
    const field = page.getByTestId("ask-pin").getByTestId("pin");
    await field.fill(pin);
    await field.press("Enter");
  }

  /** Guesses, so many times, and looks at each answer. */
  async guessPin(times: number, page = this.page): Promise<void> {
    for (let guess = 1; guess <= times; guess += 1) {
      await this.enterPin(`guess ${guess}`, page);
      await expect(page.getByTestId("pin")).toHaveValue("");
    }
  }

  /** Goes to a page of the app by its address, as a link would. */
  async go(hash: string, page = this.page): Promise<void> {
    await page.evaluate((to) => (location.hash = to), hash);
  }

  async goOffline(): Promise<void> {
    await this.context.setOffline(true);
    this.line.cut();
  }

  async goOnline(): Promise<void> {
    this.line.mend();
    await this.context.setOffline(false);
  }

  /** Fills the capture page and saves; kept once the page says that it is saved here. */
  async capture(files: string[], { title, words, folio, outcomes = [], page = this.page }: Captured): Promise<void> {
    await fillCapture(page, files, { title, words, folio, outcomes });
    await page.getByTestId("save").click();
    await expect(page.getByTestId("captured")).toBeVisible();
  }

  /** The line of a piece in a list. */
  piece(title: string, page = this.page): Locator {
    return page.getByTestId("piece-row").filter({ hasText: title }).first();
  }

  async openPiece(title: string, page = this.page): Promise<void> {
    await this.piece(title, page).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(title);
  }

  /** Everything of hers has reached the school: the page about herself says so. */
  async allSent(page = this.page): Promise<void> {
    await this.go("#/me", page);
    await expect(page.getByText(say("sent.all"))).toBeVisible({ timeout: 60_000 });
  }
}

/** Runs in every page before its scripts. The policy lets nobody fetch a photo's address, so its bytes are kept aside. */
function rememberPhotos(): void {
  const seen: Blob[] = [];
  Object.assign(globalThis, { photosSeen: seen });
  const make = URL.createObjectURL.bind(URL);
  URL.createObjectURL = (what) => {
    if (what instanceof Blob) seen.push(what);
    return make(what);
  };
}

export interface Captured {
  title: string;
  words?: string;
  /** The title of the project whose folio it goes into. */
  folio?: string;
  /** Codes of outcomes. */
  outcomes?: string[];
  page?: Page;
}

export async function fillCapture(page: Page, files: string[], { title, words, folio, outcomes = [] }: Captured): Promise<void> {
  // A piece that was saved just before is still shown where the form was.
  await page.evaluate(() => (location.hash = "#/capture"));
  const another = page.getByRole("button", { name: say("capture.another") });
  const form = page.getByTestId("capture-form");
  await expect(another.or(form)).toBeVisible();
  if (await another.isVisible()) await another.click();
  // What was picked in a tab that is gone waits here.
  const left = await page.getByTestId("picked").getByRole("listitem").count();
  for (let at = 0; at < left; at += 1) await page.getByRole("button", { name: say("capture.remove", { at: 1 }) }).click();
  if (files.length > 0) {
    await page.getByTestId("gallery").setInputFiles(files);
    await expect(page.getByTestId("picked").getByRole("listitem")).toHaveCount(files.length);
  }
  await form.getByLabel(say("capture.name"), { exact: true }).fill(title);
  if (words !== undefined) await form.getByLabel(say("capture.words"), { exact: true }).fill(words);
  if (folio !== undefined) await form.getByText(folio, { exact: true }).click();
  const others = form.getByRole("button", { name: /other outcome/ });
  for (const code of outcomes) {
    const one = form.getByRole("checkbox", { name: new RegExp(`${code}$`) });
    await expect(one.or(others).first()).toBeVisible();
    if (!(await one.isVisible())) await others.click();
    await one.check();
  }
}
