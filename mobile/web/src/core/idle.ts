// How long a tab was left alone. Either clock may show it: the one of the day goes on while a computer sleeps, and the
// steady one while somebody sets the other back.

export const IDLE_MS = 15 * 60_000;

export interface Moment {
  /** Milliseconds since 1970. */
  day: number;
  /** Milliseconds since the page was opened. */
  steady: number;
}

export const thisMoment = (): Moment => ({ day: Date.now(), steady: performance.now() });

export class Idle {
  constructor(private last: Moment) {}

  /** Milliseconds until it was left alone for too long; 0 once it was. */
  left(now: Moment): number {
    const alone = Math.max(now.day - this.last.day, now.steady - this.last.steady);
    return Math.max(0, IDLE_MS - alone);
  }

  /** Somebody is here. What comes too late changes nothing. */
  use(now: Moment): void {
    if (this.left(now) > 0) this.last = now;
  }
}
