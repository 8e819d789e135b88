// What a page shows when something could not be done: a sentence of the catalogue, and the core's own words beside it.

import { Refusal } from "../core/client";

export interface Refused {
  code: string;
  reason: string;
}

export function asRefusal(error: unknown): Refused {
  if (error instanceof Refusal) return { code: error.code, reason: error.reason };
  return { code: "other", reason: error instanceof Error ? error.message : String(error) };
}
