// A try of a PIN, as the page says it: wrong, or to be waited for, with the time that is left.

import type { PinAnswer } from "../core/pin";

export class Attempt {
  isWrong = $state(false);
  /** Until the next try, in seconds that have begun. */
  seconds = $state(0);
  /** How long the wait was when it began; 0 when there is none. */
  whole = $state(0);
  /** It was waited for long enough. */
  isOver = $state(false);
  private until = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    $effect(() => () => clearInterval(this.timer));
  }

  /** What was said of the one before is taken back, so that it is heard when it is said again. */
  begin(): void {
    this.isWrong = false;
    this.isOver = false;
  }

  /** True if it was right. */
  take(answer: PinAnswer): boolean {
    this.begin();
    this.isWrong = answer.is === "wrong";
    this.wait(answer.is === "wait" ? answer.milliseconds : 0);
    return answer.is === "right";
  }

  wait(milliseconds: number): void {
    clearInterval(this.timer);
    this.until = Date.now() + milliseconds;
    this.seconds = Math.ceil(milliseconds / 1000);
    this.whole = this.seconds;
    if (milliseconds > 0) this.timer = setInterval(() => this.count(), 500);
  }

  private count(): void {
    this.seconds = Math.max(0, Math.ceil((this.until - Date.now()) / 1000));
    if (this.seconds > 0) return;
    clearInterval(this.timer);
    this.whole = 0;
    this.isOver = true;
  }
}
