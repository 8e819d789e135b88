//! Short looks that must never wait behind anybody's work: whose token this is, whether the relay is ready, whom news
//! concern. They have threads and connections of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::RelayError;
use crate::database;

/// Threads.
const THREADS: usize = 2;
/// Looks that wait for one.
const WAITING: usize = 4_096;

type Look = Box<dyn FnOnce(Result<&Connection, RelayError>) + Send>;

#[derive(Debug)]
pub(super) struct Admission(mpsc::SyncSender<Look>);

impl Admission {
    pub(super) fn start(folder: &Path) -> Self {
        let (looks, queue) = mpsc::sync_channel::<Look>(WAITING);
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..THREADS {
            let (queue, folder) = (queue.clone(), folder.to_owned());
            std::thread::spawn(move || {
                let mut conn = None;
                loop {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(look) = next else { return };
                    if conn.is_none() {
                        match database::open_reader(&folder) {
                            Ok(opened) => conn = Some(opened),
                            Err(error) => {
                                look(Err(error.into()));
                                continue;
                            }
                        }
                    }
                    // One that fails leaves the thread to the others. Its connection may be in the middle of something.
                    if let Some(opened) = &conn
                        && catch_unwind(AssertUnwindSafe(|| look(Ok(opened)))).is_err()
                    {
                        conn = None;
                    }
                }
            });
        }
        Self(looks)
    }

    /// Looks, and waits for what comes of it.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, RelayError> {
        let (answer, answered) = oneshot::channel();
        let job: Look = Box::new(move |conn| {
            // Whoever asked may have gone.
            drop(answer.send(conn.and_then(|conn| Ok(look(conn)?))));
        });
        self.0.try_send(job).map_err(|_| RelayError::NotYet)?;
        answered.await.map_err(|_| RelayError::Closing)?
    }
}
