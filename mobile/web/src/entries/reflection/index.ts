import type { EntryKind } from "../kind";
import WordsShown from "../WordsShown.svelte";
import Form from "./Form.svelte";

export const reflection: EntryKind<"reflection"> = {
  shown: { screen: WordsShown, print: WordsShown },
  form: {
    name: "reflect",
    Form,
    may: (piece) => piece.may.reflect,
    button: () => ({ word: "reflection.reflect", icon: "pencil", place: 4, leads: false }),
    above: true,
  },
};
