//! What things are: frameworks and levels, projects, acts, entries, and the rules of mastery. Pure: nothing here
//! reads a clock, a file or a document.

pub mod act;
pub mod directory;
pub mod entry;
pub mod framework;
pub mod invitation;
pub mod judgement;
pub mod lenient;
pub mod mastery;
pub mod piece;
pub mod placing;
pub mod review;
pub mod role;
