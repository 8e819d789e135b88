//! Where the relay answers otherwise than the server of tus's makers, and why.

/// One difference, in the steps that meet it.
pub(crate) struct Difference {
    /// The status, or a header.
    pub(crate) what: &'static str,
    pub(crate) ours: &'static str,
    pub(crate) theirs: &'static str,
    pub(crate) steps: &'static [&'static str],
    /// What the protocol says, or what our files need.
    pub(crate) why: &'static str,
}

const fn row(
    what: &'static str,
    [ours, theirs]: [&'static str; 2],
    steps: &'static [&'static str],
    why: &'static str,
) -> Difference {
    Difference { what, ours, theirs, steps, why }
}

pub(crate) const DIFFERENCES: [Difference; 25] = [
    // What we say and they don't.
    row(
        "upload-offset",
        ["0", "-"],
        &[
            "begin",
            "begin nothing",
            "begin without knowing the length",
            "begin with a length for another time",
            "begin for a checksum",
            "begin to be ended",
            "begin where only POST gets through",
        ],
        "creation-with-upload asks for it; we say it of no bytes too, so that a device knows without asking again",
    ),
    row(
        "upload-expires",
        ["there", "-"],
        &[
            "ask",
            "ask after a part",
            "ask after what was refused",
            "ask for what came in part",
            "ask while the length is unknown",
            "ask after what didn't add up",
        ],
        "a device that comes back after days wants to know whether it is worth it",
    ),
    row(
        "tus-max-size",
        ["1000000", "-"],
        &[
            "too many bytes",
            "a byte when all is there",
            "begin too large",
            "begin with too many bytes",
            "a length that is too long",
        ],
        "whoever is told that something is too much is told how much may be",
    ),
    row(
        "tus-version",
        ["1.0.0", "-"],
        &["bytes in no version", "begin in no version"],
        "a 412 must come with the versions that are spoken",
    ),
    row(
        "may be kept",
        ["false", "true"],
        &[
            "ask for what never was",
            "ask for a path above",
            "ask for a path in disguise",
            "ask for nothing by name",
            "ask for what was ended",
        ],
        "an absence kept on the way would outlive an upload's beginning",
    ),
    // Statuses.
    row(
        "status",
        ["412", "400"],
        &["bytes in another version", "ask in another version"],
        "the protocol asks for 412",
    ),
    row(
        "status",
        ["400", "403"],
        &["bytes without a place"],
        "it is the request that is malformed; nothing is forbidden",
    ),
    row("status", ["415", "400"], &["bytes of another type"], "the protocol asks for 415"),
    row("status", ["415", "403"], &["bytes of no type"], "the protocol asks for 415"),
    row(
        "status",
        ["405", "404"],
        &["look at an upload", "look at the collection", "put a file"],
        "the methods that there are stand in Allow; nothing is said of whether the upload exists",
    ),
    row(
        "status",
        ["400", "201"],
        &["begin without saying what"],
        "every file is named by its hash and its piece before it comes",
    ),
    row(
        "status",
        ["415", "201"],
        &["begin with bytes of another type"],
        "they keep nothing of those bytes and don't say so",
    ),
    // Checksums: they have none, and ignore the header.
    row("status", ["460", "204"], &["bytes that don't add up"], "they have no checksums"),
    row("upload-offset", ["0", "20"], &["ask after what didn't add up"], "they kept what didn't add up"),
    row("status", ["400", "409"], &["an unknown sum"], "they have no checksums, and all bytes already"),
    row("status", ["204", "409"], &["bytes that add up"], "they have no checksums, and all bytes already"),
    // Concatenation: they have none.
    row(
        "status",
        ["201", "501"],
        &["begin a stretch", "begin another stretch", "join"],
        "their file store joins nothing",
    ),
    row("status", ["200", "400"], &["ask for a stretch", "ask for what was joined"], "it never began there"),
    row(
        "status",
        ["400", "501"],
        &["join what isn't complete", "join nothing"],
        "their file store joins nothing",
    ),
    row("status", ["204", "400"], &["complete the stretch"], "it never began there"),
    row("status", ["404", "501"], &["join with what never was"], "their file store joins nothing"),
    row("status", ["403", "400"], &["bytes for what was joined"], "it never began there"),
    // Method override: they ignore it, though the protocol asks for it.
    row(
        "status",
        ["204", "400"],
        &["bytes by POST", "end by POST"],
        "they don't hear X-HTTP-Method-Override",
    ),
    row("status", ["200", "400"], &["ask by POST"], "they don't hear X-HTTP-Method-Override"),
    row("status", ["405", "400"], &["post to an upload"], "the methods that there are stand in Allow"),
];
