// A PIN as this browser keeps it: salted and hashed, never itself. And how long whoever guesses has to wait.

export const SHORTEST_PIN = 4;
export const LONGEST_PIN = 64;

const ITERATIONS = 600_000;
const SALT_BYTES = 16;
const HASH_BITS = 256;

/** So many wrong tries cost nothing; after the last of them each waits twice as long as the one before. */
const FREE_TRIES = 5;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;

/** Wrong tries since the last right one. */
export interface Tries {
  count: number;
  /** When the last one was made, in milliseconds since 1970. */
  last: number;
}

export interface PinHash {
  salt: Uint8Array<ArrayBuffer>;
  iterations: number;
  hash: Uint8Array<ArrayBuffer>;
}

export type PinAnswer = { is: "right" } | { is: "wrong" } | { is: "wait"; milliseconds: number };

export type PinFault = "short" | "long" | "different";

/** What is wrong with a PIN that somebody chooses, and types again. */
export function faultOf(pin: string, again: string): PinFault | null {
  const length = [...pin].length;
  if (length < SHORTEST_PIN) return "short";
  if (length > LONGEST_PIN) return "long";
  return pin === again ? null : "different";
}

export function waitAfter(tries: number): number {
  if (tries < FREE_TRIES) return 0;
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - FREE_TRIES));
}

/** How long no further try is taken. */
export function remainingWait({ count, last }: Tries, now: number): number {
  return Math.max(0, last + waitAfter(count) - now);
}

/** A clock that was set back makes nobody wait for longer: the wait then begins now. */
export function asOf(now: number, { count, last }: Tries): Tries {
  return { count, last: Math.min(last, now) };
}

/** Takes the same time wherever the first difference is. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) difference |= (one[at] ?? 0) ^ (other[at] ?? 0);
  return difference === 0;
}

export async function hashPin(pin: string): Promise<PinHash> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  return { salt, iterations: ITERATIONS, hash: await derive(pin, salt, ITERATIONS) };
}

export async function isPin(pin: string, kept: PinHash): Promise<boolean> {
  return isSame(await derive(pin, kept.salt, kept.iterations), kept.hash);
}

async function derive(pin: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<Uint8Array<ArrayBuffer>> {
  // Keyboards write one letter in more than one way.
  const typed = new TextEncoder().encode(pin.normalize("NFKC"));
  const key = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, HASH_BITS));
}
