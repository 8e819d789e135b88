// The day by this device's calendar, as state: a page that stays open over midnight goes on with the new one.

import { today } from "./time";

/** How long until the next day begins, and a second more, in milliseconds. */
function untilTomorrow(): number {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime() + 1_000;
}

class Calendar {
  day = $state(today());

  constructor() {
    this.wait();
    // A device that slept looks again when somebody does.
    document.addEventListener("visibilitychange", () => this.look());
    addEventListener("focus", () => this.look());
  }

  private look(): void {
    const day = today();
    if (day !== this.day) this.day = day;
  }

  private wait(): void {
    setTimeout(() => {
      this.look();
      this.wait();
    }, untilTomorrow());
  }
}

export const calendar = new Calendar();
