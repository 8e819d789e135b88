//! What the library says of itself, for developers: counts, times and codes; never names, words, addresses or tokens.

use std::sync::{Arc, PoisonError, RwLock};

/// How much is said, from little to much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, uniffi::Enum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed.
    Error,
    /// What happens.
    Info,
    /// Each request.
    Debug,
}

/// A log sink failed. Nobody hears of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum LogSinkError {
    /// It threw.
    #[error("{reason}")]
    Failed {
        /// What.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for LogSinkError {
    fn from(thrown: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed { reason: thrown.reason }
    }
}

/// Where the app wants log lines. It is called on threads of the library, and should return at once.
#[uniffi::export(with_foreign)]
pub trait LogSink: Send + Sync {
    /// Takes one line.
    fn log(&self, level: LogLevel, line: String) -> Result<(), LogSinkError>;
}

struct Logging {
    level: LogLevel,
    sink: Option<Arc<dyn LogSink>>,
}

static LOGGING: RwLock<Logging> = RwLock::new(Logging { level: LogLevel::Off, sink: None });

pub(super) fn set(level: LogLevel, sink: Option<Arc<dyn LogSink>>) {
    *LOGGING.write().unwrap_or_else(PoisonError::into_inner) = Logging { level, sink };
}

pub(super) fn log(level: LogLevel, line: impl FnOnce() -> String) {
    let sink = {
        let logging = LOGGING.read().unwrap_or_else(PoisonError::into_inner);
        if level > logging.level {
            return;
        }
        logging.sink.clone()
    };
    if let Some(sink) = sink {
        let _ = sink.log(level, line());
    }
}
