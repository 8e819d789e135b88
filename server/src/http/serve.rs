//! The relay as a process: opens everything, listens, and stops gracefully.

use std::error::Error;
use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldfolio_core::time::Timestamp;

use crate::blobs::{BlobStore, FolderBlobs};
use crate::config::Config;
use crate::disk;
use crate::exchange::{Relay, blocking, now, revocations};
use crate::http::activity::Activity;
use crate::http::connection_limits;
use crate::http::live::{self, Live};
use crate::http::routes::{App, router};
use crate::upkeep::nightly::{Night, Nightly, Stock};
use crate::uploads::policy::RelayPolicy;
use crate::uploads::{Limits, Uploads};

/// Serves the school in `folder` until the process is asked to stop.
pub(crate) fn serve(folder: &Path, config: Config) -> Result<(), Box<dyn Error>> {
    let filter = tracing_subscriber::EnvFilter::new(config.log_level.name());
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    // An exchange waits on a blocking thread for its commit: so many can share one sync to disk, and no more wait inside.
    let runtime =
        tokio::runtime::Builder::new_multi_thread().max_blocking_threads(128).enable_all().build()?;
    runtime.block_on(listen(folder, config))
}

/// A process that a relay was just starting when it was ended may hold its lock a moment longer.
const MOMENT: Duration = Duration::from_secs(2);

/// Two relays on one folder would write into each other's uploads: the second one is told. The lock ends with the
/// process, however it ends.
pub(crate) fn only_one(folder: &Path) -> Result<File, Box<dyn Error>> {
    let lock = File::create(folder.join("relay.lock"))?;
    let asked = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if asked.elapsed() < MOMENT => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                let words = format!("another relay serves {} already: stop it first", folder.display());
                return Err(words.into());
            }
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
    }
}

/// Does a relay serve this folder just now?
pub(crate) fn is_served(folder: &Path) -> bool {
    let lock = File::open(folder.join("relay.lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

async fn listen(folder: &Path, config: Config) -> Result<(), Box<dyn Error>> {
    let has_school = crate::database::path(folder).exists();
    let _only_one = has_school.then(|| only_one(folder)).transpose()?;
    disk::tighten(folder)?;
    let relay = Relay::open_to_serve(folder, &config)?;
    if relay.only_reads() {
        tracing::error!("{}", revocations::MISSING);
        eprintln!("fieldfolio: {}", revocations::MISSING);
    }
    let app = open(relay, folder, &config)?;
    // A relay that can't try changes takes none: it says so here, and not to children.
    app.relay.gate().prove()?;
    let listener = connection_limits::listen(config.listen)?;
    // Scripts wait for this line: nothing is printed before it, and connections are taken from here on.
    println!("listening on http://{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    let live = app.live.clone();
    let beside = [
        tokio::spawn(app.uploads.clone().janitor()),
        tokio::spawn(live::herald(live.clone())),
        tokio::spawn(nightly(&app).every_night()),
        tokio::spawn(nightly(&app).after_erasures()),
        tokio::spawn(work_out(app.relay.clone())),
        tokio::spawn(app.activity.clone().write_down(app.relay.clone())),
    ];
    let stop = async move {
        stop().await;
        live.stop().await;
    };
    connection_limits::open(listener, router(app), &config, stop).await?;
    beside.iter().for_each(tokio::task::JoinHandle::abort);
    Ok(())
}

/// Everything that handlers share, for the school in `folder`.
fn open(relay: Arc<Relay>, folder: &Path, config: &Config) -> Result<App, Box<dyn Error>> {
    let blobs: Arc<dyn BlobStore> = Arc::new(FolderBlobs::open(&folder.join("blobs"))?);
    let policy = Arc::new(RelayPolicy(relay.clone()));
    let limits = Limits {
        max_size: config.max_upload_bytes,
        disk_floor: config.disk_floor_bytes,
        ..Limits::default()
    };
    let uploads = Uploads::open(&folder.join("uploads"), blobs.clone(), policy, now, limits)?;
    let (asking, activity) = (Arc::new(crate::http::limits::Limits::new()), Arc::new(Activity::default()));
    let live = Live::new(relay.clone(), asking.clone(), activity.clone(), config);
    let proxies = config.proxies.clone().into();
    Ok(App { relay, blobs, uploads: Arc::new(uploads), live, limits: asking, activity, proxies })
}

/// How long what waits after a large event of the directory rests between two turns, when nothing else happens.
const BREATH: Duration = Duration::from_millis(200);

/// Works out what waits after large events of the directory, in turns, for as long as the relay runs.
async fn work_out(relay: Arc<Relay>) {
    loop {
        let turn = relay.clone();
        match blocking(move || turn.refresh_some()).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "who sees what could not be worked out to its end"),
        }
        tokio::time::sleep(BREATH).await;
    }
}

fn nightly(app: &App) -> Nightly {
    let stock = Stock { relay: app.relay.clone(), blobs: app.blobs.clone() };
    Nightly { stock, uploads: app.uploads.clone() }
}

/// The media of the school in `folder`, to be looked at beside a relay that serves it.
pub(crate) fn stock(folder: &Path, config: &Config) -> Result<Stock, Box<dyn Error>> {
    let blobs: Arc<dyn BlobStore> = Arc::new(FolderBlobs::open(&folder.join("blobs"))?);
    Ok(Stock { relay: Relay::open(folder, config)?, blobs })
}

/// Does now what a relay does every night. Not beside a relay: what lands there must not lose its bytes here.
pub(crate) fn look_now(folder: &Path, config: &Config, now: Timestamp) -> Result<Night, Box<dyn Error>> {
    let _only_one = only_one(folder)?;
    Ok(nightly(&open(Relay::open(folder, config)?, folder, config)?).look(now)?)
}

async fn stop() {
    let interrupt = async { tokio::signal::ctrl_c().await.is_ok() };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await.is_some(),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<bool>();
    tokio::select! {
        _ = interrupt => {}
        _ = terminate => {}
    }
}
