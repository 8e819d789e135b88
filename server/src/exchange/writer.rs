//! The single writer. While one group of jobs is on its way to the disk, the next one gathers; all of a group share one
//! sync.
//!
//! A group ends when it has lasted long enough, so that nobody waits for somebody
//! else's heap of work. Before each group, a command that waits to write beside the relay is let through.

use std::panic;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fieldfolio_core::time::Timestamp;
use rusqlite::{Connection, Transaction};
use tokio::sync::Notify;

use super::queue::{Job, Lane, Queue, Settle};
use super::{RelayError, now};
use crate::database::{self, DatabaseError, Turnstile};
use crate::exchange::revocations::Revocations;
use crate::log;

/// The most jobs in one transaction.
const GROUP: usize = 64;
/// After this time a group takes no further job.
const LONG: Duration = Duration::from_millis(50);
/// How often what is still to be done after a group is tried again, when no other group comes.
const AGAIN: Duration = Duration::from_millis(200);

/// Where to say that something happened.
#[derive(Debug, Clone, Default)]
pub(super) struct Signals {
    /// A group was committed.
    pub(super) committed: Arc<Notify>,
    /// A piece was erased.
    pub(super) erased: Arc<Notify>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        folder: &Path,
        conn: Connection,
        revocations: Option<Revocations>,
        signals: Signals,
    ) -> Self {
        let queue = Arc::new(Queue::default());
        let looked_at = log::head(&conn).unwrap_or(0);
        let mut office = Office {
            queue: queue.clone(),
            folder: folder.to_owned(),
            conn,
            revocations,
            signals,
            looked_at,
            to_clear: false,
        };
        let thread = std::thread::spawn(move || office.work());
        Self { queue, thread: Some(thread) }
    }

    /// Runs a job in its lane's turn. It is on disk when this returns.
    pub(super) fn write<T, E, F>(&self, lane: Lane, write: F) -> Result<T, RelayError>
    where
        T: Send + 'static,
        E: Into<RelayError> + Send + 'static,
        F: FnOnce(&Transaction<'_>, Timestamp) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |tx, now| {
            let result = write(tx, now);
            let is_done = result.is_ok();
            let settle: Settle = Box::new(move |committed| {
                // The caller may have gone; what was decided stands all the same.
                let _ = answer.send(committed.then_some(result));
            });
            (is_done, settle)
        });
        self.queue.push(lane, job)?;
        // A job whose answer is dropped unsent panicked, or its writer is gone.
        let result = answered.recv().map_err(|_| RelayError::Closing)?;
        result.ok_or(RelayError::NotCommitted)?.map_err(Into::into)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            // The thread only ends by the queue's end; a panic in it has been printed.
            let _ = thread.join();
        }
    }
}

/// What the writer's thread works with.
struct Office {
    queue: Arc<Queue>,
    folder: PathBuf,
    conn: Connection,
    revocations: Option<Revocations>,
    signals: Signals,
    /// Up to here the log was looked at for erasures. What came before this start is looked after at the start.
    looked_at: u64,
    /// Erased words may still be in the write-ahead log.
    to_clear: bool,
}

impl Office {
    fn work(&mut self) {
        self.to_clear = true;
        while self.queue.wait(self.to_clear.then_some(AGAIN)) {
            // Without the file nobody can wait there: then SQLite alone puts writers in line.
            drop(Turnstile::pass(&self.folder));
            self.commit_group();
            self.signals.committed.notify_one();
        }
    }

    /// One transaction for the group, a savepoint for each job: one that fails takes nothing of the others along.
    fn commit_group(&mut self) {
        let mut settles = Vec::with_capacity(GROUP);
        let queue = self.queue.clone();
        let committed = self.transact(&queue, &mut settles);
        match &committed {
            Err(error) => tracing::error!(%error, "a group of writes was not committed"),
            Ok(()) => self.after_commit(),
        }
        for settle in settles {
            settle(committed.is_ok());
        }
        if self.to_clear {
            self.clear_log();
        }
    }

    fn transact(&mut self, queue: &Queue, settles: &mut Vec<Settle>) -> Result<(), DatabaseError> {
        if !queue.has_jobs() {
            return Ok(());
        }
        let tx = database::begin(&mut self.conn)?;
        let now = now();
        let begun = Instant::now();
        let mut run = |job: Job| -> Result<(), DatabaseError> {
            settles.extend(in_savepoint(&tx, || job(&tx, now))?);
            Ok(())
        };
        let mut jobs = 0;
        while jobs < GROUP && (jobs == 0 || begun.elapsed() < LONG) {
            let Some(job) = queue.lock().next() else { break };
            run(job)?;
            jobs += 1;
        }
        // What can wait has one turn in each group, however many others come.
        let later = queue.lock().later.pop_front();
        if let Some(job) = later {
            run(job)?;
        }
        tx.commit()?;
        Ok(())
    }

    fn after_commit(&mut self) {
        if let Some(Err(error)) =
            self.revocations.as_mut().map(|revocations| revocations.catch_up(&mut self.conn))
        {
            // It has ended in the log; the file is tried again with the next group, and at the next start.
            tracing::error!(%error, "what ended could not be written down beside the database");
        }
        match self.erased_since() {
            Ok(true) => {
                self.to_clear = true;
                self.signals.erased.notify_one();
            }
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the log could not be looked at for erasures"),
        }
    }

    /// Was something erased since this was last asked?
    fn erased_since(&mut self) -> rusqlite::Result<bool> {
        let head = log::head(&self.conn)?;
        let from = std::mem::replace(&mut self.looked_at, head);
        log::has_since(&self.conn, from, log::kind::ERASE)
    }

    /// What was erased goes from the write-ahead log, too. While somebody still reads it, again a little later.
    fn clear_log(&mut self) {
        let cleared = (|| {
            self.conn.execute_batch("pragma busy_timeout = 20")?;
            let busy: i64 = self.conn.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
            self.conn.execute_batch("pragma busy_timeout = 10000")?;
            Ok::<_, rusqlite::Error>(busy == 0)
        })();
        match cleared {
            Ok(cleared) => self.to_clear = !cleared,
            Err(error) => {
                drop(self.conn.execute_batch("pragma busy_timeout = 10000"));
                tracing::warn!(%error, "the write-ahead log could not be cut");
            }
        }
    }
}

/// Runs a job in a savepoint of its own, which stands if the job says so. One that panics takes nothing of the others
/// along, and not the writer: then nothing comes of it.
pub(super) fn in_savepoint<T>(
    tx: &Transaction<'_>,
    job: impl FnOnce() -> (bool, T),
) -> Result<Option<T>, DatabaseError> {
    tx.prepare_cached("savepoint job")?.execute([])?;
    let done = panic::catch_unwind(panic::AssertUnwindSafe(job)).ok();
    if !done.as_ref().is_some_and(|(is_done, _)| *is_done) {
        tx.prepare_cached("rollback to job")?.execute([])?;
    }
    tx.prepare_cached("release job")?.execute([])?;
    Ok(done.map(|(_, result)| result))
}
