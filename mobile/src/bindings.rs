//! The core for phones and scripts, carried to Kotlin, Swift and Python by uniffi.
//!
//! It holds no rules. [`Fieldfolio`] is made once; it opens or enrols a [`Store`], one person's work on this device. What
//! a person does returns when it is on disk and waits for no network; [`SyncService`] moves bytes whenever the app lets
//! it. What touches the disk runs on threads of this library's own, so that an app may call it from any thread; it is
//! finished even if nobody waits for it any more. What asks the school is given up then.

mod browse;
mod capture;
mod changes;
mod closing;
mod demand;
mod entries;
mod export;
mod failure;
mod fieldfolio;
mod handle;
mod ids;
mod lifecycle;
mod log;
mod net;
pub mod platform;
mod school;
mod store;
mod sync;
mod words;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fieldfolio_core::ids::Rng;
use fieldfolio_core::store::Identity;
use fieldfolio_core::time::Timestamp;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

pub use browse::MediaVariant;
pub use capture::{CapturedPiece, NewEvidence, NewFile, PieceEdits, StartedFolio};
pub use changes::ChangeStream;
pub use export::Exported;
pub use failure::FieldfolioError;
pub use fieldfolio::{Config, Fieldfolio, InvitationPreview, Salvage};
pub use lifecycle::LogOut;
pub use log::{LogLevel, LogSink, LogSinkError};
pub use school::{Invited, MentorInvited};
pub use store::{Freed, Storage, Store};
pub use sync::{
    BackgroundUpload, BackgroundUploadAnswer, Connection, Header, StatusStream, SyncBudget, SyncEnd,
    SyncReport, SyncService, SyncStatus,
};

/// Threads that wait for disks and networks, from the first call on.
static THREADS: Mutex<Option<Threads>> = Mutex::new(None);

/// How long what is being done on disk may still take when the threads end.
const FINISHING: Duration = Duration::from_secs(30);

struct Threads {
    runtime: Runtime,
    /// A process that is forked has none of them.
    process: u32,
}

fn runtime() -> Handle {
    let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = threads.get_or_insert_with(|| Threads {
        runtime: tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(16)
            .thread_name("fieldfolio")
            .enable_all()
            .on_thread_start(outlive_closed_lines)
            .build()
            .expect("a process may start threads"),
        process: std::process::id(),
    });
    begun.runtime.handle().clone()
}

/// A socket or pipe that the other side has closed is an error to whoever writes to it. By the system's default it ends the
/// whole program, unless that asked otherwise; so these threads, which write to them, don't hear of it. (Apple's sockets
/// are told so one by one.)
fn outlive_closed_lines() {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    {
        use nix::sys::signal::{SigSet, Signal};
        // Where it can't be blocked, what the program asked for holds.
        let _ = SigSet::from(Signal::SIGPIPE).thread_block();
    }
}

/// Ends the library's threads once what they do on disk is done; what asks the school is given up. For a language whose own
/// end must not meet a call from outside: Python's layer does this by itself when a program ends. Whatever is called
/// afterwards begins them anew.
#[uniffi::export]
pub fn shutdown() {
    // Let go of at once: what is finished may begin something.
    let threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner).take();
    match threads {
        Some(threads) if threads.process == std::process::id() => {
            threads.runtime.shutdown_timeout(FINISHING);
        }
        threads => std::mem::forget(threads),
    }
}

/// Runs what waits for a disk, to its end, whoever still waits for it.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FieldfolioError> + Send + 'static,
) -> Result<T, FieldfolioError> {
    let (tell, told) = oneshot::channel();
    begin(Box::new(move || drop(tell.send(work()))));
    // A panic drops the sender.
    told.await.unwrap_or_else(|_| Err(FieldfolioError::stopped()))
}

/// Runs what waits for a network. Given up when nobody waits for it any more.
async fn beside<T: Send + 'static>(
    work: impl Future<Output = Result<T, FieldfolioError>> + Send + 'static,
) -> Result<T, FieldfolioError> {
    let (tell, told) = oneshot::channel();
    let _given_up = follow(Box::pin(async move { drop(tell.send(work.await)) }));
    told.await.unwrap_or_else(|_| Err(FieldfolioError::stopped()))
}

/// Runs what must not be left in the middle, to its end, whoever still waits for it.
async fn through<T: Send + 'static>(
    work: impl Future<Output = Result<T, FieldfolioError>> + Send + 'static,
) -> Result<T, FieldfolioError> {
    let (tell, told) = oneshot::channel();
    lead(Box::pin(async move { drop(tell.send(work.await)) }));
    told.await.unwrap_or_else(|_| Err(FieldfolioError::stopped()))
}

// What these take is boxed: one kind of task for all calls, instead of one for each kind of answer.

fn begin(work: Box<dyn FnOnce() + Send>) {
    runtime().spawn_blocking(work);
}

fn lead(work: Pin<Box<dyn Future<Output = ()> + Send>>) {
    runtime().spawn(work);
}

fn follow(work: Pin<Box<dyn Future<Output = ()> + Send>>) -> GivenUp {
    GivenUp(runtime().spawn(work).abort_handle())
}

/// A task that ends when this is let go of.
struct GivenUp(AbortHandle);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy)]
struct OsRng;

impl Rng for OsRng {
    fn fill(&mut self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system has randomness: keys can't be made without");
    }
}

/// The time by this device's clock.
fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX))
}

/// The access token, as a header carries it.
fn token(identity: &Identity) -> String {
    URL_SAFE_NO_PAD.encode(identity.token)
}

#[cfg(all(test, unix, not(target_vendor = "apple")))]
mod tests {
    use nix::sys::signal::{SigSet, Signal};

    #[test]
    fn a_line_that_the_other_side_closed_ends_no_program() {
        let asked = super::runtime().spawn(async { SigSet::thread_get_mask() });
        let mask = super::runtime().block_on(asked).expect("a thread answers").expect("a mask");
        assert!(mask.contains(Signal::SIGPIPE));
    }
}
