//! Broken copies of real bytes: flipped, cut, spliced, repeated, and with lengths that lie.

use fieldfolio_core::ids::{SeededRng, random};

/// Nothing grows beyond this, or the time of a test would go into copying.
const LONGEST: usize = 256 * 1024;

/// One of these, broken in one to six places, with what others say in between.
pub fn broken(seeds: &[Vec<u8>], dice: &mut SeededRng) -> Vec<u8> {
    let mut bytes = pick(seeds, dice).clone();
    for _ in 0..=dice.below(6) {
        break_once(&mut bytes, seeds, dice);
        bytes.truncate(LONGEST);
    }
    bytes
}

fn pick<'a>(seeds: &'a [Vec<u8>], dice: &mut SeededRng) -> &'a Vec<u8> {
    &seeds[below(dice, seeds.len())]
}

fn below(dice: &mut SeededRng, bound: usize) -> usize {
    usize::try_from(dice.below(bound.max(1) as u64)).expect("less than a length")
}

/// A stretch of at most so many bytes.
fn stretch(length: usize, most: usize, dice: &mut SeededRng) -> std::ops::Range<usize> {
    let start = below(dice, length + 1);
    start..(start + below(dice, most + 1)).min(length)
}

fn break_once(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut SeededRng) {
    let at = below(dice, bytes.len());
    match dice.below(10) {
        0 | 1 => change(bytes, at, |byte, dice| byte ^ (1 << dice.below(8)), dice),
        2 => change(bytes, at, |_, dice| [0, 1, 0x7f, 0x80, 0xff][below(dice, 5)], dice),
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(stretch(bytes.len(), 32, dice))),
        5 => {
            let some: [u8; 8] = random(dice);
            bytes.splice(at..at, some.into_iter().take(1 + below(dice, 8)));
        }
        6 => {
            let again = bytes[stretch(bytes.len(), 256, dice)].to_vec();
            let times = 1 << dice.below(8);
            bytes.splice(at..at, again.repeat(times));
        }
        7 => {
            let other = pick(seeds, dice);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[below(dice, other.len())..]);
        }
        8 => {
            let other = pick(seeds, dice);
            let piece = other[stretch(other.len(), 256, dice)].to_vec();
            let over = at..(at + piece.len()).min(bytes.len());
            bytes.splice(over, piece);
        }
        _ => lie_about_a_length(bytes, at, dice),
    }
}

fn change(bytes: &mut [u8], at: usize, other: impl FnOnce(u8, &mut SeededRng) -> u8, dice: &mut SeededRng) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = other(*byte, dice);
    }
}

/// Writes a number of one to eight bytes, either end first, where one may stand.
fn lie_about_a_length(bytes: &mut [u8], at: usize, dice: &mut SeededRng) {
    let rest = bytes.len() as u64;
    let lies = [0, 1, rest, rest.wrapping_sub(1), rest + 1, i32::MAX as u64, u64::MAX, 1 << 40];
    let lie = lies[below(dice, lies.len())];
    let width = 1 << dice.below(4);
    let number = if dice.happens(50) { lie.to_le_bytes() } else { lie.rotate_right(8 * width).to_be_bytes() };
    for (byte, other) in bytes.iter_mut().skip(at).zip(number.iter().take(width as usize)) {
        *byte = *other;
    }
}
