//! The relay's settings: `fieldfolio.toml` in its folder, overridden by the environment, with defaults for a trial.
//!
//! ```toml
//! listen = "127.0.0.1:8080"               # FIELDFOLIO_LISTEN
//! public_url = "https://folio.school.org" # FIELDFOLIO_PUBLIC_URL
//! certificate = "/etc/ssl/folio.pem"      # FIELDFOLIO_CERTIFICATE; only if no authority vouches for it
//! log_level = "info"                      # FIELDFOLIO_LOG_LEVEL
//! max_upload_bytes = 67108864             # FIELDFOLIO_MAX_UPLOAD_BYTES
//! quota_bytes_per_person = 2147483648     # FIELDFOLIO_QUOTA_BYTES_PER_PERSON
//! quota_bytes_per_school = 0              # FIELDFOLIO_QUOTA_BYTES_PER_SCHOOL; 0: as much as the disk holds
//! disk_floor_bytes = 1073741824           # FIELDFOLIO_DISK_FLOOR_BYTES
//! reader_connections = 4                  # FIELDFOLIO_READER_CONNECTIONS
//! live_connections = 4096                 # FIELDFOLIO_LIVE_CONNECTIONS
//! live_ping_seconds = 30                  # FIELDFOLIO_LIVE_PING_SECONDS
//! connections = 8192                      # FIELDFOLIO_CONNECTIONS
//! proxies = ["127.0.0.1"]                 # FIELDFOLIO_PROXIES, with commas
//! ends_file = "/mnt/other/ends.log"       # FIELDFOLIO_ENDS_FILE; in the folder, if nothing is said
//! gate_children = 4                       # FIELDFOLIO_GATE_CHILDREN; not set: as many as processors, 2 to 4
//! gate_memory_bytes = 402653184           # FIELDFOLIO_GATE_MEMORY_BYTES
//! gate_seconds = 5                        # FIELDFOLIO_GATE_SECONDS
//! ```

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use fieldfolio_core::model::invitation::Pin;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use webpki::EndEntityCert;

/// How the relay is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where it listens.
    pub listen: SocketAddr,
    /// How the world reaches it, without a trailing slash, if someone said so; see [`Config::public_url`].
    pub configured_url: Option<String>,
    /// The certificate of the web server before the relay, in PEM, where no authority vouches for it: invitations then
    /// carry its key, and apps trust that key alone.
    pub certificate: Option<PathBuf>,
    /// What it writes about itself.
    pub log_level: LogLevel,
    /// The largest file that may be uploaded.
    pub max_upload_bytes: u64,
    /// How many bytes of media one person may bring.
    pub quota_bytes_per_person: u64,
    /// How many bytes of media the school may keep in all, if there is a limit.
    pub quota_bytes_per_school: Option<u64>,
    /// How many bytes of the disk media leave free.
    pub disk_floor_bytes: u64,
    /// How many connections read the database at a time.
    pub reader_connections: usize,
    /// How many live connections there may be.
    pub live_connections: usize,
    /// How many connections of all kinds there may be; fewer where the system has not files for so many.
    pub connections: usize,
    /// Web servers before the relay: what they say of where a request came from (`X-Forwarded-For`) is believed.
    pub proxies: Vec<IpAddr>,
    /// Seconds between two pings on a live connection; one that answers none of three is closed.
    pub live_ping_seconds: u64,
    /// Where what has ended is written down, outside of every backup; in the folder, if nothing is said.
    pub ends_file: Option<PathBuf>,
    /// How many processes try changes at a time, if someone said so; else as many as processors, two to four.
    pub gate_children: Option<usize>,
    /// How much memory each of them may have, its program included.
    pub gate_memory_bytes: u64,
    /// How many seconds of a processor one trial may take. After four times that by the clock it is put off.
    pub gate_seconds: u64,
}

/// What the relay writes about itself, from little to much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may fail.
    Warn,
    /// What happens.
    Info,
    /// How.
    Debug,
    /// All of it.
    Trace,
}

impl LogLevel {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// The settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read {path}: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file, or a variable, holds something else than settings.
    #[error("{place} can't be used: {reason}")]
    Wrong {
        /// The file or the variable.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    listen: Option<SocketAddr>,
    public_url: Option<String>,
    certificate: Option<PathBuf>,
    log_level: Option<LogLevel>,
    max_upload_bytes: Option<u64>,
    quota_bytes_per_person: Option<u64>,
    quota_bytes_per_school: Option<u64>,
    disk_floor_bytes: Option<u64>,
    reader_connections: Option<usize>,
    live_connections: Option<usize>,
    live_ping_seconds: Option<u64>,
    connections: Option<usize>,
    proxies: Option<Proxies>,
    ends_file: Option<PathBuf>,
    gate_children: Option<usize>,
    gate_memory_bytes: Option<u64>,
    gate_seconds: Option<u64>,
}

/// Addresses: a list, or one text with commas.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Proxies {
    Text(String),
    List(Vec<String>),
}

impl Proxies {
    /// The addresses, or the first text that is none.
    fn read(self) -> Result<Vec<IpAddr>, String> {
        let texts = match self {
            Proxies::Text(text) => text.split(',').map(str::to_owned).collect(),
            Proxies::List(list) => list,
        };
        let texts = texts.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        texts.map(|text| text.parse().map_err(|_| text)).collect()
    }
}

const PREFIX: &str = "FIELDFOLIO_";
const WORDS: [&str; 6] = ["listen", "public_url", "certificate", "log_level", "ends_file", "proxies"];
const NUMBERS: [&str; 11] = [
    "connections",
    "max_upload_bytes",
    "quota_bytes_per_person",
    "quota_bytes_per_school",
    "disk_floor_bytes",
    "reader_connections",
    "live_connections",
    "live_ping_seconds",
    "gate_children",
    "gate_memory_bytes",
    "gate_seconds",
];

/// The least memory in which a small change can be tried.
const LEAST_GATE_MEMORY: u64 = 64 * 1024 * 1024;

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            configured_url: None,
            certificate: None,
            log_level: LogLevel::Info,
            max_upload_bytes: 2 * 1024 * 1024 * 1024,
            quota_bytes_per_person: 8 * 1024 * 1024 * 1024,
            quota_bytes_per_school: None,
            disk_floor_bytes: 1024 * 1024 * 1024,
            reader_connections: 4,
            live_connections: 4_096,
            live_ping_seconds: 30,
            connections: 8_192,
            proxies: Vec::new(),
            ends_file: None,
            gate_children: None,
            gate_memory_bytes: 384 * 1024 * 1024,
            gate_seconds: 5,
        }
    }
}

impl Config {
    /// The settings of the relay in `folder`, overridden by what `variable` answers to names like `FIELDFOLIO_LISTEN`.
    /// Other variables are nobody's mistake (Kubernetes sets `FIELDFOLIO_PORT` by itself) and mean nothing.
    pub fn load(folder: &Path, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let path = folder.join("fieldfolio.toml");
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            text => text.map_err(|source| ConfigError::Unreadable { path: path.clone(), source })?,
        };
        let mut config = Self::default();
        config.apply(&path.display().to_string(), &text)?;
        for key in WORDS.into_iter().chain(NUMBERS) {
            let name = format!("{PREFIX}{}", key.to_uppercase());
            let Some(value) = variable(&name) else { continue };
            let value = match value.trim().parse::<i64>() {
                Ok(number) if NUMBERS.contains(&key) => toml::Value::Integer(number),
                _ => toml::Value::String(value),
            };
            config.apply(&name, &toml::Table::from_iter([(key.to_owned(), value)]).to_string())?;
        }
        Ok(config)
    }

    /// Where the world reaches the relay, by its settings alone.
    pub fn public_url(&self) -> String {
        self.public_url_at(self.listen)
    }

    /// Where the world reaches the relay that listens at `bound`: what was configured, else this address.
    pub fn public_url_at(&self, bound: SocketAddr) -> String {
        match &self.configured_url {
            Some(url) => url.clone(),
            None if bound.ip().is_unspecified() => format!("http://localhost:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }

    /// The key of the school's own certificate, for invitations; none where an authority vouches for it.
    pub fn pin(&self) -> Result<Option<Pin>, ConfigError> {
        let Some(path) = &self.certificate else { return Ok(None) };
        let wrong = |reason: String| ConfigError::Wrong { place: path.display().to_string(), reason };
        if !self.public_url().starts_with("https://") {
            return Err(wrong("a certificate needs a public_url that begins with https://".into()));
        }
        let certificate = CertificateDer::from_pem_file(path)
            .map_err(|error| wrong(format!("it is no certificate in PEM ({error})")))?;
        let read = EndEntityCert::try_from(&certificate)
            .map_err(|error| wrong(format!("its certificate can't be read ({error})")))?;
        Ok(Some(Pin(Sha256::digest(read.subject_public_key_info()).into())))
    }

    fn apply(&mut self, place: &str, text: &str) -> Result<(), ConfigError> {
        let wrong = |reason: String| ConfigError::Wrong { place: place.to_owned(), reason };
        let settings: Settings =
            toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        if let Some(url) = settings.public_url {
            let url = url.trim().trim_end_matches('/');
            let is_web = url.starts_with("http://") || url.starts_with("https://");
            if !is_web || url.chars().any(|c| c.is_whitespace() || c.is_control() || c == '#') {
                return Err(wrong("public_url must be an address like https://folio.school.org".into()));
            }
            self.configured_url = Some(url.to_owned());
        }
        if settings.reader_connections.is_some_and(|count| !(1..=64).contains(&count)) {
            return Err(wrong("reader_connections must be 1 to 64".into()));
        }
        if settings.live_ping_seconds.is_some_and(|seconds| !(1..=3_600).contains(&seconds)) {
            return Err(wrong("live_ping_seconds must be 1 to 3600".into()));
        }
        if settings.gate_children.is_some_and(|count| !(1..=64).contains(&count)) {
            return Err(wrong("gate_children must be 1 to 64".into()));
        }
        if settings.gate_memory_bytes.is_some_and(|bytes| bytes < LEAST_GATE_MEMORY) {
            return Err(wrong(format!("gate_memory_bytes must be at least {LEAST_GATE_MEMORY}")));
        }
        if settings.gate_seconds.is_some_and(|seconds| !(1..=600).contains(&seconds)) {
            return Err(wrong("gate_seconds must be 1 to 600".into()));
        }
        if settings.max_upload_bytes == Some(0) {
            return Err(wrong("max_upload_bytes must be at least 1".into()));
        }
        self.listen = settings.listen.unwrap_or(self.listen);
        self.certificate = settings.certificate.or_else(|| self.certificate.take());
        self.log_level = settings.log_level.unwrap_or(self.log_level);
        self.max_upload_bytes = settings.max_upload_bytes.unwrap_or(self.max_upload_bytes);
        self.quota_bytes_per_person = settings.quota_bytes_per_person.unwrap_or(self.quota_bytes_per_person);
        if let Some(quota) = settings.quota_bytes_per_school {
            self.quota_bytes_per_school = Some(quota).filter(|quota| *quota > 0);
        }
        self.disk_floor_bytes = settings.disk_floor_bytes.unwrap_or(self.disk_floor_bytes);
        self.reader_connections = settings.reader_connections.unwrap_or(self.reader_connections);
        self.live_connections = settings.live_connections.unwrap_or(self.live_connections);
        if settings.connections == Some(0) {
            return Err(wrong("connections must be at least 1".into()));
        }
        self.connections = settings.connections.unwrap_or(self.connections);
        if let Some(proxies) = settings.proxies {
            self.proxies = proxies
                .read()
                .map_err(|text| wrong(format!("proxies must be addresses like 127.0.0.1, not {text:?}")))?;
        }
        self.live_ping_seconds = settings.live_ping_seconds.unwrap_or(self.live_ping_seconds);
        self.ends_file = settings.ends_file.or_else(|| self.ends_file.take());
        self.gate_children = settings.gate_children.or(self.gate_children);
        self.gate_memory_bytes = settings.gate_memory_bytes.unwrap_or(self.gate_memory_bytes);
        self.gate_seconds = settings.gate_seconds.unwrap_or(self.gate_seconds);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("fieldfolio.toml"), file).unwrap();
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned());
        Config::load(folder.path(), find).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_file_the_defaults_hold() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::load(folder.path(), |_| None).unwrap();
        assert_eq!(config, Config::default());
        assert_eq!(config.public_url(), "http://127.0.0.1:8080");
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let file = "listen = '0.0.0.0:99'\nquota_bytes_per_person = 5\nlog_level = 'warn'";
        let config =
            load(file, &[("FIELDFOLIO_QUOTA_BYTES_PER_PERSON", "7"), ("FIELDFOLIO_LISTEN", "[::]:98")])
                .unwrap();
        assert_eq!((config.quota_bytes_per_person, config.log_level), (7, LogLevel::Warn));
        assert_eq!(config.public_url(), "http://localhost:98");
        assert_eq!(config.quota_bytes_per_school, None);
        let config =
            load("quota_bytes_per_school = 9", &[("FIELDFOLIO_QUOTA_BYTES_PER_SCHOOL", "0")]).unwrap();
        assert_eq!((config.quota_bytes_per_school, config.disk_floor_bytes), (None, 1 << 30));
        let config = load("", &[("FIELDFOLIO_PUBLIC_URL", "https://folio.example/")]).unwrap();
        assert_eq!(config.public_url(), "https://folio.example");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (file, variables, named) in [
            ("lisen = 'x'", &[][..], "lisen"),
            ("reader_connections = 0", &[], "reader_connections"),
            ("gate_children = 0", &[], "gate_children"),
            ("gate_memory_bytes = 1000", &[], "gate_memory_bytes"),
            ("", &[("FIELDFOLIO_GATE_SECONDS", "0")], "gate_seconds"),
            ("public_url = 'folio'", &[], "public_url"),
            ("", &[("FIELDFOLIO_MAX_UPLOAD_BYTES", "many")], "FIELDFOLIO_MAX_UPLOAD_BYTES"),
            ("", &[("FIELDFOLIO_LOG_LEVEL", "loud")], "FIELDFOLIO_LOG_LEVEL"),
        ] {
            let error = load(file, variables).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }
}
