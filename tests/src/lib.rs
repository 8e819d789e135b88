//! School in a box.
