//! Streams that somebody may close while another waits for them.

use tokio::sync::watch;

/// Whether somebody has closed a stream, and hearing of it. Not every language tells the library that nobody waits.
#[derive(Debug)]
pub(super) struct Closed(watch::Sender<bool>);

impl Default for Closed {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Closed {
    pub(super) fn close(&self) {
        self.0.send_replace(true);
    }

    /// What is waited for; nothing if the stream is closed before.
    pub(super) async fn unless<T>(&self, waited: impl Future<Output = T>) -> Option<T> {
        let mut closed = self.0.subscribe();
        tokio::select! {
            biased;
            _ = closed.wait_for(|is_closed| *is_closed) => None,
            came = waited => Some(came),
        }
    }
}
