//! The relay at work: one writer that commits in groups, readers beside it, and the exchange that uses both.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldfolio_core::ids::{DeviceId, DocumentId, PersonId, SchoolId};
use fieldfolio_core::sync::relay::Sandbox;
use fieldfolio_core::sync::wire::{Request, Response};
use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};

use crate::config::Config;
use crate::exchange::revocations::{self, Revocations};
use crate::gate::Gate;
use crate::visibility::media;
use crate::{database, visibility};

use super::admission::Admission;
use super::comparisons::Comparisons;
use super::readers::Readers;
use super::writer::{Signals, Writer};
use super::{Backend, Caller, Holder, Lane, RelayError, exchange, holder, now, release, steps};

/// The most bytes of the disk that are kept free for what the school itself has to write.
const MOST_FLOOR: u64 = 256 * 1024 * 1024;

/// One school's relay.
#[derive(Debug)]
pub struct Relay {
    folder: PathBuf,
    school: SchoolId,
    quotas: Quotas,
    readers: Readers,
    admission: Admission,
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
        let revocations =
            Revocations::open(&mut conn, revocations::file(folder, config), now()).map_err(Box::new)?;
        let only_reads = revocations.is_none();
        Self::with(folder, config, conn, revocations, only_reads)
    }

    fn with(
        folder: &Path,
        config: &Config,
        conn: Connection,
        revocations: Option<Revocations>,
        only_reads: bool,
    ) -> Result<Arc<Self>, RelayError> {
        let school = school_of(&conn)?;
        let signals = Signals::default();
        Ok(Arc::new(Self {
            folder: folder.to_owned(),
            school,
            quotas: Quotas { person: config.quota_bytes_per_person, school: config.quota_bytes_per_school },
            readers: Readers::new(folder, config.reader_connections),
            admission: Admission::start(folder),
            writer: Writer::start(folder, conn, revocations, signals.clone()),
            only_reads,
            signals,
            disk_floor: (config.disk_floor_bytes / 4).min(MOST_FLOOR),
            gate: Gate::new(config),
            comparisons: Comparisons::new(),
        }))
    }

    /// One exchange: see [`exchange`](exchange()).
    pub fn exchange(&self, caller: Caller, request: Request) -> Result<Response, RelayError> {
        exchange(self, caller, request)
    }

    /// Releases what is held back of a document: see [`release`].
    pub fn release(&self, by: PersonId, document: DocumentId) -> Result<bool, RelayError> {
        release(self, by, document)
    }

    /// Circle rows whose time has come end.
    pub fn end_what_expired(&self) -> Result<(), RelayError> {
        steps::end_what_expired(self)
    }

    /// One turn of what waits after large events of the directory; whether more of it waits.
    pub fn refresh_some(&self) -> Result<bool, RelayError> {
        steps::refresh_some(self)
    }

    /// Refuses what devices ask to be written while the disk is nearly full; what the school's own commands write has room.
    pub(crate) fn must_have_disk(&self) -> Result<(), RelayError> {
        match self.disk_is_low() {
            true => Err(RelayError::DiskFull),
            false => Ok(()),
        }
    }

    /// The gate that every change passes.
    pub fn gate(&self) -> &Gate {
        &self.gate
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
        self.admission.look(look).await
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
    pub fn write_for<T, E, F>(&self, person: PersonId, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        E: Into<RelayError> + Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> Result<T, E> + Send + 'static,
    {
        self.write_in(Lane::Person(person), write)
    }

    /// The same in this lane.
    pub fn write_in<T, E, F>(&self, lane: Lane, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        E: Into<RelayError> + Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> Result<T, E> + Send + 'static,
    {
        if self.only_reads {
            return Err(RelayError::OnlyReading);
        }
        self.writer.write(lane, write)
    }

    /// Nothing is taken in: see [`revocations`].
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
            let row = visibility::person_row(conn, person)?.unwrap_or_default();
            Ok(match visibility::is_narrowed(conn, row)? {
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

impl Backend for Relay {
    fn school(&self) -> SchoolId {
        self.school
    }

    fn now(&self) -> Timestamp {
        now()
    }

    fn reading<T>(
        &self,
        lane: Lane,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, RelayError> {
        let person = match lane {
            Lane::Person(person) => Some(person),
            Lane::School | Lane::Later => None,
        };
        let reader = self.readers.take(person)?;
        let moment = reader.conn().unchecked_transaction()?;
        Ok(read(&moment)?)
    }

    fn writing<T, F>(&self, lane: Lane, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> rusqlite::Result<T> + Send + 'static,
    {
        self.writer.write(lane, write)
    }

    fn trial_room(&self, person: PersonId) -> impl Sandbox {
        self.gate.of(person)
    }

    fn only_reads(&self) -> bool {
        self.only_reads
    }

    fn disk_is_low(&self) -> bool {
        // A disk that does not say is taken as it comes: a write that fails is refused.
        let free = fs4::available_space(&self.folder).unwrap_or(u64::MAX);
        let is_low = free < self.disk_floor;
        if is_low {
            tracing::warn!(free, floor = self.disk_floor, "nothing is taken in: the disk is nearly full");
        }
        is_low
    }

    fn may_compare(&self, device: DeviceId) -> bool {
        self.comparisons.may_compare(device)
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

/// The school whose database this is.
pub fn school_of(conn: &Connection) -> Result<SchoolId, RelayError> {
    let id = database::meta(conn, "school")?.and_then(|id| id.try_into().ok());
    Ok(SchoolId::from_bytes(id.ok_or(RelayError::Missing("school"))?))
}
