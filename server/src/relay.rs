//! The relay at work: one writer that commits in groups, readers beside it, and the exchange that uses both.

use std::panic;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId, SchoolId};
use fieldfolio_core::sync::relay::{Asker, commit, commit_release, prepare, prepare_release};
use fieldfolio_core::sync::wire::{Cursor, Request, Response, Verdict};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::config::Config;
use crate::database::{self, DatabaseError};
use crate::ends::{self, Ends, EndsError};
use crate::fork::{self, Standing};
use crate::gate::{ContainedTrial, Gate};
use crate::ledger::SqliteLedger;
use crate::limits::Comparisons;
use crate::{directory, media, news};

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

/// One school's relay.
#[derive(Debug)]
pub struct Relay {
    folder: PathBuf,
    school: SchoolId,
    quotas: Quotas,
    readers: Readers,
    writer: Writer,
    committed: Arc<Notify>,
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
        let committed = Arc::new(Notify::new());
        Ok(Arc::new(Self {
            folder: folder.to_owned(),
            school,
            quotas: Quotas { person: config.quota_bytes_per_person, school: config.quota_bytes_per_school },
            readers: Readers::new(folder, config.reader_connections),
            writer: Writer::start(conn, ends, committed.clone()),
            only_reads,
            committed,
            gate: Gate::new(config),
            comparisons: Comparisons::new(),
        }))
    }

    /// One exchange: what the device sends first, then what it is told.
    pub fn exchange(&self, asker: Asker, mut request: Request) -> Result<Response, RelayError> {
        request.audit = request.audit.filter(|_| self.comparisons.may_compare(asker.device));
        self.end_what_expired()?;
        self.notice_lost_log(request.cursor)?;
        for document in self.read(|conn| directory::releases::of(conn, asker.person))? {
            self.release(asker.person, document)?;
        }
        let mut verdicts = Vec::new();
        if self.only_reads {
            verdicts = vec![Verdict::Busy; request.items.len()];
        } else if !request.items.is_empty() {
            verdicts = self.take(asker, &request)?;
        }
        let mut response = self.read(|conn| {
            let reading = conn.unchecked_transaction()?;
            tell(&reading, asker, &request, now())
        })?;
        response.verdicts = verdicts;
        Ok(response)
    }

    /// A cursor that this relay gave out, and that its log knows nothing of: a copy was put in its place. A new epoch
    /// begins, and devices bring what is lost.
    fn notice_lost_log(&self, cursor: Cursor) -> Result<(), RelayError> {
        let is_unheard = move |conn: &Connection| {
            Ok(fork::standing(conn, cursor, news::head(conn)?)? == Standing::Unheard)
        };
        if self.read(is_unheard)? {
            tracing::warn!("the log went back: a device knows more than it; a new epoch begins");
            self.writer.write(move |tx, now| match is_unheard(tx)? {
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
        let untried =
            self.read(|conn| prepare_release(&SqliteLedger::reading(conn, school, now()), document, by))?;
        let Some(release) = untried.and_then(|untried| untried.try_in(&self.gate.of(by))) else {
            return Ok(false);
        };
        self.writer.write(move |tx, now| {
            let may = release.is_of(by) || directory::releases::may_release(tx, by, document, now)?;
            if !may {
                return Ok(false);
            }
            commit_release(&mut SqliteLedger::writing(tx, school, now), &release, by)
        })
    }

    fn take(&self, asker: Asker, request: &Request) -> Result<Vec<Verdict>, RelayError> {
        let mut verdicts: Vec<Verdict> = vec![Verdict::Busy; request.items.len()];
        let mut open: Vec<usize> = (0..request.items.len()).collect();
        // A trial that was overtaken by another commit on the same document is made again, a few times. One that was
        // put off is not: whoever brought it waits for her next turn.
        for _ in 0..4 {
            let items = open.iter().filter_map(|at| request.items.get(*at).cloned()).collect();
            // One moment: a change that another exchange commits between two looks would seem to have taken its own place.
            let untried = self.read(|conn| {
                let moment = conn.unchecked_transaction()?;
                prepare(&SqliteLedger::reading(&moment, self.school, now()), asker, items)
            })?;
            let batch = Arc::new(untried.try_all(&self.gate.of(asker.person)));
            let (school, tried) = (self.school, batch.clone());
            let decided = self
                .writer
                .write(move |tx, now| commit(&mut SqliteLedger::writing(tx, school, now), asker, &tried))?;
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
            self.writer.write(directory::expire_due)?;
        }
        Ok(())
    }

    /// Until the writer has committed a group since this was last waited for.
    pub async fn committed(&self) {
        self.committed.notified().await;
    }

    /// Runs `read` on a connection that only reads.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, RelayError> {
        let reader = self.readers.take()?;
        Ok(read(reader.conn())?)
    }

    /// Runs `write` under the single writer. It is on disk when this returns.
    pub fn write<T, F>(&self, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    {
        if self.only_reads {
            return Err(RelayError::OnlyReading);
        }
        self.writer.write(write)
    }

    /// Nothing is taken in: see [`ends`].
    pub fn only_reads(&self) -> bool {
        self.only_reads
    }

    /// Who holds this token: the only way in. Nobody, once the device is revoked.
    pub fn authorise(&self, token: &[u8]) -> Result<Option<Asker>, RelayError> {
        self.read(|conn| token_holder(conn, token))
    }

    /// May this person read these bytes?
    pub fn may_read_blob(
        &self,
        person: PersonId,
        blob: fieldfolio_core::blob::BlobHash,
    ) -> Result<bool, RelayError> {
        self.end_what_expired()?;
        self.read(|conn| media::may_read(conn, person, blob))
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

/// Connections that only read. Reading is bounded by processors, not by waiting, so a few are enough; who finds none
/// free waits for one.
#[derive(Debug)]
struct Readers {
    folder: PathBuf,
    idle: Mutex<Vec<Option<Connection>>>,
    freed: Condvar,
}

/// A connection that goes back when it is dropped.
struct Reader<'a> {
    readers: &'a Readers,
    conn: Option<Connection>,
}

impl Readers {
    fn new(folder: &Path, most: usize) -> Self {
        let idle = (0..most.max(1)).map(|_| None).collect();
        Self { folder: folder.to_owned(), idle: Mutex::new(idle), freed: Condvar::new() }
    }

    fn take(&self) -> Result<Reader<'_>, RelayError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let place = loop {
            match idle.pop() {
                Some(place) => break place,
                None => idle = self.freed.wait(idle).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(idle);
        let mut reader = Reader { readers: self, conn: place };
        if reader.conn.is_none() {
            reader.conn = Some(database::open_reader(&self.folder)?);
        }
        Ok(reader)
    }
}

impl Reader<'_> {
    fn conn(&self) -> &Connection {
        self.conn.as_ref().expect("a reader that was taken is open")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut idle = self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(self.conn.take());
        self.readers.freed.notify_one();
    }
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
    if fork::standing(conn, request.cursor, news::head(conn)?)? == Standing::Unheard {
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
        news::audit(conn, asker.person, (held, up_to), &mut response)?;
    }
    Ok(response)
}

/// The device that holds this token, unless it was revoked.
pub fn token_holder(conn: &Connection, token: &[u8]) -> rusqlite::Result<Option<Asker>> {
    let hash: [u8; 32] = Sha256::digest(token).into();
    conn.prepare_cached(
        "select p.id, d.id from device d join person p on p.row = d.person
         where d.token_hash = ?1 and d.revoked_n is null",
    )?
    .query_row([hash.as_slice()], |row| {
        Ok(Asker { person: PersonId::from_bytes(row.get(0)?), device: DeviceId::from_bytes(row.get(1)?) })
    })
    .optional()
}

/// The school whose database this is.
pub fn school_of(conn: &Connection) -> Result<SchoolId, RelayError> {
    let id = database::meta(conn, "school")?.and_then(|id| id.try_into().ok());
    Ok(SchoolId::from_bytes(id.ok_or(rusqlite::Error::QueryReturnedNoRows)?))
}

type Settle = Box<dyn FnOnce(bool) + Send>;
type Job = Box<dyn FnOnce(&Transaction<'_>, Timestamp) -> (bool, Settle) + Send>;

/// The single writer. While one group is on its way to the disk, the next one gathers; all of a group share one sync.
#[derive(Debug)]
struct Writer {
    jobs: Option<mpsc::SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// The most jobs in one transaction.
const GROUP: usize = 64;

impl Writer {
    fn start(mut conn: Connection, mut ends: Option<Ends>, committed: Arc<Notify>) -> Self {
        let (jobs, queue) = mpsc::sync_channel::<Job>(4 * GROUP);
        let thread = std::thread::spawn(move || {
            while let Ok(first) = queue.recv() {
                let group = std::iter::once(first).chain(queue.try_iter()).take(GROUP).collect();
                commit_group(&mut conn, ends.as_mut(), group);
                committed.notify_one();
            }
        });
        Self { jobs: Some(jobs), thread: Some(thread) }
    }

    fn write<T, F>(&self, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |tx, now| {
            let result = write(tx, now);
            let is_done = result.is_ok();
            let settle: Settle = Box::new(move |committed| {
                // The asker may have gone; what was decided stands all the same.
                let _ = answer.send(committed.then_some(result));
            });
            (is_done, settle)
        });
        let jobs = self.jobs.as_ref().ok_or(RelayError::Closing)?;
        jobs.send(job).map_err(|_| RelayError::Closing)?;
        let result = answered.recv().map_err(|_| RelayError::Closing)?;
        Ok(result.ok_or(RelayError::Closing)??)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            // The thread only ends by the queue's end; a panic in it has been printed.
            let _ = thread.join();
        }
    }
}

/// One transaction for the group, a savepoint for each job: one that fails takes nothing of the others along.
fn commit_group(conn: &mut Connection, ends: Option<&mut Ends>, group: Vec<Job>) {
    let mut settles = Vec::with_capacity(group.len());
    let committed = (|| {
        let tx = database::begin(conn)?;
        let now = now();
        for job in group {
            tx.prepare_cached("savepoint job")?.execute([])?;
            // A job that panics takes nothing of the others along, and not the writer.
            let done = panic::catch_unwind(panic::AssertUnwindSafe(|| job(&tx, now)));
            let is_done = done.as_ref().is_ok_and(|(is_done, _)| *is_done);
            settles.extend(done.ok().map(|(_, settle)| settle));
            if !is_done {
                tx.prepare_cached("rollback to job")?.execute([])?;
            }
            tx.prepare_cached("release job")?.execute([])?;
        }
        tx.commit()?;
        Ok::<_, DatabaseError>(())
    })();
    if let Err(error) = &committed {
        tracing::error!(%error, "a group of writes was not committed");
    } else if let Some(Err(error)) = ends.map(|ends| ends.catch_up(conn)) {
        // It has ended in the log; the file is tried again with the next group, and at the next start.
        tracing::error!(%error, "what ended could not be written down beside the database");
    }
    for settle in settles {
        settle(committed.is_ok());
    }
}
