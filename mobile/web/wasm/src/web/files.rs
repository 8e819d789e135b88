//! Files that somebody chose: read in stretches as the core asks for them, so that a film is never whole in memory.

use std::io::{self, Read, Seek, SeekFrom};

use fieldfolio_core::device::NewMedium;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// What the worker makes of a file; see `files.ts`.
    #[wasm_bindgen(typescript_type = "ReadableFile")]
    type ReadableFile;

    #[wasm_bindgen(method, getter)]
    fn size(this: &ReadableFile) -> f64;

    /// The bytes from here to there. It throws when the file can't be read any more.
    #[wasm_bindgen(method, catch)]
    fn read(this: &ReadableFile, from: f64, to: f64) -> Result<Uint8Array, JsValue>;
}

/// Bytes that are fetched at once.
const AHEAD: u64 = 1 << 20;

/// A file with a position, and the bytes around it.
struct Chosen {
    file: ReadableFile,
    size: u64,
    at: u64,
    ahead_from: u64,
    ahead: Vec<u8>,
}

/// A file with its name and its poster, as the worker hands it over: `{file, name, poster}`.
pub(super) fn given(object: &JsValue) -> Result<NewMedium, JsValue> {
    let get = |name: &str| Reflect::get(object, &name.into());
    let file: ReadableFile = get("file")?.unchecked_into();
    let size = file.size().max(0.0) as u64;
    let chosen = Chosen { file, size, at: 0, ahead_from: 0, ahead: Vec::new() };
    let poster = get("poster")?.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec());
    let name = get("name")?.as_string().unwrap_or_default();
    Ok(NewMedium { name, poster, ..NewMedium::of(Box::new(chosen)) })
}

impl Chosen {
    fn fetched(&self) -> &[u8] {
        let into = self.at.checked_sub(self.ahead_from).and_then(|into| usize::try_from(into).ok());
        into.and_then(|into| self.ahead.get(into..)).unwrap_or_default()
    }
}

impl Read for Chosen {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.size || into.is_empty() {
            return Ok(0);
        }
        if self.fetched().is_empty() {
            let to = self.size.min(self.at + AHEAD.max(into.len() as u64));
            let bytes = self.file.read(self.at as f64, to as f64);
            let bytes = bytes.map_err(|_| io::Error::other("the file can't be read any more"))?;
            (self.ahead_from, self.ahead) = (self.at, bytes.to_vec());
        }
        let fetched = self.fetched();
        let count = fetched.len().min(into.len());
        into[..count].copy_from_slice(&fetched[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Chosen {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
