import type { Piece } from "../../core/types";
import { known } from "../../state/school.svelte";
import type { EntryKind } from "../kind";
import Form from "./Form.svelte";
import Print from "./Print.svelte";
import Screen from "./Screen.svelte";

const speaksOfOthers = (piece: Piece): boolean =>
  piece.may.write_about.some((one) => (one === null ? piece.maker !== known.me?.person : one !== known.me?.person));

export const feedback: EntryKind<"feedback"> = {
  shown: { screen: Screen, print: Print },
  form: {
    name: "feedback",
    Form,
    heading: () => "feedback.title",
    may: (piece, begun) => begun || speaksOfOthers(piece),
    button: () => ({ word: "feedback.title", icon: "speech", place: 2, leads: true }),
    changes: true,
  },
};
