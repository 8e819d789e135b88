// What the core hands to the pages. Ids are text, moments are milliseconds since 1970, days are "2026-11-22".

export type Role = "owner" | "teacher" | "reader" | "mentor" | "group" | "peer" | "guardian";
export type PersonKind = "student" | "teacher" | "mentor" | "guardian" | "administrator";
export type PieceKind = "evidence" | "observation";
export type AssessmentKind = "formative" | "interim" | "summative";

/** Who this device belongs to. */
export interface Me {
  person: string;
  /** Empty until the school has told it. */
  name: string;
  kinds: PersonKind[];
  device: string;
  school: School | null;
  /** Parts she has in circles of others' folios, as of now. */
  parts: Part[];
}

export interface School {
  name: string;
  /** Lowest first. */
  levels: { code: string; word: string }[];
  /** Position of the level to reach. */
  target: number;
  rule: { at_bats: number; projects: number; days: number };
}

/** One's own part in a folio. */
export interface Part {
  folio: string;
  student: string;
  student_name: string;
  title: string;
  role: Role;
  until: number | null;
}

export interface Person {
  id: string;
  name: string;
  kinds: PersonKind[];
}

export interface Outcome {
  id: string;
  code: string;
  statement: string;
  /** The same in a student's words. */
  friendly: string;
  /** What each level looks like, lowest first; may be shorter than the scale. */
  rubric: string[];
  parent: string | null;
  framework: string;
  framework_title: string;
}

export interface Project {
  id: string;
  title: string;
  brief: string;
  outcomes: string[];
  class: string | null;
  started_by: string | null;
  /** One's own folio in it, if there is one. */
  folio: string | null;
}

export interface Class {
  id: string;
  title: string;
  students: Person[];
  teachers: Person[];
}

/** A folio in a list. */
export interface FolioLine {
  folio: string;
  student: string;
  student_name: string;
  /** None: her home folio. */
  project: string | null;
  title: string;
  /** One's own roles in its circle. */
  roles: Role[];
  /** When one's own part ends. */
  until: number | null;
  pieces: number;
  /** The newest day of work in it. */
  newest: string | null;
}

export interface Folio extends FolioLine {
  brief: string;
  outcomes: string[];
  pieces_list: PieceLine[];
  circle: CircleLine[];
  /** Mentors a student proposed, until a teacher confirms. */
  proposed: { person: string; name: string; by: string; by_name: string; until: number }[];
}

export interface CircleLine {
  person: string;
  name: string;
  role: Role;
  until: number | null;
  may_write: boolean;
}

/** Where something of one's own is. Others' work is always "school". */
export interface Whereabouts {
  /** here: saved on this device, not sent; sending: on its way; school: the school has all of it; waiting: something stops it;
   *  refused: the school refused it for good. */
  at: "here" | "sending" | "school" | "waiting" | "refused";
  /** A code from the catalogue ("waiting.no_connection", …), for waiting and refused. */
  why: string | null;
  /** Bytes of media sent and to send, while there are any. */
  sent: number;
  of: number;
}

/** A piece in a list. */
export interface PieceLine {
  piece: string;
  kind: PieceKind;
  maker: string;
  maker_name: string;
  title: string;
  work_date: string | null;
  /** When it was made, by the maker's device. */
  made: number;
  /** Those in whose folios it lies. */
  students: { id: string; name: string; folio: string; title: string }[];
  outcomes: string[];
  photos: number;
  /** ThumbHash of its first photo, base64. */
  placeholder: string | null;
  /** Hash of the first photo's preview. */
  preview: string | null;
  /** What was said on it, as far as one may read. */
  feedback: number;
  judgements: number;
  replies: number;
  /** With whom it is shared; its maker's alone for null. */
  audience: Role[] | null;
  where: Whereabouts;
}

export interface Piece extends PieceLine {
  words: string;
  media: Medium[];
  voices: Voice[];
  revises: string | null;
  /** Two of the maker's devices disagree: shown to her calmly; choosing one is an edit. */
  alternatives: { field: string; values: string[] }[];
  /** Sheets that can't be shown now. */
  unshown: number;
  may: May;
}

/** What this person can do on a piece, for buttons. */
export interface May {
  edit: boolean;
  share: boolean;
  take_back: boolean;
  /** About whom one may speak; null in the list: about the work itself. */
  speak_about: (string | null)[];
  /** Whom one may judge, and as what. */
  judge: { student: string; as: "teacher" | "mentor" }[];
  reflect: boolean;
}

export interface Medium {
  original: string;
  preview: string;
  media_type: string;
  width: number;
  height: number;
  size: number;
  placeholder: string;
  where: Whereabouts;
}

export interface Voice {
  author: string;
  author_name: string;
  about: string | null;
  about_name: string | null;
  /** As what it is read. */
  role: Role;
  entries: Entry[];
  /** Changes whose signature can't be verified yet. */
  unverified: number;
  where: Whereabouts;
}

export interface Entry {
  id: string;
  /** When it was said, by its author's device. */
  made: number;
  says: Says;
  replaces: string | null;
  /** A later entry of the same voice replaces it. */
  is_replaced: boolean;
  withdrawn: boolean;
  /** Altered after it was given: doesn't count. */
  altered: boolean;
  /** A judgement whose work was edited since. */
  edited_since: boolean;
  /** Teachers who confirmed it. */
  confirmed_by: string[];
}

export interface Reference {
  author: string;
  about: string | null;
  entry: string;
}

export type Says =
  | { kind: "feedback"; did_well: string; improve: string; next_step: string; outcome: string | null }
  | { kind: "assessment"; outcome: string; level: number; weight: AssessmentKind; work_date: string; next_step: string }
  | { kind: "reflection"; words: string }
  | { kind: "reply"; to: Reference; words: string }
  | { kind: "confirmation"; of: Reference }
  | { kind: "unreadable"; name: string };

export interface QueueRow {
  piece: PieceLine;
  student: string;
  student_name: string;
  /** Outcomes it is offered for that this teacher has not judged. */
  outcomes: string[];
  /** Mentors' judgements that no teacher has confirmed. */
  to_confirm: { of: Reference; mentor_name: string; outcome: string; level: number }[];
}

/** Where a student stands in one outcome. */
export interface Standing {
  outcome: string;
  /** The level's position, for "level". */
  is: "not_assessed" | "practised" | "level";
  level: number | null;
  /** Everything that can count is here. If not, it is only "from what you can see". */
  whole: boolean;
  /** How far she is on the way to `towards`: "2 of 3 at-bats, 1 of 2 projects". */
  tally: { towards: number; at_bats: number; of_at_bats: number; projects: number; of_projects: number; days: number; of_days: number };
  at_bats: AtBat[];
  /** Judgements that don't count, with the reason's code: not_summative, unconfirmed, role, replaced, withdrawn, altered. */
  beside: { author_name: string; piece: string; level: number; weight: AssessmentKind; work_date: string; because: string }[];
}

export interface AtBat {
  piece: string;
  piece_title: string;
  project_title: string;
  day: string;
  level: number;
  judged_differently: boolean;
  judgements: { judge_name: string; level: number; work_date: string; entry: string }[];
}

export interface Levels {
  student: string;
  student_name: string;
  whole: boolean;
  outcomes: Standing[];
}

/** How an outcome's level grew: each day on which it could have changed. */
export interface Growth {
  student: string;
  student_name: string;
  whole: boolean;
  outcomes: { outcome: string; steps: { day: string; level: number | null; at_bat_level: number; piece: string; piece_title: string }[] }[];
}

export interface Grid {
  outcomes: string[];
  students: { student: string; student_name: string; whole: boolean; cells: { outcome: string; is: Standing["is"]; level: number | null; at_bats: number; of_at_bats: number }[] }[];
}

export interface Seer {
  person: string;
  name: string;
  roles: Role[];
  is_me: boolean;
}

export interface DeviceLine {
  device: string;
  is_this: boolean;
  is_new: boolean;
  revoked: boolean;
  enrolled: number;
  /** "school" or a device's id. */
  invited_by: string;
}

export interface Status {
  locked: boolean;
  /** What has not reached the school, with reasons by code. */
  waiting: { piece: string | null; piece_title: string | null; why: string | null }[];
  uploads: { piece: string; piece_title: string; is_preview: boolean; sent: number; size: number; why: string | null }[];
  /** Announced and not here yet. */
  to_fill: number;
  /** What the school refused for good; kept here, readable. */
  refused: { why: string; words: string }[];
  unopened: number;
  new_devices: string[];
  /** Photos kept on this device: how many, how many bytes. */
  media: { count: number; bytes: number };
}

/** Every call: what goes in, what comes back. */
export interface Calls {
  // looking
  me: [{}, Me];
  people: [{}, Person[]];
  outcomes: [{}, Outcome[]];
  projects: [{}, Project[]];
  classes: [{}, Class[]];
  /** All folios one may see, or a student's. */
  folios: [{ student: string | null }, FolioLine[]];
  folio: [{ folio: string }, Folio];
  /** Pieces one made, newest first. */
  mine: [{}, PieceLine[]];
  piece: [{ piece: string }, Piece];
  queue: [{}, QueueRow[]];
  /** Null for those who are shown no levels: mentors, peers. */
  levels: [{ student: string }, Levels | null];
  growth: [{ student: string }, Growth | null];
  grid: [{ class: string | null; project: string | null }, Grid];
  who_sees: [{ piece: string }, Seer[]];
  devices: [{}, DeviceLine[]];
  status: [{}, Status];

  // doing; durable on this device when it returns
  capture: [NewPiece, { piece: string }];
  edit: [Edits, {}];
  start_project: [{ title: string; brief: string; outcomes: string[] }, { project: string; folio: string }];
  join_project: [{ project: string | null }, { folio: string }];
  place: [{ piece: string; folio: string }, {}];
  share: [{ piece: string; audience: Role[] }, {}];
  unshare: [{ piece: string }, {}];
  feedback: [
    { piece: string; about: string | null; did_well: string; improve: string; next_step: string; outcome: string | null; replaces: string | null },
    { entry: string },
  ];
  assess: [
    { piece: string; student: string; outcome: string; level: number; weight: AssessmentKind; work_date: string | null; next_step: string; replaces: string | null },
    { entry: string },
  ];
  confirm: [{ piece: string; of: Reference }, { entry: string }];
  reply: [{ piece: string; to: Reference; words: string }, { entry: string }];
  reflect: [{ piece: string; words: string }, { entry: string }];
  withdraw: [{ piece: string; about: string | null; entry: string }, {}];
  /** Nothing waits for its time any more: try now. */
  wake: [{}, {}];

  // asking the school; these need a network
  invite_device: [{ person: string | null }, { link: string; expires: number }];
  invite_mentor: [{ folio: string; name: string; until: number }, { link: string; person: string; proposed: boolean }];
  confirm_mentor: [{ folio: string; person: string }, {}];
  decline_mentor: [{ folio: string; person: string }, {}];
  grant: [{ folio: string; person: string; role: Role; may_write: boolean; until: number | null }, {}];
  end_part: [{ folio: string; person: string; role: Role }, {}];
  class_project: [{ class: string; title: string; brief: string; outcomes: string[] }, { project: string }];
  revoke_device: [{ device: string }, {}];
}

export interface NewPiece {
  title: string;
  words: string;
  work_date: string | null;
  outcomes: string[];
  folios: string[];
  /** Null: one's own alone. */
  audience: Role[] | null;
  is_observation: boolean;
  revises: string | null;
}

/** What is null stays as it is. */
export interface Edits {
  piece: string;
  title: string | null;
  words: string | null;
  work_date: string | null;
  outcomes: string[] | null;
}
