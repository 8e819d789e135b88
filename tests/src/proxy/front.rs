//! The web server that a school puts before its relay: it holds a certificate of the school's own, which no authority
//! vouches for, and can lose its line.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// A certificate and its key, in PEM.
pub struct Identity {
    pub certificate: String,
    key: String,
}

impl Identity {
    /// A new key, and a certificate for this machine that it signed itself.
    pub fn of_its_own() -> io::Result<Self> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]);
        let made = made.map_err(io::Error::other)?;
        Ok(Self { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
    }

    /// Another certificate for the same key, as when it is renewed.
    pub fn renewed(&self) -> io::Result<Self> {
        let key = rcgen::KeyPair::from_pem(&self.key).map_err(io::Error::other)?;
        let mut wanted =
            rcgen::CertificateParams::new(["renewed.invalid".to_owned()]).map_err(io::Error::other)?;
        wanted.serial_number = Some(rcgen::SerialNumber::from(77));
        let certificate = wanted.self_signed(&key).map_err(io::Error::other)?.pem();
        Ok(Self { certificate, key: self.key.clone() })
    }

    fn acceptor(&self) -> io::Result<TlsAcceptor> {
        let certificate =
            CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(io::Error::other)?;
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key));
        Ok(TlsAcceptor::from(Arc::new(config.map_err(io::Error::other)?)))
    }
}

/// The web server. It is there until the process ends.
pub struct Front {
    address: SocketAddr,
    is_up: watch::Sender<bool>,
}

impl Front {
    /// Listens on a free port, proves itself by `identity`, and leads to `relay`.
    pub fn start(relay: SocketAddr, identity: &Identity) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let (address, acceptor) = (listener.local_addr()?, identity.acceptor()?);
        let is_up = watch::Sender::new(true);
        let line = is_up.subscribe();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::spawn(move || {
            runtime.block_on(async move {
                let listener = TcpListener::from_std(listener).expect("it listens");
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(carry(client, relay, acceptor.clone(), line.clone()));
                }
            });
        });
        Ok(Self { address, is_up })
    }

    /// How clients reach it, without a trailing slash.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Its line breaks, with everything that is on it; or is there again.
    pub fn set_up(&self, is_up: bool) {
        self.is_up.send_replace(is_up);
    }

    /// Writes the certificate where a relay's settings name it.
    pub fn keep_certificate(identity: &Identity, home: &Path) -> io::Result<String> {
        let path = home.join("certificate.pem");
        std::fs::write(&path, &identity.certificate)?;
        Ok(format!("certificate = {path:?}\n"))
    }
}

async fn carry(client: TcpStream, relay: SocketAddr, acceptor: TlsAcceptor, mut line: watch::Receiver<bool>) {
    if !*line.borrow_and_update() {
        return;
    }
    let carried = async {
        let mut client = acceptor.accept(client).await.ok()?;
        let mut relay = TcpStream::connect(relay).await.ok()?;
        copy_bidirectional(&mut client, &mut relay).await.ok()
    };
    tokio::select! {
        _ = carried => {}
        _ = line.wait_for(|is_up| !is_up) => {}
    }
}
