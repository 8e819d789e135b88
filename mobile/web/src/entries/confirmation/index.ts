import type { EntryKind } from "../kind";
import Buttons from "./Buttons.svelte";

/** It is shown as a tag of the judgement that it confirms. */
export const confirmation: EntryKind<"confirmation"> = {
  shown: null,
  answer: { Buttons },
};
