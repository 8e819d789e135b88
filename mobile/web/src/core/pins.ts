// The PINs of staff stores, as the holder checks and keeps them. All tabs ask the one holder, so their tries count as one
// person's.

import { asOf, hashPin, isPin, remainingWait, type PinAnswer, type PinHash, type Tries } from "./pin";
import type { Core } from "./pkg/fieldfolio_web";

export class Pins {
  /** What could not be written down for want of room still counts, for as long as this holder lives. */
  private readonly tries = new Map<string, Tries>();

  constructor(
    private readonly core: Core,
    private readonly now: () => number = () => Date.now(),
  ) {}

  /** How long the next try for a store has to wait. */
  wait(store: string): number {
    const kept = this.find(store);
    return kept ? remainingWait(kept.tries, this.now()) : 0;
  }

  async check(store: string, pin: string): Promise<PinAnswer> {
    const kept = this.find(store);
    // Without a PIN there is nothing that could be right.
    if (!kept) return { is: "wrong" };
    const wait = remainingWait(kept.tries, this.now());
    if (wait > 0) return { is: "wait", milliseconds: wait };
    // Counted before it is known: closing the browser takes no try back.
    this.count(store, { count: kept.tries.count + 1, last: this.now() });
    if (await isPin(pin, kept)) {
      this.count(store, { count: 0, last: 0 });
      return { is: "right" };
    }
    const next = this.wait(store);
    return next > 0 ? { is: "wait", milliseconds: next } : { is: "wrong" };
  }

  /** Keeps a PIN: the first one of a store, or another one for whoever knows the old one. */
  async set(store: string, pin: string, old: string | null): Promise<PinAnswer> {
    const kept = await hashPin(pin);
    if (this.find(store)) {
      const known = old === null ? ({ is: "wrong" } as const) : await this.check(store, old);
      if (known.is !== "right") return known;
    }
    this.core.keep_pin(store, kept.salt, kept.iterations, kept.hash);
    this.tries.delete(store);
    return { is: "right" };
  }

  private find(store: string): (PinHash & { tries: Tries }) | null {
    const kept = this.core.pin(store);
    if (!kept) {
      this.tries.delete(store);
      return null;
    }
    const { salt, iterations, hash, tries, last_try } = kept;
    kept.free();
    const counted = asOf(this.now(), this.tries.get(store) ?? { count: tries, last: last_try });
    this.tries.set(store, counted);
    return { salt: new Uint8Array(salt), iterations, hash: new Uint8Array(hash), tries: counted };
  }

  private count(store: string, tries: Tries): void {
    this.tries.set(store, tries);
    try {
      this.core.keep_pin_tries(store, tries.count, tries.last);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error;
    }
  }
}
