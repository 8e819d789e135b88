// The worker that holds the database: it opens whose store it is, does what pages ask, and keeps the device in step with
// the school.

import { Driver } from "./driver";
import { forCore } from "./files";
import { Pins } from "./pins";
import type { Core } from "./pkg/fieldfolio_web";
import type { Network, Question, Resident, Standing, Thrown, Told } from "./protocol";
import { perform, type Request } from "./request";

/** How long somebody waits for the school to answer a question of hers. */
const ANSWER_MS = 60_000;

/** Bytes that are read at once. */
const STRETCH = 4 * 1024 * 1024;

/** A call that asks the school, under way. */
interface Asking extends Request {
  turn: number;
}

type Tell = (told: Told) => void;

export class Holder {
  standing: Standing = { is: "starting" };
  network: Network = { is: "offline", filled: 0, to_fill: 0 };
  private driver: Driver | null = null;
  /** The store that is open. */
  private store: string | null = null;
  private readonly pins: Pins;

  constructor(
    private readonly core: Core,
    private readonly tell: Tell,
    private readonly stopped: (error: unknown) => void,
  ) {
    this.pins = new Pins(core);
  }

  /** Opens the store of whoever worked last; first sets aside what stopped the last worker. */
  begin(suspect: string | null): void {
    this.store = null;
    const [last] = this.residents();
    if (last) this.open(last.store, suspect);
    else this.stands({ is: "nobody" });
  }

  private residents(): Resident[] {
    return JSON.parse(this.core.residents()) as Resident[];
  }

  private open(store: string, suspect: string | null = null): void {
    this.driver?.stop();
    this.store = null;
    try {
      this.core.open(store);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
      this.stands({ is: "broken", reason: asThrown(error).reason });
      return;
    }
    if (suspect !== null) this.core.distrust(suspect);
    this.drive(store);
  }

  private drive(store: string): void {
    this.store = store;
    this.keepProfile();
    this.look();
    this.driver = new Driver(this.core, {
      changed: () => {
        if (this.keepProfile()) this.look();
        this.tell({ tells: "data" });
      },
      network: (network) => {
        this.network = network;
        this.tell({ tells: "network", network });
      },
      locked: () => this.look(),
      stopped: this.stopped,
    });
    this.driver.start();
  }

  private keepProfile(): boolean {
    try {
      return this.core.keep_profile();
    } catch (error) {
      // Without room it is kept another time.
      if (error instanceof WebAssembly.RuntimeError) throw error;
      return false;
    }
  }

  /** Whose store is open, and whether the school still knows its device. */
  private look(): void {
    const residents = this.residents();
    const resident = residents.find((one) => one.store === this.store);
    if (!resident) return this.stands({ is: "nobody" });
    this.stands({ is: this.core.is_locked() ? "locked" : "ready", resident, residents });
  }

  private stands(standing: Standing): void {
    this.standing = standing;
    this.tell({ tells: "standing", standing });
  }

  wake(anew: boolean): void {
    if (anew) this.driver?.beginAnew();
    else this.driver?.wake();
  }

  async answer(id: string, question: Question): Promise<unknown> {
    switch (question.do) {
      case "call": {
        this.mustBeOpen(question.store);
        const asking = this.core.begin_asking(question.name, question.asked) as Asking | undefined;
        if (asking) return this.askSchool(asking);
        const files = await Promise.all(question.files.map(forCore));
        this.mustBeOpen(question.store);
        const answer = this.core.call(question.name, question.asked, files, bytesOfId(id));
        this.driver?.nudge();
        return JSON.parse(answer) as unknown;
      }
      case "media": {
        this.mustBeOpen(question.store);
        const found = this.core.media(question.piece, question.hash) as { size: number; type: string } | undefined;
        if (!found) {
          this.driver?.nudge();
          return null;
        }
        return this.read(question.hash, found.size, found.type);
      }
      case "enrol":
        return this.enrol(question.link);
      case "switch":
        this.switchTo(question.store);
        return null;
      case "unlock": {
        const answer = await this.pins.check(question.store, question.pin);
        if (answer.is === "right" && question.store !== this.store) this.switchTo(question.store);
        return answer;
      }
      case "set_pin": {
        const answer = await this.pins.set(question.store, question.pin, question.old);
        if (answer.is === "right") this.look();
        return answer;
      }
      case "pin_wait":
        return this.pins.wait(question.store);
      case "leave": {
        // It is gone already when this is asked a second time.
        if (!this.residents().some((one) => one.store === question.store)) return null;
        if (question.store !== this.store) this.switchTo(question.store);
        this.mustBeOpen(question.store);
        this.driver?.stop();
        try {
          this.core.leave(question.may_be_lost);
        } catch (error) {
          if (!(error instanceof WebAssembly.RuntimeError)) this.drive(question.store);
          throw error;
        }
        this.begin(null);
        this.tell({ tells: "data" });
        return null;
      }
    }
  }

  private switchTo(store: string): void {
    this.open(store);
    this.tell({ tells: "data" });
  }

  /** What was asked of one person's work is not answered from another's. */
  private mustBeOpen(store: string): void {
    if (store !== this.store) throw thrownAs("other", "this person's store is not open");
  }

  /** In stretches: the browser keeps what it was given already where it likes, which need not be memory. */
  private read(hash: string, size: number, type: string): Blob {
    const parts: Blob[] = [];
    for (let at = 0; at < size; at += STRETCH) {
      const bytes = this.core.media_bytes(hash, at, Math.min(STRETCH, size - at));
      parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>]));
    }
    return new Blob(parts, { type });
  }

  /** One request to the school. Without an answer nothing is known: the reader may ask again. */
  private async askSchool(asking: Asking): Promise<unknown> {
    const answer = await perform(asking, this.core.token(), AbortSignal.timeout(ANSWER_MS));
    if (!answer || answer.status >= 500) {
      this.core.give_up_asking(asking.turn);
      throw thrownAs("no_network", "This needs a connection to the school. Try again when there is one.");
    }
    const value = JSON.parse(this.core.finish_asking(asking.turn, answer.status, answer.body)) as unknown;
    this.driver?.wake();
    return value;
  }

  private async enrol(link: string): Promise<Resident> {
    const relay = originOf(link);
    if (relay !== null && relay !== location.origin) {
      // This page may speak to its own school only.
      throw thrownAs("other_school", `This invitation is for ${relay}: open the link itself in the browser.`);
    }
    const here = this.core.resident_of(link);
    if (here !== undefined) {
      this.open(here);
    } else {
      await this.core.make_room();
      const asking = this.core.begin_enrolment(link) as Request;
      const answer = await perform(asking, null, AbortSignal.timeout(ANSWER_MS));
      if (!answer || answer.status >= 500) {
        throw thrownAs("no_network", "The school can't be reached. The link stays good: try again with a network.");
      }
      this.driver?.stop();
      this.drive(this.core.finish_enrolment(answer.status, answer.body));
    }
    this.tell({ tells: "data" });
    const resident = this.residents().find((one) => one.store === this.store);
    if (!resident) throw thrownAs("other", "the enrolment left nobody here");
    return resident;
  }
}

function originOf(link: string): string | null {
  try {
    return new URL(link.trim()).origin;
  } catch {
    return null;
  }
}

/** The 16 bytes of a question's id, which is written like a UUID. */
function bytesOfId(id: string): Uint8Array {
  const digits = id.replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

function thrownAs(code: string, reason: string): string {
  return JSON.stringify({ code, reason } satisfies Thrown);
}

/** The core throws its refusals as JSON. */
export function asThrown(error: unknown): Thrown {
  if (typeof error === "string") {
    try {
      const { code, reason } = JSON.parse(error) as Partial<Thrown>;
      if (typeof code === "string" && typeof reason === "string") return { code, reason };
    } catch {
      return { code: "other", reason: error };
    }
  }
  return { code: "other", reason: error instanceof Error ? error.message : String(error) };
}
