//! Staying in step with the school: what is sent, what an answer means, what comes.

pub(in crate::device) mod apply;
pub(in crate::device) mod comparison;
pub(in crate::device) mod intake;
pub(in crate::device) mod live;
pub(in crate::device) mod rewrite;
pub(in crate::device) mod steps;
pub(in crate::device) mod verdicts;
