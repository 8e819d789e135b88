// What an edit says where nothing changes.

import type { Edits, MediumEdit } from "../core/types";

export const NO_EDITS = { title: null, words: null, work_date: null, outcomes: null, files: [], links: [], media: [], order: null } satisfies Omit<Edits, "piece">;

export const NO_MEDIUM_EDIT = { caption: null, alt: null, turn: null, is_out: null, mark: null, unmark: null } satisfies Omit<MediumEdit, "key">;
