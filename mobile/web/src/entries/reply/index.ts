import type { EntryKind } from "../kind";
import WordsShown from "../WordsShown.svelte";
import Buttons from "./Buttons.svelte";
import Form from "./Form.svelte";

export const reply: EntryKind<"reply"> = {
  shown: { screen: WordsShown, print: WordsShown },
  answer: { Buttons, Form },
};
