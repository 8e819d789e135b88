//! The relay at work: one writer that commits in groups, readers beside it, and the exchange that uses both.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId, SchoolId};
use fieldfolio_core::sync::budget;
use fieldfolio_core::sync::relay::{Asker, commit, commit_release, prepare, prepare_release};
use fieldfolio_core::sync::wire::{Cursor, Item, Request, Response, Verdict};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::database::{self, DatabaseError};
use crate::ends::{self, Ends, EndsError};
use crate::fork::{self, Standing};
use crate::gate::{ContainedTrial, Gate};
use crate::ledger::SqliteLedger;
use crate::limits::Comparisons;
use crate::{directory, log, media, news, sight};

pub use writer::Lane;

use porter::Porters;
use readers::Readers;
use writer::{Signals, Writer};

mod porter;
mod readers;
mod writer;

/// The relay's clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Something that is no verdict went wrong: the answer is "again, later".
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The writer is gone: the process is ending.
    #[error("the relay is shutting down")]
    Closing,
    /// The group of writes was not committed; the log says why.
    #[error("the write was not committed")]
    NotCommitted,
    /// What is left of the disk is for the school's own commands.
    #[error("the disk is nearly full")]
    DiskFull,
    /// An answer would be larger than any device reads.
    #[error("an answer is larger than any device reads")]
    TooLarge,
    /// Too much of one person's waits already.
    #[error("too much of this person's waits already")]
    Busy,
    /// What somebody may see is being worked out anew, or too many ask at once. It says nothing of who asks.
    #[error("it can't be said just now")]
    NotYet,
    /// Nothing may be taken in.
    #[error("{}", ends::MISSING)]
    OnlyReading,
    /// What ended can't be written down.
    #[error(transparent)]
    Ends(#[from] Box<EndsError>),
}

impl From<rusqlite::Error> for RelayError {
    fn from(error: rusqlite::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

/// The most bytes of the disk that are kept free for what the school itself has to write.
const MOST_FLOOR: u64 = 256 * 1024 * 1024;

/// One school's relay.
#[derive(Debug)]
pub struct Relay {
    folder: PathBuf,
    school: SchoolId,
    quotas: Quotas,
    readers: Readers,
    porters: Porters,
    writer: Writer,
    signals: Signals,
    /// Free bytes of the disk below which nothing new is taken in, so that what the school must do can still be done.
    disk_floor: u64,
    /// What ended since the copy that is served was made is not known: nothing is taken in.
    only_reads: bool,
    gate: Gate,
    comparisons: Comparisons,
}

impl Relay {
    /// Opens the school in `folder`, for a tool that looks at it.
    pub fn open(folder: &Path, config: &Config) -> Result<Arc<Self>, RelayError> {
        let conn = database::open(folder)?;
        Self::with(folder, config, conn, None, false)
    }

    /// Opens it to be served: what ended in a log that is lost ends again, and if nobody knows what that was, nothing is
    /// taken in.
    pub fn open_to_serve(folder: &Path, config: &Config) -> Result<Arc<Self>, RelayError> {
        let mut conn = database::open(folder)?;
        let ends = Ends::open(&mut conn, ends::file(folder, config), now()).map_err(Box::new)?;
        let only_reads = ends.is_none();
        Self::with(folder, config, conn, ends, only_reads)
    }

    fn with(
        folder: &Path,
        config: &Config,
        conn: Connection,
        ends: Option<Ends>,
        only_reads: bool,
    ) -> Result<Arc<Self>, RelayError> {
        let school = school_of(&conn)?;
        let signals = Signals::default();
        Ok(Arc::new(Self {
            folder: folder.to_owned(),
            school,
            quotas: Quotas { person: config.quota_bytes_per_person, school: config.quota_bytes_per_school },
            readers: Readers::new(folder, config.reader_connections),
            porters: Porters::start(folder),
            writer: Writer::start(folder, conn, ends, signals.clone()),
            only_reads,
            signals,
            disk_floor: (config.disk_floor_bytes / 4).min(MOST_FLOOR),
            gate: Gate::new(config),
            comparisons: Comparisons::new(),
        }))
    }

    /// One exchange: what the device sends first, then what it is told.
    pub fn exchange(&self, asker: Asker, mut request: Request) -> Result<Response, RelayError> {
        request.audit = request.audit.filter(|_| self.comparisons.may_compare(asker.device));
        self.end_what_expired()?;
        self.notice_lost_log(asker.person, request.cursor)?;
        for document in self.read_for(asker.person, |conn| directory::releases::of(conn, asker.person))? {
            self.release(asker.person, document)?;
        }
        let mut verdicts = Vec::new();
        if self.only_reads {
            verdicts = vec![Verdict::Busy; request.items.len()];
        } else if !request.items.is_empty() && self.disk_is_low() {
            verdicts = vec![Verdict::OverQuota; request.items.len()];
        } else {
            // In stretches, each in a turn of its own: others' turns come between.
            for items in request.items.chunks(budget::ITEMS_A_TURN) {
                verdicts.extend(self.take(asker, items)?);
            }
        }
        let mut response = self.read_for(asker.person, |conn| {
            let reading = conn.unchecked_transaction()?;
            tell(&reading, asker, &request, now())
        })?;
        response.verdicts = verdicts;
        Ok(response)
    }

    /// Is so little of the disk free that only what the school itself has to do is still written?
    fn disk_is_low(&self) -> bool {
        // A disk that does not say is taken as it comes: a write that fails is refused.
        let free = fs4::available_space(&self.folder).unwrap_or(u64::MAX);
        let is_low = free < self.disk_floor;
        if is_low {
            tracing::warn!(free, floor = self.disk_floor, "nothing is taken in: the disk is nearly full");
        }
        is_low
    }

    /// Refuses what devices ask to be written while the disk is nearly full; what the school's own commands write has room.
    pub(crate) fn must_have_disk(&self) -> Result<(), RelayError> {
        match self.disk_is_low() {
            true => Err(RelayError::DiskFull),
            false => Ok(()),
        }
    }

    /// A cursor that this relay gave out, and that its log knows nothing of: a copy was put in its place. A new epoch
    /// begins, and devices bring what is lost.
    fn notice_lost_log(&self, person: PersonId, cursor: Cursor) -> Result<(), RelayError> {
        let is_unheard =
            move |conn: &Connection| Ok(fork::standing(conn, cursor, log::head(conn)?)? == Standing::Unheard);
        if self.read_for(person, is_unheard)? {
            tracing::warn!("the log went back: a device knows more than it; a new epoch begins");
            self.writer.write(Lane::School, move |tx, now| match is_unheard(tx)? {
                true => fork::begin(tx, now, 0),
                false => Ok(()),
            })?;
        }
        Ok(())
    }

    /// Releases what is held back of a document: by its author, where she may write again; by who teaches there. False
    /// when there is nothing that `by` may release.
    pub fn release(&self, by: PersonId, document: DocumentId) -> Result<bool, RelayError> {
        let school = self.school;
        if self.only_reads {
            return Ok(false);
        }
        let untried = self.read_for(by, |conn| {
            prepare_release(&SqliteLedger::reading(conn, school, now()), document, by)
        })?;
        let Some(release) = untried.and_then(|untried| untried.try_in(&self.gate.of(by))) else {
            return Ok(false);
        };
        self.write_for(by, move |tx, now| {
            let may = release.is_of(by) || directory::releases::may_release(tx, by, document, now)?;
            if !may {
                return Ok(false);
            }
            commit_release(&mut SqliteLedger::writing(tx, school, now), &release, by)
        })
    }

    fn take(&self, asker: Asker, items: &[Item]) -> Result<Vec<Verdict>, RelayError> {
        let mut verdicts: Vec<Verdict> = vec![Verdict::Busy; items.len()];
        let mut open: Vec<usize> = (0..items.len()).collect();
        // A trial that was overtaken by another commit on the same document is made again, a few times. One that was
        // put off is not: whoever brought it waits for her next turn.
        for _ in 0..4 {
            let tried = open.iter().filter_map(|at| items.get(*at).cloned()).collect();
            // One moment: a change that another exchange commits between two looks would seem to have taken its own place.
            let untried = self.read_for(asker.person, |conn| {
                let moment = conn.unchecked_transaction()?;
                prepare(&SqliteLedger::reading(&moment, self.school, now()), asker, tried)
            })?;
            let batch = Arc::new(untried.try_all(&self.gate.of(asker.person)));
            let (school, tried) = (self.school, batch.clone());
            let decided = self.write_for(asker.person, move |tx, now| {
                commit(&mut SqliteLedger::writing(tx, school, now), asker, &tried)
            })?;
            let mut overtaken = Vec::new();
            for (position, (at, verdict)) in open.into_iter().zip(decided).enumerate() {
                if verdict == Verdict::Busy && batch.is_fit(position) {
                    overtaken.push(at);
                }
                if let Some(slot) = verdicts.get_mut(at) {
                    *slot = verdict;
                }
            }
            open = overtaken;
            if open.is_empty() {
                break;
            }
        }
        Ok(verdicts)
    }

    /// The gate that every change passes.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Circle rows whose time has come end before anything else is decided.
    pub fn end_what_expired(&self) -> Result<(), RelayError> {
        if self.read(|conn| directory::anything_due(conn, now()))? {
            self.writer.write(Lane::School, directory::expire_due)?;
        }
        Ok(())
    }

    /// One turn of what waits after large events of the directory; whether more of it waits.
    pub fn refresh_some(&self) -> Result<bool, RelayError> {
        match self.read(sight::is_waited_for)? {
            true => self.writer.write(Lane::Later, sight::refresh_some),
            false => Ok(false),
        }
    }

    /// Until the writer has committed a group since this was last waited for.
    pub async fn committed(&self) {
        self.signals.committed.notified().await;
    }

    /// Until something was erased since this was last waited for.
    pub async fn erased(&self) {
        self.signals.erased.notified().await;
    }

    /// Runs `read` on a connection that only reads.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, RelayError> {
        let reader = self.readers.take(None)?;
        Ok(read(reader.conn())?)
    }

    /// The same for a person, who has no more than half of them at a time.
    pub fn read_for<T>(
        &self,
        person: PersonId,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RelayError> {
        let reader = self.readers.take(Some(person))?;
        Ok(read(reader.conn())?)
    }

    /// A short look that waits behind nobody's work.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, RelayError> {
        self.porters.look(look).await
    }

    /// Runs `write` under the single writer, for the school. It is on disk when this returns.
    pub fn write<T, F>(&self, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    {
        self.write_in(Lane::School, write)
    }

    /// The same for a person, in her turn.
    pub fn write_for<T, F>(&self, person: PersonId, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    {
        self.write_in(Lane::Person(person), write)
    }

    /// The same in this lane.
    pub fn write_in<T, F>(&self, lane: Lane, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    {
        if self.only_reads {
            return Err(RelayError::OnlyReading);
        }
        self.writer.write(lane, write)
    }

    /// Nothing is taken in: see [`ends`].
    pub fn only_reads(&self) -> bool {
        self.only_reads
    }

    /// Who holds this token: the only way in.
    pub async fn authorise(&self, token: Vec<u8>) -> Result<Holder, RelayError> {
        self.look(move |conn| holder(conn, &token, now())).await
    }

    /// May this person read these bytes?
    pub fn may_read_blob(
        &self,
        person: PersonId,
        blob: fieldfolio_core::blob::BlobHash,
    ) -> Result<bool, RelayError> {
        self.end_what_expired()?;
        let may = self.read_for(person, |conn| {
            let row = sight::person_row(conn, person)?.unwrap_or_default();
            Ok(match sight::is_narrowed(conn, row)? {
                true => None,
                false => Some(media::may_read(conn, person, blob)?),
            })
        })?;
        may.ok_or(RelayError::NotYet)
    }

    /// The school.
    pub fn school(&self) -> SchoolId {
        self.school
    }

    /// How many bytes may be brought.
    pub(crate) fn quotas(&self) -> Quotas {
        self.quotas
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// How many bytes of media may be brought.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quotas {
    /// By each person.
    pub(crate) person: u64,
    /// By all together, if there is a limit.
    pub(crate) school: Option<u64>,
}

/// Runs `work`, which waits for disks and for the writer, beside the tasks that serve connections.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RelayError> + Send + 'static,
) -> Result<T, RelayError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(RelayError::Closing))
}

/// One exchange on one connection, with nothing beside it: what a simulation in one thread runs, and a small tool could.
pub fn exchange_alone(
    conn: &mut Connection,
    room: &ContainedTrial,
    asker: Asker,
    request: Request,
    now: Timestamp,
) -> Result<Response, RelayError> {
    let school = school_of(conn)?;
    if fork::standing(conn, request.cursor, log::head(conn)?)? == Standing::Unheard {
        let tx = database::begin(conn)?;
        fork::begin(&tx, now, 0)?;
        tx.commit()?;
    }
    for document in directory::releases::of(conn, asker.person)? {
        release_alone(conn, room, asker.person, document, now)?;
    }
    let items = request.items.clone();
    let untried = prepare(&SqliteLedger::reading(conn, school, now), asker, items)?;
    let batch = untried.try_all(room);
    let tx = database::begin(conn)?;
    directory::expire_due(&tx, now)?;
    while sight::refresh_some(&tx, now)? {}
    let verdicts = commit(&mut SqliteLedger::writing(&tx, school, now), asker, &batch)?;
    let response = tell(&tx, asker, &request, now)?;
    tx.commit()?;
    Ok(Response { verdicts, ..response })
}

/// The same for what is held back: see [`Relay::release`].
pub fn release_alone(
    conn: &mut Connection,
    room: &ContainedTrial,
    by: PersonId,
    document: DocumentId,
    now: Timestamp,
) -> Result<bool, RelayError> {
    let school = school_of(conn)?;
    let untried = prepare_release(&SqliteLedger::reading(conn, school, now), document, by)?;
    let Some(release) = untried.and_then(|untried| untried.try_in(room)) else { return Ok(false) };
    let tx = database::begin(conn)?;
    let may = release.is_of(by) || directory::releases::may_release(&tx, by, document, now)?;
    let done = may && commit_release(&mut SqliteLedger::writing(&tx, school, now), &release, by)?;
    tx.commit()?;
    Ok(done)
}

/// What a device is told; and where that is nothing, whether what it holds is all that it may read.
fn tell(conn: &Connection, asker: Asker, request: &Request, now: Timestamp) -> rusqlite::Result<Response> {
    let mut response = news::read(conn, asker.person, request.cursor, &request.fill, now)?;
    if let Some(held) = request.audit.filter(|_| response.is_empty() && !response.more) {
        let up_to = request.cursor.n;
        news::audit(conn, asker.person, (held, up_to), now, &mut response)?;
    }
    Ok(response)
}

/// Who shows a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// A device that may ask.
    Known(Asker),
    /// A device that was revoked.
    Revoked,
    /// No device at all.
    Nobody,
    /// A device of somebody whom the school has locked.
    Locked,
    /// A device of a mentor whose last part ended more than 30 days ago.
    Gone,
}

impl Holder {
    /// The device, if it may ask.
    pub fn known(self) -> Option<Asker> {
        match self {
            Holder::Known(asker) => Some(asker),
            Holder::Revoked | Holder::Nobody | Holder::Locked | Holder::Gone => None,
        }
    }
}

/// Who shows this token, now.
pub fn holder(conn: &Connection, token: &[u8], now: Timestamp) -> rusqlite::Result<Holder> {
    let hash: [u8; 32] = Sha256::digest(token).into();
    let found: Option<(Asker, i64, bool, bool)> = conn
        .prepare_cached(
            "select p.id, d.id, p.row, p.locked_at is not null, d.revoked_n is not null
             from device d join person p on p.row = d.person where d.token_hash = ?1",
        )?
        .query_row([hash.as_slice()], |row| {
            let (person, device) = (PersonId::from_bytes(row.get(0)?), DeviceId::from_bytes(row.get(1)?));
            Ok((Asker { person, device }, row.get(2)?, row.get(3)?, row.get(4)?))
        })
        .optional()?;
    let Some((asker, row, is_locked, is_revoked)) = found else { return Ok(Holder::Nobody) };
    if is_revoked {
        return Ok(Holder::Revoked);
    }
    if is_locked {
        return Ok(Holder::Locked);
    }
    Ok(match directory::mentors::standing(conn, row, now)? {
        directory::mentors::Standing::Gone => Holder::Gone,
        _ => Holder::Known(asker),
    })
}

/// The device that holds this token and may ask.
pub fn token_holder(conn: &Connection, token: &[u8], now: Timestamp) -> rusqlite::Result<Option<Asker>> {
    holder(conn, token, now).map(Holder::known)
}

/// The school whose database this is.
pub fn school_of(conn: &Connection) -> Result<SchoolId, RelayError> {
    let id = database::meta(conn, "school")?.and_then(|id| id.try_into().ok());
    Ok(SchoolId::from_bytes(id.ok_or(rusqlite::Error::QueryReturnedNoRows)?))
}
