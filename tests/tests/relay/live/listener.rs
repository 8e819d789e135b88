//! Someone who listens and believes nothing: she checks every frame that comes.

use std::collections::BTreeSet;
use std::time::Duration;

use fieldfolio_core::ids::{DocumentId, SeededRng};
use fieldfolio_core::model::entry::Head;
use fieldfolio_core::sync::wire::{self, Cursor, Fill, Item, Live, PROTOCOL, Request, Response, Verdict};
use fieldfolio_tests::driver::{Came, Line};
use fieldfolio_tests::real::{Client, RealSchool, Writing};

/// Longer than anything here takes; who waits so long fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Listener {
    pub(crate) line: Line,
    pub(crate) cursor: Cursor,
    /// Every change that came, by whatever way.
    pub(crate) changes: BTreeSet<(DocumentId, Head)>,
    pub(crate) purged: BTreeSet<DocumentId>,
    unfilled: BTreeSet<DocumentId>,
    more: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Answer(Vec<Verdict>),
    News,
}

impl Listener {
    /// Opens a connection and asks from the beginning until nothing is left.
    pub(crate) fn caught_up(client: &Client) -> Self {
        let mut listener = Self::silent(client);
        listener.catch_up();
        listener
    }

    /// Opens a connection, and asks nothing.
    pub(crate) fn silent(client: &Client) -> Self {
        Self {
            line: client.listen().unwrap(),
            cursor: Cursor::default(),
            changes: BTreeSet::new(),
            purged: BTreeSet::new(),
            unfilled: BTreeSet::new(),
            more: false,
        }
    }

    pub(crate) fn catch_up(&mut self) {
        loop {
            self.ask(Vec::new());
            while self.hear() == Received::News {}
            if !self.more {
                break;
            }
        }
    }

    pub(crate) fn ask(&mut self, items: Vec<Item>) {
        let fill = self.unfilled.iter().map(|document| Fill { document: *document, after: 0 }).collect();
        let request = Request { fill, ..Request::of(self.cursor, items) };
        assert!(self.line.send(wire::to_bytes(&request)));
    }

    /// The next frame, checked and taken in.
    pub(crate) fn hear(&mut self) -> Received {
        match self.line.hear(PATIENCE) {
            Came::Frame(frame) => match Live::from_bytes(&frame).unwrap() {
                Live::Answer(response) => {
                    let verdicts = response.verdicts.clone();
                    self.take(response);
                    Received::Answer(verdicts)
                }
                Live::Newer => panic!("this relay is of the same version"),
                Live::News(response) => {
                    assert!(response.verdicts.is_empty() && !response.is_empty() && !self.more);
                    self.take(response);
                    Received::News
                }
            },
            other => panic!("news were expected: {other:?}"),
        }
    }

    pub(crate) fn closed(&mut self) -> Option<(u16, String)> {
        match self.line.hear(PATIENCE) {
            Came::Closed(why) => why,
            other => panic!("the end was expected: {other:?}"),
        }
    }

    fn take(&mut self, response: Response) {
        assert_eq!((response.version, response.start_over), (PROTOCOL, false));
        assert!(self.cursor.n <= response.cursor.n, "numbers go on");
        let numbers: Vec<u64> = response.news.iter().map(|news| news.n).collect();
        assert!(numbers.is_sorted() && numbers.iter().all(|n| *n <= response.cursor.n), "{numbers:?}");
        self.more = response.more;
        self.cursor = response.cursor;
        self.unfilled.extend(response.to_fill.iter().map(|fill| fill.document));
        self.purged.extend(response.purge);
        for pack in response.packs {
            assert!(pack.changes.iter().map(|news| news.n).is_sorted());
            self.changes.extend(pack.changes.iter().map(|news| (pack.document, news.change.hash)));
            if pack.whole {
                self.unfilled.remove(&pack.document);
            }
        }
        self.changes.extend(response.news.iter().map(|news| (news.change.document, news.change.hash)));
    }
}

/// Someone who writes in a piece of her own, one change at a time.
pub(crate) struct Writer {
    pub(crate) client: Client,
    writing: Writing,
    pub(crate) written: BTreeSet<(DocumentId, Head)>,
}

impl Writer {
    /// A new piece in this folio, shared with its circle.
    pub(crate) fn new(mut client: Client, school: &RealSchool, folio: &str, seed: u64) -> Self {
        let mut dice = SeededRng::new(seed);
        let (piece, acts) = client.new_piece(school.folio(folio), &mut dice);
        let stored = client.send(&acts).unwrap();
        assert!(stored.iter().all(|verdict| matches!(verdict, Verdict::Stored(_))), "{stored:?}");
        let writing = Writing::new(DocumentId::content(piece), &mut dice);
        Self { client, writing, written: BTreeSet::new() }
    }

    /// The next change, not sent yet.
    pub(crate) fn change(&mut self, words: &str) -> Item {
        let change = self.writing.write(&self.client.me, &[], |edit| edit.title(words));
        self.written.insert((change.document, change.hash));
        Item::Change(change)
    }

    /// Writes a title, and waits until it is stored.
    pub(crate) fn write(&mut self, title: &str) {
        let change = self.change(title);
        self.send(change);
    }

    /// Writes words, which may be many.
    pub(crate) fn write_words(&mut self, words: &str) {
        let change = self.writing.write(&self.client.me, &[], |edit| edit.words(words));
        self.written.insert((change.document, change.hash));
        self.send(Item::Change(change));
    }

    fn send(&mut self, change: Item) {
        let stored = self.client.send(&[change]).unwrap();
        assert!(matches!(stored[..], [Verdict::Stored(_)]), "{stored:?}");
    }
}
