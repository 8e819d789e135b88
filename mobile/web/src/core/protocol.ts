// What pages and workers say to each other. A page speaks to its own worker; the worker of the tab that holds the database
// does what is asked, and the others pass it on to that one. Every question carries an id, so that it can be asked again
// of a new holder and is done once.

import type { Given, Network, Resident, Standing } from "./client";

/** A question about somebody's work names her store: another person's may be open by the time it is answered. */
export type Question =
  | { do: "call"; store: string; name: string; asked: string; files: Given[] }
  | { do: "media"; store: string; piece: string; hash: string }
  | { do: "enrol"; link: string }
  | { do: "switch"; store: string }
  /** Opens a store for whoever knows its PIN. */
  | { do: "unlock"; store: string; pin: string }
  | { do: "set_pin"; store: string; pin: string; old: string | null }
  /** How long the next try of a PIN has to wait. */
  | { do: "pin_wait"; store: string }
  | { do: "leave"; store: string; may_be_lost: boolean };

export interface Asked {
  id: string;
  question: Question;
}

export interface Thrown {
  code: string;
  reason: string;
}

export type Answered = { id: string; value: unknown } | { id: string; thrown: Thrown };

/** What the holder tells everyone. */
export type Told =
  | { tells: "standing"; standing: Standing }
  | { tells: "network"; network: Network }
  | { tells: "data" };

/** From a page to its own worker. */
export type ToWorker =
  | { is: "start"; wasm: string; suspect: string | null; life: string }
  | { is: "asked"; asked: Asked }
  /** The page is looked at again, or (`anew`) the network came back and lines of before may be dead. */
  | { is: "wake"; anew: boolean };

/** From a worker to its own page. */
export type ToPage =
  /** It runs, and holds the lock named `life` for as long as it does. */
  | { is: "alive" }
  | { is: "answered"; answered: Answered }
  | { is: "told"; told: Told }
  /** The core stopped in the middle. What it was reading is named, so that the next worker sets that aside first. */
  | { is: "stopped"; suspect: string | null; reason: string }
  /** Another tab holds the database and has not been heard. */
  | { is: "unheard" };

/** Between the workers of different tabs. */
export type BetweenTabs =
  | { is: "asked"; asked: Asked }
  | { is: "answered"; answered: Answered }
  | { is: "told"; told: Told }
  /** A tab asks who holds. */
  | { is: "who" }
  /** The holder is there, and says how things stand. */
  | { is: "here"; standing: Standing; network: Network }
  | { is: "wake"; anew: boolean };

/** Named anew whenever what is said between tabs means something else: a tab of another version then counts as one that
 *  does not answer, and says so. */
export const CHANNEL = "fieldfolio.2";
export const LOCK = "fieldfolio";

export type { Network, Resident, Standing };
