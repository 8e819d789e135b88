// What there is to know of one kind of entry: how it is shown, and how a person makes one.

import type { Component } from "svelte";
import type { IconName } from "../components/Icon.svelte";
import type { Piece, Reference, EntryBody } from "../core/types";
import type { Key } from "../i18n/words.svelte";
import type { Doing } from "../state/doing.svelte";
import type { ThreadEntry } from "./threads";

export type Kind = EntryBody["kind"];
export type BodyOf<K extends Kind> = Extract<EntryBody, { kind: K }>;

export interface EntryKind<K extends Kind> {
  /** On the screen and in print. None for a kind that is shown only with the entry it is of. */
  shown: { screen: Component<ShownProps<K>>; print: Component<ShownProps<K>> } | null;
  /** Tags beside the moment at which it was said. */
  Tags?: Component<{ spoken: ThreadEntry }>;
  /** For a kind that is said of a piece. */
  form?: EntryForm;
  /** For a kind that is said of another entry. */
  answer?: EntryAnswer;
}

export interface ShownProps<K extends Kind> {
  piece: Piece;
  body: BodyOf<K>;
}

export interface EntryForm {
  /** For tests, and in the address that opens one that stands above the others (`?open=reflect`). */
  name: string;
  Form: Component<FormProps>;
  heading?: (piece: Piece) => Key;
  /** It may be opened, or stay open where it is begun. */
  may: (piece: Piece, begun: boolean) => boolean;
  /** `again`: she has just given one on this piece. */
  button: (piece: Piece, again: boolean) => FormButton;
  /** It is open from the start for those who came to review the piece. */
  reviews?: (piece: Piece) => boolean;
  /** An entry of one's own can be changed: a new one replaces it. */
  changes?: true;
  /** It stands above the others and is open beside them. */
  above?: true;
}

export interface FormProps {
  piece: Piece;
  /** The entry that is to be replaced. */
  changing: ThreadEntry | null;
  done: () => void;
  /** Done, and the way on is shown where the form was. */
  given: () => void;
}

export interface FormButton {
  word: Key;
  icon?: IconName;
  /** Its place in the row of buttons. */
  place: number;
  /** It is what most people come for: where it stands first, it is the main button. */
  leads: boolean;
}

export interface EntryAnswer {
  /** Buttons beneath the entry. */
  Buttons: Component<AnswerProps>;
  Form?: Component<{ piece: Piece; to: Reference; done: () => void }>;
}

export interface AnswerProps {
  piece: Piece;
  /** What is answered. */
  spoken: ThreadEntry;
  doing: Doing;
  isOpen: boolean;
  toggle: () => void;
}
