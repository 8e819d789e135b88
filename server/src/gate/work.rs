//! What a child of the gate does: give up its rights, then try what it is sent until nothing more is sent.

use std::io;

use super::contained::ContainedTrial;
use super::frames::{self, Answer, Ready};
use super::jail;

/// Runs until the relay sends nothing more, or is gone.
pub(crate) fn work(memory: u64, seconds: u64) -> io::Result<()> {
    let room = ContainedTrial::new();
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    let shut = jail::shut(memory);
    let ready = match &shut {
        Ok(filtered) => Ready::Yes { filtered: *filtered },
        Err(why) => Ready::No(why.to_string()),
    };
    frames::send(&mut stdout, &frames::said(&ready))?;
    shut?;
    while let Some(ask) = frames::next_ask(&mut stdin)? {
        let asked = frames::asked(&ask);
        let (stored, new) = asked.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        drop(ask);
        jail::allow(seconds)?;
        let tried = room.try_here(&stored, &new.iter().collect::<Vec<_>>());
        frames::send(&mut stdout, &frames::said(&Answer::from(tried)))?;
    }
    Ok(())
}
