// Opens the client: starts this tab's worker, and starts it again if the core stops in the middle.

import { Refusal, type Answer, type Asked as AskedOf, type CallName, type Client, type Given, type Network, type Resident, type Standing } from "./client";
import type { PinAnswer } from "./pin";
import wasm from "./pkg/fieldfolio_web_bg.wasm?url";
import type { Answered, Asked, Question, ToPage, ToWorker } from "./protocol";
import { ScreenLock } from "./screenlock";
import { scriptAddress } from "./trusted";
import workerAddress from "./worker?worker&url";

type What = "standing" | "network" | "data";

/** A core that stops more often than this in a minute is not started again. */
const RESTARTS = 3;
/** Where the core keeps its databases; see `Core::start`. */
const FOLDER = "fieldfolio";

class TabClient implements Client {
  network: Network = { is: "offline", filled: 0, to_fill: 0 };
  persisted = false;
  private worker: Worker;
  private resident: Resident | null = null;
  private readonly screen = new ScreenLock(() => this.tell("standing"));
  private readonly open = new Map<string, { asked: Asked; done: (answered: Answered) => void }>();
  private readonly listeners = new Set<(what: What) => void>();
  private stops: number[] = [];

  constructor(public standing: Standing) {
    this.worker = this.begin(null);
    addEventListener("online", () => this.post({ is: "wake", anew: true }));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.post({ is: "wake", anew: false });
    });
    void navigator.storage.persisted().then((persisted) => {
      this.persisted = persisted;
      this.tell("standing");
    });
  }

  private begin(suspect: string | null): Worker {
    const worker = new Worker(scriptAddress(workerAddress), { type: "module", name: "fieldfolio" });
    const life = `fieldfolio-worker-${crypto.randomUUID()}`;
    worker.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
      if (data.is === "alive") this.mourn(worker, life);
      else if (worker === this.worker) this.hear(data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.restart(null, event.message || "the worker ended");
    });
    worker.postMessage({ is: "start", wasm: new URL(wasm, location.href).href, suspect, life } satisfies ToWorker);
    return worker;
  }

  /** Gets the worker's own lock when it is gone, however it went. */
  private mourn(worker: Worker, life: string): void {
    void navigator.locks.request(life, () => {
      if (worker === this.worker) this.restart(null, "the browser ended the worker");
    });
  }

  private hear(message: Exclude<ToPage, { is: "alive" }>): void {
    switch (message.is) {
      case "answered": {
        const waiting = this.open.get(message.answered.id);
        this.open.delete(message.answered.id);
        waiting?.done(message.answered);
        break;
      }
      case "told":
        if (message.told.tells === "standing") this.stand(message.told.standing);
        if (message.told.tells === "network") this.network = message.told.network;
        this.tell(message.told.tells);
        break;
      case "stopped":
        this.restart(message.suspect, message.reason);
        break;
      case "unheard":
        this.standing = { is: "held_elsewhere" };
        this.tell("standing");
        break;
    }
  }

  private stand(standing: Standing): void {
    this.standing = standing;
    if (standing.is === "ready" || standing.is === "locked") this.resident = standing.resident;
    if (standing.is === "nobody") this.resident = null;
    this.screen.keepFor(this.resident?.store ?? null);
  }

  /** What was saved is safe; what was asked and not answered is asked again under the same id, and so done once. */
  private restart(suspect: string | null, reason: string): void {
    this.worker.terminate();
    const now = Date.now();
    this.stops = [...this.stops.filter((at) => now - at < 60_000), now];
    if (this.stops.length > RESTARTS) {
      this.standing = { is: "broken", reason };
      this.tell("standing");
      for (const { done, asked } of this.open.values()) done({ id: asked.id, thrown: { code: "store", reason } });
      this.open.clear();
      return;
    }
    this.worker = this.begin(suspect);
    for (const { asked } of this.open.values()) this.post({ is: "asked", asked });
  }

  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }

  private tell(what: What): void {
    for (const listener of this.listeners) listener(what);
  }

  private ask(question: Question): Promise<unknown> {
    const asked: Asked = { id: crypto.randomUUID(), question };
    return new Promise((resolve, reject) => {
      const done = (answered: Answered): void => {
        if ("thrown" in answered) reject(new Refusal(answered.thrown.code, answered.thrown.reason));
        else resolve(answered.value);
      };
      this.open.set(asked.id, { asked, done });
      this.post({ is: "asked", asked });
    });
  }

  get unlocked(): string | null {
    return this.screen.unlocked;
  }

  /** The store this tab may ask of. Nothing of hers is asked for before whoever needs a PIN has typed it here. */
  private store(): string {
    const { resident, unlocked } = this;
    if (!resident) throw new Refusal("other", "nobody's store is open");
    if (resident.pin !== "not_needed" && unlocked !== resident.store) throw new Refusal("other", "the PIN was not entered");
    return resident.store;
  }

  async call<N extends CallName>(name: N, asked: AskedOf<N>, files: Given[] = []): Promise<Answer<N>> {
    const store = this.store();
    if (name === "capture") void this.persist();
    return (await this.ask({ do: "call", store, name, asked: JSON.stringify(asked), files })) as Answer<N>;
  }

  async media(piece: string, hash: string): Promise<Blob | null> {
    return (await this.ask({ do: "media", store: this.store(), piece, hash })) as Blob | null;
  }

  async enrol(link: string): Promise<Resident> {
    const resident = (await this.ask({ do: "enrol", link })) as Resident;
    void this.persist();
    return resident;
  }

  async switchTo(store: string): Promise<void> {
    await this.ask({ do: "switch", store });
  }

  async unlock(store: string, pin: string): Promise<PinAnswer> {
    const answer = (await this.ask({ do: "unlock", store, pin })) as PinAnswer;
    if (answer.is === "right") this.screen.unlock(store);
    return answer;
  }

  async setPin(store: string, pin: string, old: string | null): Promise<PinAnswer> {
    const answer = (await this.ask({ do: "set_pin", store, pin, old })) as PinAnswer;
    if (answer.is === "right") this.screen.unlock(store);
    return answer;
  }

  async pinWait(store: string): Promise<number> {
    return (await this.ask({ do: "pin_wait", store })) as number;
  }

  lock(): void {
    this.screen.lockAll();
  }

  async leave(store: string, unsent: "keep" | "may_be_lost"): Promise<void> {
    // Only whoever may see the work may give it up.
    if (unsent === "may_be_lost") this.store();
    await this.ask({ do: "leave", store, may_be_lost: unsent === "may_be_lost" });
  }

  onChange(listener: (what: What) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Asks the browser to keep this work until its owner removes it. */
  private async persist(): Promise<void> {
    if (this.persisted) return;
    this.persisted = await navigator.storage.persist();
    this.tell("standing");
  }
}

/** How things stand before the core does: where nobody ever was, a first visit need not wait for it to be loaded. */
async function firstStanding(): Promise<Standing> {
  if (!("locks" in navigator) || !navigator.storage?.getDirectory) {
    return { is: "no_storage", reason: "this browser has no private file system" };
  }
  try {
    const root = await navigator.storage.getDirectory();
    for await (const name of root.keys()) if (name === FOLDER) return { is: "starting" };
    return { is: "nobody" };
  } catch (error) {
    return { is: "no_storage", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** A client for a browser in which nothing can be kept: it does nothing, and says why. */
class NoClient implements Client {
  readonly standing: Standing;
  readonly network: Network = { is: "offline", filled: 0, to_fill: 0 };
  readonly persisted = false;
  readonly unlocked = null;

  constructor(private readonly reason: string) {
    this.standing = { is: "no_storage", reason };
  }

  private refuse(): Promise<never> {
    return Promise.reject(new Refusal("store", this.reason));
  }

  call = (): Promise<never> => this.refuse();
  media = (): Promise<never> => this.refuse();
  enrol = (): Promise<never> => this.refuse();
  switchTo = (): Promise<never> => this.refuse();
  unlock = (): Promise<never> => this.refuse();
  setPin = (): Promise<never> => this.refuse();
  pinWait = (): Promise<never> => this.refuse();
  lock = (): void => {};
  leave = (): Promise<never> => this.refuse();
  onChange = (): (() => void) => () => {};
}

/** Keeps the pages for when there is no network. A newer version is looked for whenever the app is looked at. */
function keepPages(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  void navigator.serviceWorker.register(scriptAddress("/sw.js")).then((registration) => {
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && navigator.onLine) registration.update().catch(() => {});
    });
  });
}

export async function openClient(): Promise<Client> {
  keepPages();
  const standing = await firstStanding();
  return standing.is === "no_storage" ? new NoClient(standing.reason) : new TabClient(standing);
}
