// The live line to the school: a WebSocket over which exchanges travel, and news come as they are committed. Nothing
// depends on it; without it the same exchanges travel by POST.

import type { Core } from "./pkg/fieldfolio_web";

interface Listener {
  opened(): void;
  news(): void;
  /** The line is gone. An exchange that was on it was handed in as failed. */
  closed(): void;
  stopped(error: unknown): void;
}

/** A line that answers an exchange later than this is dead. */
const ANSWER_MS = 60_000;

export class Line {
  private readonly socket: WebSocket;
  private pending: { step: number; done: (isAnswered: boolean) => void } | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isClosed = false;

  constructor(
    private readonly core: Core,
    private readonly listener: Listener,
  ) {
    const [url, ...protocols] = core.live();
    this.socket = new WebSocket(url ?? "", protocols);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("open", () => listener.opened());
    this.socket.addEventListener("message", ({ data }) => this.take(data));
    this.socket.addEventListener("close", () => this.end());
  }

  get isOpen(): boolean {
    return !this.isClosed && this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends an exchange. True once its answer was taken in; false when the line broke before, which is handed in. */
  exchange(step: number, body: Uint8Array<ArrayBuffer>): Promise<boolean> {
    return new Promise((done) => {
      this.pending = { step, done };
      this.timer = setTimeout(() => this.end(), ANSWER_MS);
      this.socket.send(body);
    });
  }

  close(): void {
    this.isClosed = true;
    this.settle(false);
    this.socket.close();
  }

  private settle(isAnswered: boolean): void {
    clearTimeout(this.timer);
    this.pending?.done(isAnswered);
    this.pending = null;
  }

  private take(data: unknown): void {
    if (this.isClosed || !(data instanceof ArrayBuffer)) return;
    try {
      if (this.core.receive_frame(new Uint8Array(data))) this.settle(true);
      else this.listener.news();
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return this.listener.stopped(error);
      // What could not be taken in comes again by POST.
      this.end();
    }
  }

  private end(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.close();
    try {
      if (this.pending) this.core.failed(this.pending.step);
      this.listener.closed();
    } catch (error) {
      this.listener.stopped(error);
    }
    this.settle(false);
  }
}
