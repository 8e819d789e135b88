// The pages' side of the core: typed calls, photos by hash, and what changed. What runs behind it is in worker.ts.

import type { PinAnswer } from "./pin";
import type { Calls } from "./types";

export type CallName = keyof Calls;
export type Asked<N extends CallName> = Calls[N][0];
export type Answer<N extends CallName> = Calls[N][1];

/** Something could not be done. `code` names it in the catalogues; `reason` is the core's own sentence, in English. */
export class Refusal extends Error {
  constructor(readonly code: string, readonly reason: string) {
    super(reason);
  }
}

/** Somebody whose work is kept in this browser. */
export interface Resident {
  store: string;
  name: string;
  person: string;
  /** Whether her PIN is asked for: staff have one in this browser, or choose one first. */
  pin: "not_needed" | "missing" | "set";
}

/** How the core stands, for the frame around the pages. */
export type Standing =
  | { is: "starting" }
  /** No private file system (a private window, an old browser): nothing could be kept, so nothing is begun. */
  | { is: "no_storage"; reason: string }
  /** Nobody is enrolled here. */
  | { is: "nobody" }
  | { is: "ready"; resident: Resident; residents: Resident[] }
  /** The school does not know this device any more. Work can still be read, and named before it is wiped. */
  | { is: "locked"; resident: Resident; residents: Resident[] }
  /** Another tab holds the database and does not answer. */
  | { is: "held_elsewhere" }
  /** The database could not be opened; nothing was changed. */
  | { is: "broken"; reason: string };

/** How it stands with the school. */
export interface Network {
  /** no_room: what comes can't be kept. It is fetched again once there is room; nothing is lost meanwhile. */
  is: "online" | "offline" | "catching_up" | "unreachable" | "no_room";
  /** Of the first sync: documents here and to come. */
  filled: number;
  to_fill: number;
}

/** A file that somebody chose. */
export interface Given {
  file: Blob;
  /** What it is called; kept for documents only. */
  name: string;
  /** A picture of it, for what the core can't decode. */
  poster: Blob | null;
}

export interface Client {
  readonly standing: Standing;
  readonly network: Network;
  /** Storage that the browser may not evict was granted. */
  readonly persisted: boolean;
  /** The store that was unlocked in this tab by its PIN. */
  readonly unlocked: string | null;
  /** Makes a call. It is answered after what it did is on disk. `files` are those of capture and edit. */
  call<N extends CallName>(name: N, asked: Asked<N>, files?: Given[]): Promise<Answer<N>>;
  /** A file by its hash; null when it is not here yet. It is then fetched, and `changed` fires when it has come. */
  media(piece: string, hash: string): Promise<Blob | null>;
  /** Becomes a device of the person the link is for. */
  enrol(link: string): Promise<Resident>;
  /** Works as another person who is kept in this browser. */
  switchTo(store: string): Promise<void>;
  /** Opens a store that has a PIN, in this tab. */
  unlock(store: string, pin: string): Promise<PinAnswer>;
  /** Sets the PIN of the open store: the first one, or another one for whoever knows the `old` one. */
  setPin(store: string, pin: string, old: string | null): Promise<PinAnswer>;
  /** How many milliseconds the next try of a store's PIN has to wait. */
  pinWait(store: string): Promise<number>;
  /** Has the PIN asked for again, in every tab. */
  lock(): void;
  /** Removes somebody's work from this browser. Refuses while something is unsent, unless it may be lost. */
  leave(store: string, unsent: "keep" | "may_be_lost"): Promise<void>;
  /** Standing, network or data changed. Returns how to stop listening. */
  onChange(listener: (what: "standing" | "network" | "data") => void): () => void;
}
