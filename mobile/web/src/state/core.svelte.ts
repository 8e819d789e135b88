// The one client all pages share, and how it stands, as state that pages can read.
//
// The core announces changes; here they become numbers and values that Svelte follows. A burst of announcements
// (a first sync fills hundreds of documents) is folded into one per frame.

import { openClient } from "../core/open";
import type { Answer, Asked, CallName, Client, Given, Network, Resident, Standing } from "../core/client";
import type { PinAnswer } from "../core/pin";

interface Stands {
  standing: Standing;
  network: Network;
  persisted: boolean;
  /** The store that was unlocked in this tab by its PIN. */
  unlocked: string | null;
  /** Rises whenever the data may have changed. */
  changes: number;
}

export const core: Stands = $state({
  standing: { is: "starting" },
  network: { is: "offline", filled: 0, to_fill: 0 },
  persisted: false,
  unlocked: null,
  changes: 0,
});

let client: Client | null = null;
const opening = open();

async function open(): Promise<Client> {
  const opened = await openClient();
  client = opened;
  look(opened);
  opened.onChange((what) => {
    if (what === "data") announceData();
    else look(opened);
  });
  return opened;
}

opening.catch((error: unknown) => {
  core.standing = { is: "broken", reason: error instanceof Error ? error.message : String(error) };
});

function look(from: Client): void {
  core.standing = from.standing;
  core.network = { ...from.network };
  core.persisted = from.persisted;
  core.unlocked = from.unlocked;
}

/** Whose store is open, and everybody who is kept in this browser. */
export function here(): { resident: Resident | null; residents: Resident[] } {
  const { standing } = core;
  return standing.is === "ready" || standing.is === "locked" ? standing : { resident: null, residents: [] };
}

let announced = false;
function announceData(): void {
  if (announced) return;
  announced = true;
  const tell = (): void => {
    announced = false;
    core.changes += 1;
  };
  // A hidden tab gets no frames, and would never hear of it.
  if (document.visibilityState === "visible") requestAnimationFrame(tell);
  else setTimeout(tell, 50);
}

export async function call<N extends CallName>(name: N, asked: Asked<N>, files?: Given[]): Promise<Answer<N>> {
  return (client ?? (await opening)).call(name, asked, files);
}

export async function media(piece: string, hash: string): Promise<Blob | null> {
  return (client ?? (await opening)).media(piece, hash);
}

export async function enrol(link: string): Promise<Resident> {
  return (client ?? (await opening)).enrol(link);
}

export async function switchTo(store: string): Promise<void> {
  await (client ?? (await opening)).switchTo(store);
}

export async function unlock(store: string, pin: string): Promise<PinAnswer> {
  return (client ?? (await opening)).unlock(store, pin);
}

export async function setPin(store: string, pin: string, old: string | null): Promise<PinAnswer> {
  return (client ?? (await opening)).setPin(store, pin, old);
}

export async function pinWait(store: string): Promise<number> {
  return (client ?? (await opening)).pinWait(store);
}

/** Has the PIN asked for again, in every tab. */
export function lock(): void {
  client?.lock();
}

export async function leave(store: string, unsent: "keep" | "may_be_lost"): Promise<void> {
  await (client ?? (await opening)).leave(store, unsent);
}
