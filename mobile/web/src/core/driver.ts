// Keeps a device in step with the school: does the core's next step, hands in what came of it, and asks again until it
// says wait. While one thing is under way it asks for the next, so that what somebody wrote never waits behind a film. It
// moves bytes and decides nothing.

import { Line } from "./line";
import type { Core } from "./pkg/fieldfolio_web";
import type { Network } from "./protocol";
import { perform, type Request } from "./request";

/** What the core asks for; see `next_step` of the core. */
interface Ask extends Request {
  step: number;
  is_exchange: boolean;
}

type Step = Ask | { wait: number | null } | { locked: true };

interface Listener {
  changed(): void;
  network(network: Network): void;
  locked(): void;
  stopped(error: unknown): void;
}

/** How long one request may take: an exchange is small, a photo on a slow line is not. */
const EXCHANGE_MS = 60_000;
const TRANSFER_MS = 600_000;
/** Until room is looked for again. */
const NO_ROOM_MS = 20_000;
/** A timer can't run longer than this. */
const LONGEST_WAIT = 2_000_000_000;

/** What few browsers tell about the line. */
interface Connection extends EventTarget {
  type?: string;
  saveData?: boolean;
}

function connection(): Connection | undefined {
  return (navigator as unknown as { connection?: Connection }).connection;
}

export class Driver {
  private running = true;
  private rouse: () => void = () => {};
  private isRoused = false;
  private reached = true;
  private hasRoom = true;
  /** Nothing is asked for until room was looked for again. */
  private pauses = false;
  private most = 0;
  private version = -1;
  private readonly underWay = new Set<AbortController>();
  private line: Line | null = null;
  /** An exchange was answered since the last socket was opened: another may be tried. */
  private mayOpenLine = false;

  constructor(
    private readonly core: Core,
    private readonly listener: Listener,
  ) {}

  start(): void {
    this.sayLine();
    connection()?.addEventListener("change", () => this.sayLine());
    this.run().catch(this.listener.stopped);
  }

  /** Where the browser knows: is this a line that is paid by the byte? */
  private sayLine(): void {
    const line = connection();
    if (!line || !this.running) return;
    const isMetered = line.type === "cellular" || line.saveData === true;
    this.core.call("on_line", JSON.stringify({ is_metered: isMetered }), [], undefined);
    this.nudge();
  }

  /** No step is asked for any more. What is on its way is not handed in. */
  stop(): void {
    this.running = false;
    this.line?.close();
    this.rouse();
  }

  /** Something was done here: there may be a step now. */
  nudge(): void {
    this.notice();
    this.isRoused = true;
    this.rouse();
  }

  /** The network came back, or somebody looks: nothing waits for its time any more. */
  wake(): void {
    if (!this.running) return;
    try {
      this.core.call("wake", "{}", [], undefined);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return this.listener.stopped(error);
    }
    this.nudge();
  }

  /** The network is another one. What is on its way may be on a dead line: it is given up, and goes on where it stopped. */
  beginAnew(): void {
    for (const one of this.underWay) one.abort();
    this.wake();
  }

  private async run(): Promise<void> {
    while (this.running) {
      try {
        await this.step();
      } catch (error) {
        if (error instanceof WebAssembly.RuntimeError) throw error;
        this.wantsRoom();
      }
      if (!this.pauses) continue;
      this.pauses = false;
      this.say();
      await this.waitFor(NO_ROOM_MS);
    }
  }

  /** What came could not be kept, most likely for want of room. The school still has it. */
  private wantsRoom(): void {
    this.hasRoom = false;
    this.pauses = true;
  }

  private async step(): Promise<void> {
    const step = this.core.next_step() as Step;
    if ("locked" in step) {
      this.running = false;
      this.listener.locked();
    } else if ("wait" in step) {
      this.say();
      this.openLine();
      await this.waitFor(step.wait);
    } else {
      this.begin(step);
    }
  }

  private begin(ask: Ask): void {
    this.ask(ask)
      .then(() => {
        if (!this.pauses) this.hasRoom = true;
      })
      .catch((error: unknown) => {
        if (error instanceof WebAssembly.RuntimeError) this.listener.stopped(error);
        else this.wantsRoom();
      })
      .finally(() => {
        this.isRoused = true;
        this.rouse();
      });
  }

  /** Once in step, news come by themselves. Without a line the core asks from time to time. */
  private openLine(): void {
    if (this.line || !this.mayOpenLine) return;
    this.mayOpenLine = false;
    this.line = new Line(this.core, {
      opened: () => this.wake(),
      news: () => this.nudge(),
      closed: () => {
        this.line = null;
        if (!this.running) return;
        this.core.disconnected();
        this.nudge();
      },
      stopped: this.listener.stopped,
    });
  }

  private waitFor(milliseconds: number | null): Promise<void> {
    return new Promise((done) => {
      if (this.isRoused) {
        this.isRoused = false;
        return done();
      }
      const timer = setTimeout(done, Math.min(milliseconds ?? LONGEST_WAIT, LONGEST_WAIT));
      this.rouse = () => {
        clearTimeout(timer);
        this.isRoused = false;
        done();
      };
    });
  }

  private async ask(ask: Ask): Promise<void> {
    this.say();
    if (ask.is_exchange && ask.body && this.line?.isOpen) {
      this.reached = await this.line.exchange(ask.step, ask.body);
      if (!this.running) return;
      this.notice();
      return this.say();
    }
    const giveUp = new AbortController();
    this.underWay.add(giveUp);
    const late = AbortSignal.timeout(ask.is_exchange ? EXCHANGE_MS : TRANSFER_MS);
    const answer = await perform(ask, this.core.token(), AbortSignal.any([giveUp.signal, late]));
    this.underWay.delete(giveUp);
    // Another person's store may be open by now.
    if (!this.running) return;
    if (answer === null) {
      this.reached = false;
      this.core.failed(ask.step);
    } else {
      this.reached = true;
      this.core.answered(ask.step, answer.status, answer, answer.body);
      this.mayOpenLine ||= ask.is_exchange && answer.status === 200;
    }
    this.notice();
    this.say();
  }

  /** Tells the pages when the database differs from what they were told of last. */
  private notice(): void {
    const version = this.core.version();
    if (version === this.version) return;
    this.version = version;
    this.listener.changed();
  }

  private say(): void {
    if (!this.running) return;
    const toFill = this.core.to_fill();
    this.most = toFill === 0 ? 0 : Math.max(this.most, toFill);
    const is = !this.hasRoom ? "no_room" : !navigator.onLine ? "offline" : !this.reached ? "unreachable" : toFill > 0 ? "catching_up" : "online";
    this.listener.network({ is, filled: this.most - toFill, to_fill: toFill });
  }
}
