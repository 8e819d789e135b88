//! The beginning of everything: opening stores, and becoming a device of somebody's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use fieldfolio_core::device::{Device, DeviceError, ENROLLED_BYTES, Enrolment, HttpAnswer, Salvaged};
use fieldfolio_core::model::invitation::{BadLink, InvitationLink};
use fieldfolio_core::store::{Place, StoreError};
use fieldfolio_core::sync::wire::{self, Enrolled};

use super::handle::DeviceHandle;
use super::log::{self, LogLevel, LogSink};
use super::net::Net;
use super::store::Store;
use super::{FieldfolioError, OsRng, beside, blocking, now};

/// How the library is set up.
#[derive(Clone, uniffi::Record)]
pub struct Config {
    /// How much it says of itself.
    pub log_level: LogLevel,
    /// Where it says it.
    #[uniffi(default = None)]
    pub log_sink: Option<Arc<dyn LogSink>>,
}

/// The library. Make it once, when the app starts; made again, it only changes where log lines go.
#[derive(Debug, uniffi::Object)]
pub struct Fieldfolio {}

/// What an invitation says by itself, without a network.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct InvitationPreview {
    /// Where the school's relay answers.
    pub relay: String,
    /// The school's id.
    pub school: String,
    /// The invited person's id. Her name is known once she is enrolled.
    pub person: String,
    /// Until when it may be used, in milliseconds since 1970.
    pub expires: u64,
    /// It is over, by this device's clock.
    pub is_over: bool,
    /// The school vouches for its web server itself, by a key in the invitation.
    pub is_pinned: bool,
}

/// A store that was saved from a damaged one, and what came of it.
#[derive(Debug, Clone, uniffi::Record)]
pub struct Salvage {
    /// It is open.
    pub store: Arc<Store>,
    /// Changes and acts that were saved.
    pub saved: u64,
    /// Changes and acts that were found damaged.
    pub damaged: u64,
    /// Files that were copied.
    pub files: u64,
    /// All of it in English sentences.
    pub summary: String,
}

static ENROLLING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Stores that are open, or that something still works with, by their folders: a folder has one writer.
static OPEN: Mutex<BTreeMap<PathBuf, Weak<DeviceHandle>>> = Mutex::new(BTreeMap::new());

#[uniffi::export]
impl Fieldfolio {
    /// Sets the library up.
    #[uniffi::constructor]
    pub fn new(config: Config) -> Arc<Self> {
        log::set(config.log_level, config.log_sink);
        Arc::new(Self {})
    }

    /// The library's version.
    pub fn version(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    /// Reads an invitation's link without a network: whether it is one, for which school, and whether it is over.
    pub fn preview(&self, link: String) -> Result<InvitationPreview, FieldfolioError> {
        let link = read(&link)?;
        Ok(InvitationPreview {
            relay: link.relay,
            school: link.school.to_string(),
            person: link.person.to_string(),
            expires: link.expires.millis(),
            is_over: link.expires <= now(),
            is_pinned: link.pin.is_some(),
        })
    }

    /// Is there a store in this folder?
    pub fn is_enrolled(&self, folder: String) -> bool {
        Place::from(Path::new(&folder)).is_taken()
    }

    /// Opens the store in this folder. Opened twice in one program, it is one store: paused here, it is paused there.
    pub async fn open(&self, folder: String) -> Result<Arc<Store>, FieldfolioError> {
        let folder = named(folder)?;
        blocking(move || opened(&folder, Shared::Yes, |folder| Ok(Device::open(folder)?))).await
    }

    /// Makes a folder that is empty or absent the store of the person whom the link invites. Needs a network. Cut in the
    /// middle, it may be done again with the same link and folder. A link without encryption is followed only to this
    /// machine and to private addresses.
    pub async fn enrol(&self, link: String, folder: String) -> Result<Arc<Store>, FieldfolioError> {
        let link = read(&link)?;
        if link.is_exposed() {
            let reason = format!(
                "{} is not encrypted, and everybody on the way could read this device's token: ask the school for an \
                 https:// link",
                link.relay
            );
            return Err(FieldfolioError::Invitation { reason });
        }
        let (pin, folder) = (link.pin, named(folder)?);
        beside(async move {
            // The folder is one enrolment's at a time anyway; here the second waits, and hears what came of the first.
            let _one_at_a_time = ENROLLING.lock().await;
            let to = folder.clone();
            let begin = move || Ok(Enrolment::begin(to.as_path(), link, now(), &mut OsRng)?);
            let enrolment = blocking(begin).await?;
            let answer = Net::stranger(pin)?.perform(&enrolment.ask()).await;
            let enrolled = enrolled(answer.map_err(|_| FieldfolioError::unreachable())?)?;
            blocking(move || opened(&folder, Shared::No, |_| Ok(enrolment.finish(enrolled)?))).await
        })
        .await
    }

    /// Saves what can be read of a damaged store into another folder: a new store, or one of the same person. The
    /// damaged one stays as it is. Everything that is saved is believed by its signature only. It may be repeated. The other
    /// must not be open.
    pub async fn salvage(&self, from: String, to: String) -> Result<Salvage, FieldfolioError> {
        let (from, to) = (named(from)?, named(to)?);
        blocking(move || {
            let mut came = Salvaged::default();
            let store = opened(&to, Shared::No, |to| {
                let (device, saved) = Device::salvage(from.as_path(), to)?;
                came = saved;
                Ok(device)
            })?;
            Ok(Salvage {
                store,
                saved: came.changes + came.acts,
                damaged: came.damaged_changes + came.damaged_acts + came.damaged_files,
                files: came.files,
                summary: came.to_string(),
            })
        })
        .await
    }
}

fn named(folder: String) -> Result<PathBuf, FieldfolioError> {
    match folder.is_empty() {
        true => {
            Err(FieldfolioError::Argument { reason: "no folder is named: say where the store lies".into() })
        }
        false => Ok(PathBuf::from(folder)),
    }
}

fn read(link: &str) -> Result<InvitationLink, FieldfolioError> {
    let bad = |bad: BadLink| FieldfolioError::Invitation { reason: bad.to_string() };
    InvitationLink::from_url(link).map_err(bad)
}

fn enrolled(answer: HttpAnswer) -> Result<Enrolled, FieldfolioError> {
    let words = || String::from_utf8_lossy(&answer.body).trim_end().to_owned();
    match answer.status {
        200..=299 => {
            wire::from_bytes(&answer.body, ENROLLED_BYTES).map_err(|_| FieldfolioError::Invitation {
                reason: "what answered is no relay of a school: is the link right?".into(),
            })
        }
        429 | 500.. => Err(FieldfolioError::Offline { reason: words() }),
        _ => Err(FieldfolioError::Invitation { reason: words() }),
    }
}

/// May a store that is open already be handed out once more?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shared {
    Yes,
    No,
}

/// The one store of a folder: the one that is open, or the one that `open` makes.
fn opened(
    folder: &Path,
    shared: Shared,
    open: impl FnOnce(&Path) -> Result<Device, FieldfolioError>,
) -> Result<Arc<Store>, FieldfolioError> {
    if shared == Shared::No {
        std::fs::create_dir_all(folder).map_err(|source| {
            let path = folder.to_owned();
            DeviceError::from(StoreError::File { path, doing: "written", source })
        })?;
    }
    // Phones know one folder by several names.
    let name = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mut all = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|_, handle| handle.strong_count() > 0);
    if let Some(handle) = all.get(&name).and_then(Weak::upgrade).filter(|handle| !handle.is_gone()) {
        if shared == Shared::No {
            let reason =
                format!("{} is open: choose another folder, or let go of that store", name.display());
            return Err(FieldfolioError::Argument { reason });
        }
        return Ok(Arc::new(Store { handle }));
    }
    let handle = DeviceHandle::of(open(&name)?)?;
    all.insert(name, Arc::downgrade(&handle));
    Ok(Arc::new(Store { handle }))
}
