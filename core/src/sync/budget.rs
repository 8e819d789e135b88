//! What one person, one device, one address and one school may cost the relay: every bound, in one place.
//!
//! Honest work stays far below each of them. Whoever reaches one is refused in words that name it, and nobody else
//! notices. The relay enforces them; devices may show them.

/// Bytes of acts and changes that one person stores, with all that the relay keeps of them: rows, indices, signatures,
/// names of files. The school can set another limit for a person.
pub const PERSON_BYTES: u64 = 256 * 1024 * 1024;
/// What an act or a change takes besides its body: its rows in the log and its indices.
pub const ITEM_BYTES: u64 = 512;
/// What a file's name in a change takes: in the change, as a claim, as a link, each with its index.
pub const FILE_NAME_BYTES: u64 = 200;
/// What one reader's sight of one document, or one record she is told of, takes.
pub const READER_BYTES: u64 = 160;
/// What a folio, or a project, takes besides its act.
pub const FOLIO_BYTES: u64 = 640;

/// What a call to the directory takes: a part in a circle, a proposal, an invitation, each with those who are told of it.
pub const CALL_BYTES: u64 = 4 * 1024;

/// Folios of a student's own, and projects that one person starts on her devices.
pub const OWN_FOLIOS: u64 = 200;
/// Folios that one piece lies in.
pub const PLACEMENTS: usize = 60;
/// Placements and offers of a piece that stand in one folio: each device of its maker may have made one.
pub const PLACINGS_OF_A_FOLIO: usize = 10;
/// Offers of a piece to one folio, ever.
pub const OFFERS: usize = 3;
/// Open offers of one person to one folio.
pub const OPEN_OFFERS: u64 = 20;
/// Acts of one piece.
pub const ACTS_OF_A_PIECE: usize = 200;
/// Different files that one document names.
pub const FILES_OF_A_DOCUMENT: u64 = 1_000;
/// Changes of one person that are held back after her role ended.
pub const HELD: u64 = 200;
/// Bytes of those.
pub const HELD_BYTES: u64 = 4 * 1024 * 1024;

/// Devices of one person that are not revoked.
pub const DEVICES: u32 = 20;
/// Devices that one person enrols within a day.
pub const ENROLMENTS_A_DAY: u32 = 20;
/// Tokens that one device chooses while it is enrolled by the same invitation: a bad line makes it ask again.
pub const TOKENS_OF_A_DEVICE: u32 = 50;
/// Invitations of one person that are open.
pub const OPEN_INVITATIONS: u32 = 20;
/// Devices unknown to the relay that one that comes back may bring with it: those that vouch for it.
pub const CHAIN_UNKNOWN: usize = 8;
/// Mentors whom one student has proposed and no teacher has confirmed, ever.
pub const PROPOSALS: u32 = 20;
/// Mentors and open proposals of one folio.
pub const MENTORS_OF_A_FOLIO: u32 = 20;

/// Requests of one person that are worked on at a time.
pub const AT_ONCE: u32 = 4;
/// Requests of one person that wait for that.
pub const WAITING: u32 = 48;
/// Files of one person on their way at a time, in either direction.
pub const TRANSFERS: u32 = 24;
/// Requests of one person in a second, for long, over whatever lines.
pub const REQUESTS_A_SECOND: u32 = 100;
/// Requests of one person at once, after a quiet while.
pub const REQUESTS_AT_FIRST: u32 = 2_000;
/// Live lines of one device.
pub const LINES_OF_A_DEVICE: usize = 4;
/// Live lines of one person.
pub const LINES_OF_A_PERSON: usize = 24;
/// Items of one exchange that are decided in one turn of the writer; others' turns come between.
pub const ITEMS_A_TURN: usize = 64;

/// Tokens and invitations that nobody has, from one address in a minute, for long.
pub const GUESSES_A_MINUTE: u32 = 60;
/// The same at once.
pub const GUESSES_AT_FIRST: u32 = 300;
/// Connections of one address that have not said anything yet.
pub const SILENT_CONNECTIONS: usize = 256;

/// Encoded bytes of one answer, before the one record or change that no longer fits.
pub const ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of a framework as it is sent.
pub const FRAMEWORK_BYTES: usize = 6 * 1024 * 1024;
/// Pieces whose readers are worked out within the transaction of the event that made it necessary; more of them follow
/// in turns of as many.
pub const PIECES_A_TURN: usize = 64;
