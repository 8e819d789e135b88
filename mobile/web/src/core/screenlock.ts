// The screen lock of this tab: which store was unlocked here by its PIN. It is in the page's memory alone, so a new tab, a
// copied one and one that is loaded again ask. All tabs of a store are locked at once, and by themselves once nobody has
// used any of them for a while.

import { Idle, thisMoment } from "./idle";

type BetweenTabs = { is: "lock" } | { is: "used" };

/** Other tabs hear so often at most that somebody is here. */
const TELL_MS = 10_000;
const USES = ["keydown", "pointerdown", "pointermove", "touchstart", "wheel"] as const;

export class ScreenLock {
  unlocked: string | null = null;
  private readonly tabs = new BroadcastChannel("fieldfolio-screenlock");
  private idle = new Idle(thisMoment());
  private told = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly changed: () => void) {
    this.tabs.addEventListener("message", ({ data }: MessageEvent<BetweenTabs>) => {
      if (data.is === "lock") this.lock();
      else this.idle.use(thisMoment());
    });
    for (const use of USES) addEventListener(use, () => this.use(), { capture: true, passive: true });
    // Timers stand still while a computer sleeps.
    for (const back of ["focus", "pageshow"]) addEventListener(back, () => this.look());
    document.addEventListener("visibilitychange", () => this.look());
    // A page that the browser keeps for "back" asks again.
    addEventListener("pagehide", () => this.lock());
  }

  unlock(store: string): void {
    this.unlocked = store;
    this.idle = new Idle(thisMoment());
    this.look();
    this.changed();
  }

  /** Whichever tab is looked at next asks for the PIN. */
  lockAll(): void {
    this.tabs.postMessage({ is: "lock" } satisfies BetweenTabs);
    this.lock();
  }

  /** Once another store is open, this one is asked for anew. */
  keepFor(store: string | null): void {
    if (this.unlocked !== store) this.unlocked = null;
  }

  private lock(): void {
    clearTimeout(this.timer);
    if (this.unlocked === null) return;
    this.unlocked = null;
    this.changed();
  }

  private use(): void {
    if (this.unlocked === null) return;
    const now = thisMoment();
    if (this.idle.left(now) === 0) return this.lock();
    this.idle.use(now);
    if (Math.abs(now.steady - this.told) < TELL_MS) return;
    this.told = now.steady;
    this.tabs.postMessage({ is: "used" } satisfies BetweenTabs);
  }

  /** Locks if nobody was here for too long, and looks again when that would be so. */
  private look(): void {
    if (this.unlocked === null) return;
    clearTimeout(this.timer);
    const left = this.idle.left(thisMoment());
    if (left === 0) return this.lock();
    this.timer = setTimeout(() => this.look(), left);
  }
}
