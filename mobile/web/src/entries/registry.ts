// Every kind of entry. A new one gets a folder, a line here, and words in both catalogues.

import type { Entry, EntryBody } from "../core/types";
import { assessment } from "./assessment";
import { confirmation } from "./confirmation";
import { feedback } from "./feedback";
import type { EntryAnswer, EntryForm, EntryKind, Kind, BodyOf } from "./kind";
import { reflection } from "./reflection";
import { reply } from "./reply";
import { unreadable } from "./unreadable";

const KINDS: { [K in Kind]: EntryKind<K> } = { feedback, assessment, reflection, confirmation, reply, unreadable };

const all = Object.entries(KINDS) as [Kind, EntryKind<Kind>][];

export function kindOf<K extends Kind>(body: BodyOf<K>): EntryKind<K> {
  return KINDS[body.kind as K];
}

export const forms: [Kind, EntryForm][] = all.flatMap(([kind, { form }]) => (form ? [[kind, form]] : []));
/** In the order in which their buttons stand. */
export const answers: [Kind, EntryAnswer][] = all.flatMap(([kind, { answer }]) => (answer ? [[kind, answer]] : []));
