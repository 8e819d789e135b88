// One worker in every tab. The first to get the lock holds the database and answers everyone; the others pass on what
// their pages ask, and ask again when there is a new holder. The private file system lets only one worker in at a time.

import { Holder, asThrown } from "./holder";
import init, { Core, suspect } from "./pkg/fieldfolio_web";
import {
  CHANNEL,
  LOCK,
  type Answered,
  type Asked,
  type BetweenTabs,
  type Told,
  type ToPage,
  type ToWorker,
} from "./protocol";

const page = self as unknown as { postMessage(message: ToPage): void };
const tabs = new BroadcastChannel(CHANNEL);
/** A holder that says nothing for so long is frozen, or is about to be. */
const UNHEARD_MS = 6_000;

let holder: Holder | null = null;
/** What this tab's page asked and was not answered yet. */
const open = new Map<string, Asked>();
let unheard: ReturnType<typeof setTimeout> | undefined;

function toPage(message: ToPage): void {
  page.postMessage(message);
}

function toTabs(message: BetweenTabs): void {
  tabs.postMessage(message);
}

self.addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  switch (data.is) {
    case "start":
      live(data.life);
      // Nobody answers "who" while nobody holds; then the lock is free and comes here.
      void hold(data.wasm, data.suspect);
      askWho();
      break;
    case "asked":
      open.set(data.asked.id, data.asked);
      if (holder) void answer(data.asked, (answered) => settle(answered));
      else passOn(data.asked);
      break;
    case "wake":
      if (holder) holder.wake(data.anew);
      else toTabs({ is: "wake", anew: data.anew });
      break;
  }
});

tabs.addEventListener("message", ({ data }: MessageEvent<BetweenTabs>) => {
  switch (data.is) {
    case "asked":
      if (holder) void answer(data.asked, (answered) => toTabs({ is: "answered", answered }));
      break;
    case "answered":
      settle(data.answered);
      break;
    case "told":
      hear();
      toPage({ is: "told", told: data.told });
      break;
    case "who":
      if (holder) toTabs({ is: "here", standing: holder.standing, network: holder.network });
      break;
    case "here":
      hear();
      toPage({ is: "told", told: { tells: "standing", standing: data.standing } });
      toPage({ is: "told", told: { tells: "network", network: data.network } });
      // A holder that is new has not heard what waits here.
      for (const asked of open.values()) passOn(asked);
      break;
    case "wake":
      holder?.wake(data.anew);
      break;
  }
});

/** A worker may end without a word, when the browser needs its memory. Its page sees that by a lock that gets free. */
function live(life: string): void {
  void navigator.locks.request(life, () => {
    toPage({ is: "alive" });
    return new Promise(() => {});
  });
}

/** Passes a question on to the tab that holds; if nobody answers, the page is told. */
function passOn(asked: Asked): void {
  toTabs({ is: "asked", asked });
  listen();
}

function askWho(): void {
  toTabs({ is: "who" });
  listen();
}

function listen(): void {
  if (holder || unheard !== undefined) return;
  unheard = setTimeout(() => {
    unheard = undefined;
    if (holder) return;
    toPage({ is: "unheard" });
    // When it thaws it answers this, and the page is told how things stand.
    askWho();
  }, UNHEARD_MS);
}

function hear(): void {
  clearTimeout(unheard);
  unheard = undefined;
}

function settle(answered: Answered): void {
  if (!open.delete(answered.id)) return;
  hear();
  toPage({ is: "answered", answered });
}

async function answer({ id, question }: Asked, reply: (answered: Answered) => void): Promise<void> {
  const held = holder;
  if (!held) return;
  try {
    reply({ id, value: await held.answer(id, question) });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return stopped(error);
    reply({ id, thrown: asThrown(error) });
  }
}

/** The core trapped. Its memory is not to be relied on: this worker ends, and the page starts another. */
function stopped(error: unknown): void {
  let named: string | null = null;
  if (error instanceof WebAssembly.RuntimeError) {
    try {
      named = suspect() ?? null;
    } catch {
      named = null;
    }
  }
  toPage({ is: "stopped", suspect: named, reason: asThrown(error).reason });
}

async function hold(wasm: string, suspected: string | null): Promise<void> {
  await navigator.locks.request(LOCK, async () => {
    hear();
    try {
      await init({ module_or_path: wasm });
      const core = await startCore();
      const held = new Holder(core, tellAll, stopped);
      held.begin(suspected);
      holder = held;
      toTabs({ is: "here", standing: held.standing, network: held.network });
      for (const asked of open.values()) void answer(asked, settle);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) return stopped(error);
      tellAll({ tells: "standing", standing: { is: "broken", reason: asThrown(error).reason } });
      return;
    }
    // Held until this tab goes.
    await new Promise(() => {});
  });
}

/** The last worker's files may take a moment to be let go after its lock is. */
async function startCore(): Promise<Core> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await Core.start();
    } catch (error) {
      if (tries === 20 || error instanceof WebAssembly.RuntimeError) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

function tellAll(told: Told): void {
  toPage({ is: "told", told });
  toTabs({ is: "told", told });
}
