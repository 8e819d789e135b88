// PINs: what may be chosen, how guesses are counted and waited for, and when a tab was left alone for too long.

import { describe, expect, test } from "vitest";
import { IDLE_MS, Idle } from "../core/idle";
import { asOf, faultOf, hashPin, isPin, isSame, remainingWait, waitAfter } from "../core/pin";
import { Pins } from "../core/pins";
import type { Core } from "../core/pkg/fieldfolio_web";

const SECOND = 1000;

describe("a PIN that is chosen", () => {
  test("has four to sixty-four characters, however many bytes they take", () => {
    expect(faultOf("123", "123")).toBe("short");
    expect(faultOf("🌱🌿🍃🌳", "🌱🌿🍃🌳")).toBeNull();
    expect(faultOf("x".repeat(64), "x".repeat(64))).toBeNull();
    expect(faultOf("x".repeat(65), "x".repeat(65))).toBe("long");
  });

  test("is typed twice", () => {
    expect(faultOf("1234", "1243")).toBe("different");
  });
});

describe("what is kept of a PIN", () => {
  test("is another hash for each, and knows it again however its letters were typed", async () => {
    const [one, other] = [await hashPin("café"), await hashPin("café")];
    expect(one.salt).toHaveLength(16);
    expect(one.hash).toHaveLength(32);
    expect(one.iterations).toBe(600_000);
    expect(isSame(one.hash, other.hash)).toBe(false);
    expect(await isPin("cafe\u0301", one)).toBe(true);
    expect(await isPin("cafe", one)).toBe(false);
  });

  test("is the same when every byte is, and only then", () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(isSame(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
    for (const other of [[0, 2, 3], [1, 2, 4], [1, 2], [1, 2, 3, 0], []]) expect(isSame(bytes, Uint8Array.from(other))).toBe(false);
  });
});

describe("whoever guesses", () => {
  test("waits after five wrong tries, twice as long each time, and a quarter of an hour at most", () => {
    expect([0, 4, 5, 6, 7, 8, 9, 10, 11, 5000].map((tries) => waitAfter(tries) / SECOND)).toEqual([0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
  });

  test("waits from the last try on, and never longer for a clock that was set back", () => {
    expect(remainingWait({ count: 5, last: 100 * SECOND }, 110 * SECOND)).toBe(20 * SECOND);
    expect(remainingWait({ count: 5, last: 100 * SECOND }, 131 * SECOND)).toBe(0);
    expect(asOf(10, { count: 5, last: 1e15 })).toEqual({ count: 5, last: 10 });
  });

  test("is counted before the answer is known, and from what was kept", async () => {
    const [kept, clock] = [keeper(), { now: 0 }];
    const pins = new Pins(kept.core, () => clock.now);
    await pins.set("hers", "right", null);
    const guesses = await Promise.all(["a", "b", "c", "d", "e", "right"].map((guess) => pins.check("hers", guess)));
    expect(guesses.slice(0, 4).every((one) => one.is !== "right")).toBe(true);
    expect(guesses[5]).toEqual({ is: "wait", milliseconds: 30 * SECOND });

    // A reload reads what was written down.
    const again = new Pins(kept.core, () => clock.now);
    expect(again.wait("hers")).toBe(30 * SECOND);
    expect((await again.check("hers", "right")).is).toBe("wait");
    clock.now = 31 * SECOND;
    expect(await again.check("hers", "wrong")).toEqual({ is: "wait", milliseconds: 60 * SECOND });
    clock.now = 92 * SECOND;
    expect(await again.check("hers", "right")).toEqual({ is: "right" });
    expect(await again.check("hers", "wrong")).toEqual({ is: "wrong" });
  });

  test("is counted also where nothing can be written down", async () => {
    const kept = keeper();
    const pins = new Pins(kept.core, () => 0);
    await pins.set("hers", "right", null);
    kept.isFull = true;
    for (const guess of ["a", "b", "c", "d", "e"]) await pins.check("hers", guess);
    expect((await pins.check("hers", "right")).is).toBe("wait");
  });

  test("does not set another PIN without the old one", async () => {
    const kept = keeper();
    const pins = new Pins(kept.core, () => 0);
    await pins.set("hers", "first", null);
    expect(await pins.set("hers", "second", null)).toEqual({ is: "wrong" });
    expect(await pins.set("hers", "second", "not it")).toEqual({ is: "wrong" });
    expect(await pins.set("hers", "second", "first")).toEqual({ is: "right" });
    expect(await pins.check("hers", "second")).toEqual({ is: "right" });
    expect(await pins.check("nobody's", "")).toEqual({ is: "wrong" });
  });
});

describe("a tab that is left alone", () => {
  const at = (minutes: number, steady = minutes) => ({ day: minutes * 60_000, steady: steady * 60_000 });

  test("has a quarter of an hour from its last use", () => {
    const idle = new Idle(at(0));
    expect(idle.left(at(14))).toBe(60_000);
    idle.use(at(14));
    expect(idle.left(at(28))).toBe(60_000);
    expect(idle.left(at(29))).toBe(0);
    // A key that comes then is not taken for hers.
    idle.use(at(30));
    expect(idle.left(at(30))).toBe(0);
  });

  test("is seen by either clock", () => {
    expect(new Idle(at(0)).left(at(60, 1)), "the computer slept").toBe(0);
    expect(new Idle(at(0)).left(at(-600, 15)), "the clock was set back").toBe(0);
    expect(new Idle(at(0)).left(at(-600, 1))).toBe(IDLE_MS - 60_000);
  });
});

/** Keeps PINs as the core does. */
function keeper() {
  const rows = new Map<string, { salt: Uint8Array; iterations: number; hash: Uint8Array; tries: number; last_try: number }>();
  const kept = {
    isFull: false,
    core: {
      pin: (store: string) => {
        const row = rows.get(store);
        return row && { ...row, free: () => undefined };
      },
      keep_pin: (store: string, salt: Uint8Array, iterations: number, hash: Uint8Array) => void rows.set(store, { salt, iterations, hash, tries: 0, last_try: 0 }),
      keep_pin_tries: (store: string, tries: number, last_try: number) => {
        if (kept.isFull) throw new Error("no room");
        Object.assign(rows.get(store) ?? {}, { tries, last_try });
      },
    } as unknown as Core,
  };
  return kept;
}
