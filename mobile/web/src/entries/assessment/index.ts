import type { Piece } from "../../core/types";
import type { EntryKind } from "../kind";
import Form from "./Form.svelte";
import Shown from "./Shown.svelte";
import { waitsForTeacher } from "./standing";
import Tags from "./Tags.svelte";

const asMentor = (piece: Piece): boolean => piece.may.judge.every((one) => one.as === "mentor");
const mayJudge = (piece: Piece): boolean => piece.may.judge.length > 0;

export const assessment: EntryKind<"assessment"> = {
  shown: { screen: Shown, print: Shown },
  Tags,
  form: {
    name: "judge",
    Form,
    heading: (piece) => (asMentor(piece) ? "assessment.title_mentor" : "assessment.title"),
    may: mayJudge,
    button: (piece, again) =>
      asMentor(piece) ? { word: "assessment.judge_mentor", icon: "leaf", place: 3, leads: false } : { word: again ? "assessment.another" : "assessment.judge", place: 1, leads: true },
    // Where a mentor's judgement waits, confirming it comes first, and a form would stand before it.
    reviews: (piece) => mayJudge(piece) && !piece.voices.some((voice) => voice.entries.some((entry) => waitsForTeacher({ voice, entry }))),
    changes: true,
  },
};
