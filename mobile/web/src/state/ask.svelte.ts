// Asking the core from a page: an answer that stays fresh.
//
// The old answer stays on the page while the new one is on its way, so nothing flickers; an answer that comes late,
// to a question no longer asked, is dropped.

import type { Answer, Asked, CallName } from "../core/client";
import { call, core } from "./core.svelte";
import { asRefusal, type Refused } from "./refusal";

export interface Asking<T> {
  readonly value: T | undefined;
  readonly refused: Refused | null;
  /** Nothing has been answered yet. */
  readonly first: boolean;
  again(): void;
}

/** Asks `name` with what `asked` gives, again whenever that or the data changes. Null: not yet. */
export function ask<N extends CallName>(name: N, asked: () => Asked<N> | null): Asking<Answer<N>> {
  return askFor(() => {
    const now = asked();
    return now === null ? null : { about: name + JSON.stringify(now), find: () => call(name, now) };
  });
}

/** A question of several calls. When `about` changes it is another question, and the old answer goes. */
export function askFor<T>(question: () => { about: string; find: () => Promise<T> } | null): Asking<T> {
  let value = $state.raw<T | undefined>(undefined);
  let refused = $state.raw<Refused | null>(null);
  let first = $state(true);
  let turn = $state(0);
  let about: string | null = null;
  let running = 0;
  let dirty = false;

  async function find(asked: string, how: () => Promise<T>): Promise<void> {
    running += 1;
    const mine = running;
    try {
      const found = await how();
      if (about !== asked || mine < running) return;
      value = found;
      refused = null;
    } catch (error) {
      if (about !== asked || mine < running) return;
      refused = asRefusal(error);
    } finally {
      if (about === asked && mine === running) first = false;
    }
  }

  let busy: string | null = null;
  async function findOneAtATime(asked: string, how: () => Promise<T>): Promise<void> {
    // While one is being answered, further changes only mark that it must be asked once more.
    if (busy === asked) {
      dirty = true;
      return;
    }
    busy = asked;
    do {
      dirty = false;
      await find(asked, how);
    } while (dirty && about === asked);
    if (busy === asked) busy = null;
  }

  $effect(() => {
    void core.changes;
    void turn;
    const now = question();
    if (now === null) return;
    if (now.about !== about) {
      about = now.about;
      value = undefined;
      refused = null;
      first = true;
    }
    void findOneAtATime(now.about, now.find);
  });

  $effect(() => () => {
    about = null;
  });

  return {
    get value() {
      return value;
    },
    get refused() {
      return refused;
    },
    get first() {
      return first;
    },
    again() {
      turn += 1;
    },
  };
}
