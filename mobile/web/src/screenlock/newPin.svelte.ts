// A PIN that is chosen: typed twice, and what is wrong with it.

import { tick } from "svelte";
import { faultOf, type PinFault } from "../core/pin";

export class NewPin {
  pin = $state("");
  again = $state("");
  fault = $state<PinFault | null>(null);

  /** True if it can be set. A fault that stays is said once more. */
  async check(): Promise<boolean> {
    this.fault = null;
    await tick();
    this.fault = faultOf(this.pin, this.again);
    return this.fault === null;
  }
}
