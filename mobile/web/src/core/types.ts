// Made from the core's calls by `FIELDFOLIO_WRITE=1 cargo test -p fieldfolio-web`. Ids are text, moments are
// milliseconds since 1970, days are "2026-11-22".

export type Role = "owner" | "teacher" | "reader" | "mentor" | "group" | "peer" | "guardian";
export type PersonKind = "student" | "teacher" | "mentor" | "guardian" | "administrator";
export type AssessmentKind = "formative" | "interim" | "summative";

/**
 * A field on which two devices of its maker disagree.
 */
export type Alternative = { field: string, 
/**
 * The one shown first.
 */
values: Array<string>, };

/**
 * A piece; all of them for null.
 */
export type AnyPiece = { piece: string | null, };

/**
 * How far something of one's own has come.
 */
export type At = "here" | "sending" | "school" | "waiting" | "refused";

/**
 * One summative chance, with its judges.
 */
export type AtBat = { piece: string, piece_title: string, project_title: string, day: string, level: number, judged_differently: boolean, judgements: Array<Judgement>, };

/**
 * One judgement that doesn't count.
 */
export type Beside = { author_name: string, piece: string, level: number, weight: AssessmentKind, work_date: string, 
/**
 * The reason's code: not_summative, unconfirmed, role, replaced, withdrawn, altered.
 */
because: string, };

/**
 * One student's standing in one outcome.
 */
export type Cell = { outcome: string, is: LevelState, level: number | null, at_bats: number, of_at_bats: number, };

/**
 * Somebody's part in a circle.
 */
export type CircleLine = { person: string, name: string, role: Role, until: number | null, may_write: boolean, };

/**
 * A class one teaches or advises.
 */
export type Class = { id: string, title: string, students: Array<Person>, teachers: Array<Person>, };

/**
 * A mentor's judgement to be taken as one's own.
 */
export type Confirming = { piece: string, of: Reference, };

/**
 * A device of one's own.
 */
export type DeviceLine = { device: string, is_this: boolean, 
/**
 * No device of hers vouched for it.
 */
is_new: boolean, revoked: boolean, enrolled: number, 
/**
 * "school" or a device's id.
 */
invited_by: string, };

/**
 * A link that makes a device somebody's.
 */
export type DeviceLink = { link: string, expires: number, };

/**
 * Done; there is nothing to say.
 */
export type Done = Record<symbol, never>;

/**
 * What changes about a piece; what is null stays. New files travel beside it.
 */
export type Edits = { piece: string, title: TextEdit | null, words: TextEdit | null, work_date: string | null, outcomes: OutcomesEdit | null, files: NewFile[], links: NewLink[], media: MediumEdit[], 
/**
 * All media by their keys, as they are to stand.
 */
order: string[] | null, };

/**
 * One thing said.
 */
export type Entry = { id: string, 
/**
 * When it was said, by its author's device.
 */
made: number, body: EntryBody, replaces: string | null, 
/**
 * A later entry of the same voice replaces it.
 */
is_replaced: boolean, withdrawn: boolean, 
/**
 * Altered after it was given: it doesn't count.
 */
altered: boolean, 
/**
 * A judgement whose work was edited since.
 */
edited_since: boolean, 
/**
 * Teachers who confirmed it.
 */
confirmed_by: Array<string>, };

/**
 * What an entry says.
 */
export type EntryBody = { "kind": "feedback", did_well: string, improve: string, next_step: string, outcome: string | null, 
/**
 * What it points at.
 */
spot: SpotOn | null, } | { "kind": "assessment", outcome: string, level: number, weight: AssessmentKind, work_date: string, next_step: string, } | { "kind": "reflection", words: string, } | { "kind": "reply", to: Reference, words: string, } | { "kind": "confirmation", of: Reference, } | { "kind": "unreadable", name: string, };

/**
 * A folio with what lies in it and who is around it.
 */
export type Folio = { brief: string, outcomes: Array<string>, pieces_list: Array<PieceLine>, circle: Array<CircleLine>, 
/**
 * Mentors a student proposed, until a teacher confirms.
 */
proposed: Array<Proposed>, folio: string, student: string, student_name: string, 
/**
 * None: her home folio.
 */
project: string | null, title: string, 
/**
 * One's own roles in its circle.
 */
roles: Role[], 
/**
 * When one's own part ends.
 */
until: number | null, pieces: number, 
/**
 * The newest day of work in it.
 */
newest: string | null, };

/**
 * A folio in a list.
 */
export type FolioLine = { folio: string, student: string, student_name: string, 
/**
 * None: her home folio.
 */
project: string | null, title: string, 
/**
 * One's own roles in its circle.
 */
roles: Role[], 
/**
 * When one's own part ends.
 */
until: number | null, pieces: number, 
/**
 * The newest day of work in it.
 */
newest: string | null, };

/**
 * Room that was made, in bytes.
 */
export type Freed = { bytes: number, };

/**
 * A class: students by name, outcomes across.
 */
export type Grid = { outcomes: Array<string>, students: Array<GridRow>, };

/**
 * A class, a project, or (null) all whom one teaches.
 */
export type GridOf = { class: string | null, project: string | null, };

/**
 * One student of a class.
 */
export type GridRow = { student: string, student_name: string, whole: boolean, 
/**
 * One for each outcome of the grid.
 */
cells: Array<Cell>, };

/**
 * One at-bat, and where she stood once it counted.
 */
export type Grown = { day: string, level: number | null, at_bat_level: number, piece: string, piece_title: string, };

/**
 * How a student's levels grew.
 */
export type Growth = { student: string, student_name: string, whole: boolean, outcomes: Array<OutcomeGrowth>, };

/**
 * Does somebody hold an upload back?
 */
export type HeldBack = "not" | "paused" | "cancelled";

/**
 * Uploads of a piece to be held back or let go: of one file, if it is named.
 */
export type Holding = { piece: string, hash: string | null, held: HeldBack, };

/**
 * How files are sent; what is null stays.
 */
export type HowSent = { paused: boolean | null, thrifty: boolean | null, };

/**
 * One thing that somebody said to this person, or of what is hers.
 */
export type InboxRow = { piece: string, 
/**
 * The piece's title; may be empty.
 */
title: string, 
/**
 * Which entry.
 */
of: Reference, author_name: string, 
/**
 * As what its author speaks; nothing for a role that a newer version has.
 */
author_as: Role | null, 
/**
 * About whom, by name; nothing for the work itself.
 */
about_name: string | null, 
/**
 * What was said.
 */
body: EntryBody, 
/**
 * When it was said, by its author's device, in milliseconds since 1970.
 */
made: number, 
/**
 * She has not looked at it yet, on any of her devices.
 */
is_new: boolean, };

/**
 * A file that was picked, and will be taken.
 */
export type Inspected = { 
/**
 * `image/jpeg`, `application/pdf` …
 */
media_type: string, 
/**
 * What the person should know before she saves, as codes for the app's catalogue: what is left out of it, or stays.
 */
notes: Array<string>, };

/**
 * Whom one may judge, and as what.
 */
export type Judge = { student: string, as: "teacher" | "mentor", };

/**
 * One judgement that counts.
 */
export type Judgement = { judge_name: string, level: number, work_date: string, entry: string, };

/**
 * Something of one's own that the school keeps back until a teacher lets it through.
 */
export type Kept = { piece: string, piece_title: string | null, };

/**
 * Something of somebody else's that came after her part had ended: a teacher lets it through, or leaves it.
 */
export type LateWork = { 
/**
 * The sheet's name.
 */
sheet: string, piece: string, piece_title: string | null, author_name: string, 
/**
 * When the first of it came, in milliseconds.
 */
since: number, };

/**
 * What there is to say of an outcome.
 */
export type LevelState = "not_assessed" | "practised" | "level" | "not_here";

/**
 * A level in the school's own words.
 */
export type LevelWord = { code: string, word: string, };

/**
 * A student's levels.
 */
export type Levels = { student: string, student_name: string, 
/**
 * Everything that can count is here.
 */
whole: boolean, outcomes: Array<OutcomeLevel>, };

/**
 * A page elsewhere. It is opened only when somebody asks for it.
 */
export type Link = { key: string, url: string, caption: string, };

/**
 * Something that was said.
 */
export type MadeEntry = { entry: string, };

/**
 * A folio that was taken up.
 */
export type MadeFolio = { folio: string, };

/**
 * A piece that was made.
 */
export type MadePiece = { piece: string, };

/**
 * A project that was started.
 */
export type MadeProject = { project: string, folio: string, };

/**
 * A spot that the maker points at.
 */
export type Mark = { key: string, words: string, x: number, y: number, };

/**
 * What this person can do on a piece.
 */
export type May = { edit: boolean, share: boolean, take_back: boolean, 
/**
 * Erase it for ever.
 */
erase: boolean, 
/**
 * About whom one may speak; about the work itself for null.
 */
write_about: Array<string | null>, judge: Array<Judge>, reflect: boolean, };

/**
 * Who this device belongs to.
 */
export type Me = { person: string, 
/**
 * Empty until the school has told it.
 */
name: string, kinds: PersonKind[], device: string, school: School | null, 
/**
 * Parts she has in circles of others' folios, as of now.
 */
parts: Array<Part>, };

/**
 * Room that files take on this device, in bytes.
 */
export type MediaUsage = { bytes: number, 
/**
 * One's own that the school does not have yet.
 */
unsent: number, 
/**
 * What may be let go of, and comes back when it is opened: one's own originals that the school has, and others'.
 */
may_go: number, };

/**
 * A photo, film, recording or document.
 */
export type Medium = { 
/**
 * Its name within the piece.
 */
key: string, shows: Shows, 
/**
 * Hash of the cleaned original.
 */
original: string, 
/**
 * Hash of the small picture, for what can be seen.
 */
preview: string | null, media_type: string, 
/**
 * What a file of its type is called after the dot.
 */
ending: string, 
/**
 * As shown before the maker turned it; 0 for what can't be seen.
 */
width: number, height: number, size: number, 
/**
 * How long it plays, in milliseconds.
 */
duration: number | null, 
/**
 * ThumbHash, base64; empty for what can't be seen.
 */
placeholder: string, 
/**
 * What a document is called.
 */
name: string, caption: string, 
/**
 * What it shows, for who can't see it.
 */
alt: string, 
/**
 * Quarter turns clockwise.
 */
turn: number, marks: Array<Mark>, 
/**
 * The original's bytes are on this device.
 */
is_here: boolean, where: Whereabouts, };

/**
 * What changes about one medium or link; what is null stays.
 */
export type MediumEdit = { key: string, caption: TextEdit | null, alt: TextEdit | null, 
/**
 * Quarter turns clockwise.
 */
turn: number | null, 
/**
 * Out of sight, or back.
 */
is_out: boolean | null, mark: NewMark | null, 
/**
 * A mark to be taken away.
 */
unmark: string | null, };

/**
 * A link for a mentor.
 */
export type MentorLink = { link: string, person: string, 
/**
 * She sees nothing until a teacher confirms.
 */
proposed: boolean, };

/**
 * A move of a piece from one folio of a student to another one.
 */
export type MoveTo = { from: string, to: string, 
/**
 * The title of the project it is moved to; empty for the home folio.
 */
title: string, 
/**
 * Whose folios.
 */
student_name: string, };

/**
 * From which folio to which other one of the same student a piece is moved.
 */
export type Moving = { piece: string, from: string, to: string, };

/**
 * A judgement.
 */
export type NewAssessment = { piece: string, student: string, outcome: string, level: number, weight: AssessmentKind, 
/**
 * The day of the work; the piece's own for null.
 */
work_date: string | null, next_step: string, replaces: string | null, };

/**
 * A project for a class.
 */
export type NewClassProject = { class: string, title: string, brief: string, outcomes: string[], };

/**
 * An entry of a kind that needs nothing but its words.
 */
export type NewEntry = { piece: string, 
/**
 * About the work itself for null.
 */
about: string | null, body: EntryBody, 
/**
 * The entry of one's own that it replaces.
 */
replaces: string | null, };

/**
 * Feedback in three parts, any of which may be empty.
 */
export type NewFeedback = { piece: string, 
/**
 * About the work itself for null.
 */
about: string | null, did_well: string, improve: string, next_step: string, outcome: string | null, 
/**
 * The spot that it points at.
 */
spot: SpotOn | null, replaces: string | null, };

/**
 * What is said of a file that travels beside the call: the first of these is about the first file.
 */
export type NewFile = { caption: string, 
/**
 * What it shows, for who can't see it.
 */
alt: string, 
/**
 * The medium whose place it takes; that one is kept.
 */
replaces: string | null, };

/**
 * A page elsewhere.
 */
export type NewLink = { url: string, caption: string, };

/**
 * A spot to point at, in ten-thousandths from the upper left corner of the picture before it was turned.
 */
export type NewMark = { x: number, y: number, words: string, };

/**
 * A mentor to be invited into one folio, until her part ends.
 */
export type NewMentor = { folio: string, name: string, until: number, };

/**
 * A part to be given.
 */
export type NewPart = { folio: string, person: string, role: Role, 
/**
 * A reader may speak, too.
 */
may_write: boolean, until: number | null, };

/**
 * A piece to be made. Its files travel beside it.
 */
export type NewPiece = { files: NewFile[], links: NewLink[], title: string, words: string, 
/**
 * The day of the work by the calendar of who captures: today, if nothing else is said.
 */
work_date: string, outcomes: string[], folios: string[], 
/**
 * Null: one's own alone.
 */
audience: Role[] | null, kind: PieceKind, revises: string | null, };

/**
 * A project of one's own.
 */
export type NewProject = { title: string, brief: string, outcomes: string[], };

/**
 * An answer.
 */
export type NewReply = { piece: string, to: Reference, words: string, };

/**
 * Nothing.
 */
export type Nothing = Record<symbol, never>;

/**
 * A piece that is offered to a folio of one's own, or of a student whom one teaches.
 */
export type Offer = { piece: PieceLine, folio: string, student: string, student_name: string, 
/**
 * The project's title.
 */
title: string, };

/**
 * A classmate to whom a piece can be offered.
 */
export type OfferTo = { student: string, name: string, project: string, title: string, };

/**
 * To whom a piece is offered.
 */
export type Offering = { piece: string, student: string, project: string, };

/**
 * What kind of line this is.
 */
export type OnLine = { is_metered: boolean, };

/**
 * A device.
 */
export type OneDevice = { device: string, };

/**
 * A folio.
 */
export type OneFolio = { folio: string, };

/**
 * A part.
 */
export type OnePart = { folio: string, person: string, role: Role, };

/**
 * A piece.
 */
export type OnePiece = { piece: string, };

/**
 * A project; home for null.
 */
export type OneProject = { project: string | null, };

/**
 * A sheet, by its name.
 */
export type OneSheet = { sheet: string, };

/**
 * A student.
 */
export type OneStudent = { student: string, };

/**
 * One thing a student can show.
 */
export type Outcome = { id: string, code: string, statement: string, 
/**
 * The same in a student's words.
 */
friendly: string, 
/**
 * What each level looks like, lowest first; may be shorter than the scale.
 */
rubric: Array<string>, parent: string | null, framework: string, framework_title: string, };

/**
 * How one outcome's level grew: a step for each at-bat.
 */
export type OutcomeGrowth = { outcome: string, steps: Array<Grown>, };

/**
 * Where a student stands in one outcome.
 */
export type OutcomeLevel = { outcome: string, is: LevelState, 
/**
 * The level's position, for "level".
 */
level: number | null, 
/**
 * If not, it is only "from what you can see", and never shown as the level.
 */
whole: boolean, tally: Tally, 
/**
 * By day.
 */
at_bats: Array<AtBat>, 
/**
 * Judgements that don't count.
 */
beside: Array<Beside>, };

/**
 * Which outcomes a person chose, and which were chosen when she began.
 */
export type OutcomesEdit = { before: string[], after: string[], };

/**
 * An offer of one's own.
 */
export type OwnOffer = { folio: string, 
/**
 * Whose folio; empty if that is not known here.
 */
student_name: string, 
/**
 * It was declined, or taken out again after it had been accepted. Otherwise nobody has answered it.
 */
is_declined: boolean, };

/**
 * One's own part in a folio.
 */
export type Part = { folio: string, student: string, student_name: string, title: string, role: Role, until: number | null, };

/**
 * A person, as others in her circles know her.
 */
export type Person = { id: string, name: string, kinds: PersonKind[], };

/**
 * A piece as this person may see it.
 */
export type Piece = { words: string, media: Array<Medium>, 
/**
 * Media that the maker replaced or took out; kept.
 */
earlier: Array<Medium>, links: Array<Link>, voices: Array<Voice>, 
/**
 * The earlier piece that it revises.
 */
revises: string | null, 
/**
 * Where two of the maker's devices disagree.
 */
alternatives: Array<Alternative>, 
/**
 * Sheets that can't be shown now.
 */
unshown: number, may: May, placings: Placings, piece: string, kind: PieceKind, maker: string, maker_name: string, title: string, work_date: string | null, 
/**
 * When it was made, by the maker's device.
 */
made: number, 
/**
 * Those in whose folios it lies.
 */
students: Array<Placed>, outcomes: Array<string>, photos: number, 
/**
 * ThumbHash of the first that can be seen, base64.
 */
placeholder: string | null, 
/**
 * Hash of its preview.
 */
preview: string | null, 
/**
 * How far its maker turned it, in quarter turns clockwise.
 */
turn: number, 
/**
 * What the first medium is, for a piece without a picture.
 */
shows: Shows | null, feedback: number, judgements: number, replies: number, 
/**
 * With whom it is shared; its maker's alone for none.
 */
audience: Role[] | null, where: Whereabouts, };

/**
 * What a piece is.
 */
export type PieceKind = "evidence" | "observation" | "newer";

/**
 * A piece in a list.
 */
export type PieceLine = { piece: string, kind: PieceKind, maker: string, maker_name: string, title: string, work_date: string | null, 
/**
 * When it was made, by the maker's device.
 */
made: number, 
/**
 * Those in whose folios it lies.
 */
students: Array<Placed>, outcomes: Array<string>, photos: number, 
/**
 * ThumbHash of the first that can be seen, base64.
 */
placeholder: string | null, 
/**
 * Hash of its preview.
 */
preview: string | null, 
/**
 * How far its maker turned it, in quarter turns clockwise.
 */
turn: number, 
/**
 * What the first medium is, for a piece without a picture.
 */
shows: Shows | null, feedback: number, judgements: number, replies: number, 
/**
 * With whom it is shared; its maker's alone for none.
 */
audience: Role[] | null, where: Whereabouts, };

/**
 * A folio that a piece lies in.
 */
export type Placed = { 
/**
 * The student's id.
 */
id: string, name: string, folio: string, title: string, };

/**
 * Where a piece is placed.
 */
export type Placing = { piece: string, folio: string, };

/**
 * What this person can do about where a piece lies.
 */
export type Placings = { 
/**
 * Folios it can be taken out of; of an offer, that it can be taken back from.
 */
take_out: Array<string>, 
/**
 * Folios of the same student that it can be moved to.
 */
moves: Array<MoveTo>, 
/**
 * Classmates to whom it can be offered. Whether one has a folio in the project, the school knows.
 */
offer_to: Array<OfferTo>, 
/**
 * The maker's own offers that were not accepted.
 */
offers: Array<OwnOffer>, };

/**
 * Something students work on.
 */
export type Project = { id: string, title: string, brief: string, outcomes: Array<string>, class: string | null, started_by: string | null, 
/**
 * One's own folio in it, if there is one.
 */
folio: string | null, };

/**
 * A mentor who was proposed and waits for a teacher's word, and in which folio.
 */
export type Proposal = { folio: string, 
/**
 * The folio's project.
 */
title: string, student: string, student_name: string, proposed: Proposed, 
/**
 * This person teaches there: she may confirm or decline it. Otherwise it is her own, and she may take it back.
 */
may_answer: boolean, };

/**
 * Somebody who was proposed as a mentor.
 */
export type Proposed = { person: string, name: string, by: string, by_name: string, until: number, };

/**
 * A mentor whom a student proposed.
 */
export type ProposedMentor = { folio: string, person: string, };

/**
 * A piece that waits for a teacher.
 */
export type QueueRow = { piece: PieceLine, student: string, student_name: string, 
/**
 * Outcomes it is offered for that this teacher has not judged.
 */
outcomes: Array<string>, 
/**
 * Mentors' judgements that no teacher has confirmed.
 */
to_confirm: Array<ToConfirm>, 
/**
 * It is offered for no outcome, and no teacher has answered it.
 */
is_untagged: boolean, };

/**
 * An entry of another voice on the same piece.
 */
export type Reference = { author: string, about: string | null, entry: string, };

/**
 * A reflection; it is edited in place.
 */
export type Reflecting = { piece: string, words: TextEdit, };

/**
 * Something the school refused.
 */
export type Refused = { why: string, words: string, };

/**
 * What a level needs.
 */
export type Rule = { at_bats: number, projects: number, days: number, };

/**
 * The school, its levels and its rule.
 */
export type School = { name: string, 
/**
 * Lowest first.
 */
levels: Array<LevelWord>, 
/**
 * Position of the level to reach.
 */
target: number, rule: Rule, };

/**
 * Somebody who can see a piece.
 */
export type Seer = { person: string, name: string, roles: Role[], is_me: boolean, };

/**
 * With whom a piece is shared.
 */
export type Sharing = { piece: string, audience: Role[], };

/**
 * How a medium is shown.
 */
export type Shows = "picture" | "film" | "sound" | "document";

/**
 * A spot on one of the pictures of a piece.
 */
export type SpotOn = { medium: string, x: number, y: number, };

/**
 * A project that a class works on.
 */
export type StartedProject = { project: string, };

/**
 * How this device stands with the school.
 */
export type Status = { 
/**
 * The school does not know this device any more.
 */
locked: boolean, 
/**
 * What has not reached the school.
 */
waiting: Array<Waiting>, uploads: Array<Upload>, 
/**
 * Announced and not here yet.
 */
to_fill: number, 
/**
 * What the school keeps back, since it came after one's part had ended.
 */
held: Array<Kept>, 
/**
 * What the school refused for good; kept here, readable.
 */
refused: Array<Refused>, 
/**
 * Sheets that can't be opened.
 */
unopened: number, 
/**
 * Records of which this version can't read everything: a newer one wrote them. They are kept, and read after an update.
 */
newer: number, 
/**
 * Other devices in one's own name that none of one's devices vouched for.
 */
new_devices: Array<string>, media: MediaUsage, 
/**
 * All uploads are held back.
 */
paused: boolean, 
/**
 * Originals wait for a line that is not paid by the byte.
 */
thrifty: boolean, };

/**
 * How far she is on the way to a level: "2 of 3 at-bats, 1 of 2 projects".
 */
export type Tally = { 
/**
 * The level reached, or the one to reach.
 */
towards: number, at_bats: number, of_at_bats: number, projects: number, of_projects: number, days: number, of_days: number, };

/**
 * What a person made of a text, and what stood in it when she began: what another of her devices wrote since stays.
 */
export type TextEdit = { before: string, after: string, };

/**
 * A mentor's judgement that waits.
 */
export type ToConfirm = { of: Reference, mentor_name: string, outcome: string, level: number, };

/**
 * A photo on its way.
 */
export type Upload = { piece: string, piece_title: string, hash: string, is_preview: boolean, held: HeldBack, sent: number, size: number, why: string | null, };

/**
 * What one person says on a piece about one student.
 */
export type Voice = { author: string, author_name: string, about: string | null, about_name: string | null, 
/**
 * As what it is read.
 */
role: Role, entries: Array<Entry>, 
/**
 * Changes whose signature can't be verified yet.
 */
unverified: number, where: Whereabouts, };

/**
 * One piece with something that has not reached the school.
 */
export type Waiting = { piece: string | null, piece_title: string | null, why: string | null, };

/**
 * Where something of one's own is. Others' work is always at the school.
 */
export type Whereabouts = { at: At, 
/**
 * The reason's code.
 */
why: string | null, 
/**
 * Bytes of photos that arrived.
 */
sent: number, 
/**
 * Bytes of photos in all.
 */
of: number, };

/**
 * Whose next device; one's own for null.
 */
export type WhoseDevice = { person: string | null, };

/**
 * Whose folios; everyone's for null.
 */
export type WhoseFolios = { student: string | null, };

/**
 * An entry of one's own to be taken back.
 */
export type Withdrawing = { piece: string, about: string | null, entry: string, };

/** Every call: what goes in, what comes back. */
export interface Calls {
  /** Who this device belongs to. */
  me: [Nothing, Me];
  /** Everyone known here, by name. */
  people: [Nothing, Array<Person>];
  /** Every outcome known here, in the order of its framework. */
  outcomes: [Nothing, Array<Outcome>];
  /** Every project known here, by title. */
  projects: [Nothing, Array<Project>];
  /** All folios one may see, or a student's. */
  folios: [WhoseFolios, Array<FolioLine>];
  /** Folios in which one may place a piece of one's own, those of one's group among them (with no roles of one's own). */
  places: [Nothing, Array<FolioLine>];
  /** One folio with its pieces and its circle. */
  folio: [OneFolio, Folio];
  /** Pieces one made, newest first. */
  mine: [Nothing, Array<PieceLine>];
  /** One piece with everything one may read on it. */
  piece: [OnePiece, Piece];
  /** Shared work that waits for this teacher, oldest work first. */
  review_queue: [Nothing, Array<QueueRow>];
  /** What classmates offer to one's own folios, or to those of students whom one teaches, oldest piece first. */
  offers: [Nothing, Array<Offer>];
  /** What came late and waits for a teacher's word. */
  late_work: [Nothing, Array<LateWork>];
  /** Null for those who are shown no levels: mentors, peers. */
  levels: [OneStudent, Levels | null];
  /** How levels grew; null for those who are shown none. */
  growth: [OneStudent, Growth | null];
  /** Students one teaches by the outcomes their projects aim at. */
  grid: [GridOf, Grid];
  /** The classes one teaches or advises. */
  classes: [Nothing, Array<Class>];
  /** One's own devices, newest first. */
  devices: [Nothing, Array<DeviceLine>];
  /** Who can see a piece. */
  who_sees: [OnePiece, Array<Seer>];
  /** Mentors who wait for a teacher's word. */
  proposals: [Nothing, Array<Proposal>];
  /** What others said to this person: all that is new, and the latest of what is not. */
  inbox: [Nothing, Array<InboxRow>];
  /** She looked at what was said to her. */
  mark_read: [AnyPiece, Done];
  /** What has not reached the school, and why. */
  status: [Nothing, Status];
  /** Looks at a file that was just picked: whether it will be taken, and what to say of it. */
  inspect: [Nothing, Inspected];
  /** Saves a new piece with its photos. */
  capture: [NewPiece, MadePiece];
  /** Changes a piece of one's own. */
  edit: [Edits, Done];
  /** Starts a project of one's own. */
  start_project: [NewProject, MadeProject];
  /** Takes up a folio of one's own in a project. */
  join_project: [OneProject, MadeFolio];
  /** Places a piece in one more folio. */
  place: [Placing, Done];
  /** Offers a piece to a classmate's folio in a project. */
  offer: [Offering, MadeFolio];
  /** Accepts what is offered to a folio. */
  accept_offer: [Placing, Done];
  /** Takes a piece out of a folio; declines what is offered to it; takes an offer of one's own back. */
  take_out: [Placing, Done];
  /** Moves a piece to another folio of the same student. */
  move_piece: [Moving, Done];
  /** Sets who may see a piece. */
  share: [Sharing, Done];
  /** Makes a piece one's own again. */
  unshare: [OnePiece, Done];
  /** Erases a piece of one's own for ever. */
  erase: [OnePiece, Done];
  /** Gives an entry of a kind that needs nothing but its words. */
  give: [NewEntry, MadeEntry];
  /** Gives feedback. */
  give_feedback: [NewFeedback, MadeEntry];
  /** Judges one outcome for one student. */
  assess: [NewAssessment, MadeEntry];
  /** Takes a mentor's judgement as one's own. */
  confirm: [Confirming, MadeEntry];
  /** Answers an entry. */
  reply: [NewReply, MadeEntry];
  /** Writes one's reflection, or edits it. */
  reflect: [Reflecting, MadeEntry];
  /** Takes back something one said. */
  withdraw: [Withdrawing, Done];
  /** Holds files on their way back, or lets them go. */
  hold: [Holding, Done];
  /** Says how files are sent. */
  sending: [HowSent, Done];
  /** Says what kind of line this is. */
  on_line: [OnLine, Done];
  /** Lets go of every original that the school has. They come back when they are opened. */
  free_space: [Nothing, Freed];
  /** Nothing waits for its time any more. */
  wake: [Nothing, Done];
  /** Invites the next device of one's own, or of a student one teaches. */
  invite_device: [WhoseDevice, DeviceLink];
  /** Invites a mentor into one folio. */
  invite_mentor: [NewMentor, MentorLink];
  /** Confirms a mentor whom a student proposed. */
  confirm_mentor: [ProposedMentor, Done];
  /** Declines a mentor whom a student proposed. */
  decline_mentor: [ProposedMentor, Done];
  /** Gives somebody a part in a circle. */
  grant_part: [NewPart, Done];
  /** Ends a part that was granted. */
  end_part: [OnePart, Done];
  /** Starts a project for a class one teaches. */
  start_class_project: [NewClassProject, StartedProject];
  /** Lets through what came late of a sheet. */
  release: [OneSheet, Done];
  /** Revokes a device of one's own, or of a student one teaches. */
  revoke_device: [OneDevice, Done];
}
