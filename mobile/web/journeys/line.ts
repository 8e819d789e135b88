// One person's line to the school: a TCP proxy that can be cut, stalled, slowed to nothing or broken after so many
// bytes. Chromium's own "offline" is told to the page as well, but bytes are what this stops, whoever sends them.

import net from "node:net";

/** Of a mobile network: how long a byte is on its way, and how many arrive in a second. */
export interface Pace {
  latencyMs: number;
  bytesPerSecond: number;
}

export class Line {
  /** Bytes that went to the school since the line was laid. */
  sent = 0;
  /** Everything asked over it: method and address, in order. */
  readonly asked: string[] = [];
  /** What proves who is asking. It may stand in headers, and nowhere else. */
  readonly secrets = new Set<string>();
  private state: "open" | "cut" | "stalled" = "open";
  private left = Infinity;
  private losesRest = false;
  private pace: Pace | null = null;
  private freeAt = 0;
  private broke: () => void = () => {};
  private readonly pairs = new Set<{ near: net.Socket; far: net.Socket }>();
  private readonly server: net.Server;

  private constructor(private readonly schoolPort: () => number) {
    this.server = net.createServer((near) => this.carry(near));
  }

  static async lay(schoolPort: () => number): Promise<Line> {
    const line = new Line(schoolPort);
    await new Promise<void>((done) => line.server.listen(0, "127.0.0.1", done));
    return line;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as net.AddressInfo).port}`;
  }

  /** Everything on it breaks, and nothing new gets through. */
  cut(): void {
    this.state = "cut";
    for (const { near, far } of this.pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  }

  /** Connections stay, and nothing moves on them. */
  stall(): void {
    this.state = "stalled";
    for (const { near, far } of this.pairs) {
      near.pause();
      far.pause();
    }
  }

  mend(): void {
    this.state = "open";
    for (const { near, far } of this.pairs) {
      near.resume();
      far.resume();
    }
  }

  /** From now on what comes from the school comes at this pace. */
  slow(pace: Pace | null): void {
    this.pace = pace;
  }

  /** Cuts the line after so many more bytes to the school; the promise is kept when it has happened. */
  cutAfter(bytes: number): Promise<void> {
    this.losesRest = true;
    return this.after(bytes, () => this.cut());
  }

  stallAfter(bytes: number): Promise<void> {
    return this.after(bytes, () => this.stall());
  }

  /** Kept once so many more bytes went to the school; nothing is disturbed. */
  passed(bytes: number): Promise<void> {
    return this.after(bytes, () => {});
  }

  private after(bytes: number, then: () => void): Promise<void> {
    this.left = Math.round(bytes);
    return new Promise((done) => {
      this.broke = () => {
        this.left = Infinity;
        this.losesRest = false;
        then();
        done();
      };
    });
  }

  async takeDown(): Promise<void> {
    this.cut();
    await new Promise((done) => this.server.close(done));
  }

  private carry(near: net.Socket): void {
    if (this.state === "cut") return void near.resetAndDestroy();
    const far = net.connect(this.schoolPort(), "127.0.0.1");
    const pair = { near, far };
    this.pairs.add(pair);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        other.destroy();
        this.pairs.delete(pair);
      });
      one.on("end", () => other.end());
      one.on("drain", () => this.state === "open" && other.resume());
    }
    near.on("data", (bytes) => this.pass(bytes, near, far));
    far.on("data", (bytes) => this.bring(bytes, near, far));
    if (this.state === "stalled") {
      near.pause();
      far.pause();
    }
  }

  private bring(bytes: Buffer, near: net.Socket, far: net.Socket): void {
    if (this.pace === null) {
      if (!near.write(bytes)) far.pause();
      return;
    }
    this.freeAt = Math.max(this.freeAt, Date.now()) + (1000 * bytes.length) / this.pace.bytesPerSecond;
    setTimeout(() => near.write(bytes), this.freeAt - Date.now() + this.pace.latencyMs);
  }

  private pass(bytes: Buffer, near: net.Socket, far: net.Socket): void {
    const text = bytes.toString("latin1");
    for (const [, what = ""] of text.matchAll(/(?:^|\n)((?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+) HTTP\/1\.1\r\n/g)) this.asked.push(what);
    for (const [, token = ""] of text.matchAll(/\r\nauthorization: bearer (\S+)\r\n/gi)) this.secrets.add(token);
    // A line that is cut loses the rest; any other keeps every byte.
    const through = this.losesRest ? bytes.subarray(0, Math.min(bytes.length, this.left)) : bytes;
    this.sent += through.length;
    this.left = Math.max(0, this.left - through.length);
    if (!far.write(through)) near.pause();
    if (this.left === 0) this.broke();
  }
}
