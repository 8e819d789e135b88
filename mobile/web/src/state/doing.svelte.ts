// Doing something once: a button stays off while its call is in flight, and a refusal stays beside the form.

import { asRefusal, type Refused } from "./refusal";

export class Doing {
  busy = $state(false);
  refused = $state.raw<Refused | null>(null);

  /** Runs `what` unless it is running already. True when it was done. */
  async run(what: () => Promise<unknown>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.refused = null;
    try {
      await what();
      return true;
    } catch (error) {
      this.refused = asRefusal(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
