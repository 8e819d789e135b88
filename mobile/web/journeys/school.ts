// A school of sample people with its relay: a real process in a folder of its own, to be killed and started again.

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");
const built = (name: string): string => join(root, "target/debug", name);
const RELAY = process.env.FIELDFOLIO_RELAY ?? built("fieldfolio");
const DEVICE = process.env.FIELDFOLIO_DEVICE ?? built("fieldfolio-device");

export type Name = "mina" | "otto" | "ada" | "ms-ito" | "mr-okafor" | "lea" | "hana" | "sam";

interface Sample {
  people: Record<Name, string>;
  projects: Record<string, string>;
  folios: Record<string, string>;
  outcomes: Record<string, string>;
  classes: Record<string, string>;
}

export class Relay {
  readonly folder = mkdtempSync(join(tmpdir(), "fieldfolio-journey-"));
  readonly sample: Sample;
  port = 0;
  private process: ChildProcess | null = null;
  private devices = 0;

  constructor() {
    this.sample = this.cli("sample") as Sample;
  }

  /** Starts it, on the port it had before. */
  async start(): Promise<void> {
    if (this.port === 0) this.port = await freePort();
    const running = spawn(RELAY, ["--dir", this.folder, "serve"], {
      env: { ...process.env, FIELDFOLIO_LISTEN: `127.0.0.1:${this.port}` },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.process = running;
    await new Promise<void>((done, failed) => {
      running.once("exit", (code) => failed(new Error(`the relay ended with ${code} before it listened`)));
      running.stdout.on("data", (said: Buffer) => {
        if (said.toString().includes("listening on")) done();
      });
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const running = this.process;
    this.process = null;
    if (!running || running.exitCode !== null) return;
    const gone = new Promise((done) => running.once("exit", done));
    running.kill("SIGKILL");
    await gone;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What an administrator types; the answer is JSON. */
  cli(...words: string[]): unknown {
    const said = execFileSync(RELAY, ["--dir", this.folder, "--json", ...words], { encoding: "utf8", maxBuffer: 1 << 26 });
    return said.trim() === "" ? null : JSON.parse(said);
  }

  /** An invitation, as the person gets it who reaches the school at `origin`. */
  invitation(name: Name, origin = `http://127.0.0.1:${this.port}`): string {
    const { url } = this.cli("invite", this.sample.people[name]) as { url: string };
    return at(origin, url);
  }

  /** A device without a browser, for whoever plays a side part. */
  device(name: Name): Device {
    this.devices += 1;
    const device = new Device(join(this.folder, `device-${this.devices}`));
    device.run("enrol", this.invitation(name));
    device.sync();
    return device;
  }
}

export class Device {
  constructor(private readonly folder: string) {}

  run(...words: string[]): unknown {
    const said = execFileSync(DEVICE, ["--data", this.folder, "--json", ...words], { encoding: "utf8", maxBuffer: 1 << 26 });
    return said.trim() === "" ? null : JSON.parse(said);
  }

  sync(): void {
    this.run("sync", "--until-quiet");
  }
}

/** A link with the school's address replaced by the one it is reached at from here. */
export function at(origin: string, link: string): string {
  return origin + link.slice(link.indexOf("/#"));
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
