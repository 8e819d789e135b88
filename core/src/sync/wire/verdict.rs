//! What the relay says of each item, and what a device does about a verdict that its version does not know.

use minicbor::decode::Error;
use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

/// What became of an item. On the wire `[number, class, n]`: the class says what to do about a number that a device does not
/// know yet; `n` is there only where an item was numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Committed and synced to disk under this number.
    Stored(u64),
    /// It was here already, under this number.
    Known(u64),
    /// A change it builds on has not arrived.
    MissingDependency,
    /// An act it needs (a declaration, a placement) has not arrived.
    MissingAct,
    /// Too much at once: again, later.
    Busy,
    /// The person's or the school's room is used up.
    OverQuota,
    /// The person may not do this.
    NotInCircle,
    /// She could once; the role has ended, or the device that made it is revoked.
    RoleEnded,
    /// Not well formed, or it would damage the document.
    Malformed,
    /// Over a size or count.
    TooLarge,
    /// The signature isn't the device's.
    BadSignature,
    /// The actor already has another change of this number.
    ActorTaken,
    /// The id is taken by something else.
    IdTaken,
    /// It can't be taken back any more.
    TooLate,
    /// Her role has ended lately: it is kept, not delivered, and waits for a teacher's word.
    Quarantined,
    /// The piece was erased. Nothing of it is taken any more, and what is left of it goes.
    Erased,
    /// The relay can't read it: it was made by a newer version. It can be sent again after the relay's update.
    NotUnderstood,
    /// A verdict of a newer version.
    Other {
        number: u16,
        /// What to do about it.
        class: VerdictClass,
    },
}

/// What a device does about a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictClass {
    /// Nothing more: the item leaves the outbox.
    Done,
    /// It sends the item again later.
    Wait,
    /// It sets the item aside, readable.
    SetAside,
}

impl VerdictClass {
    const fn number(self) -> u8 {
        match self {
            VerdictClass::Done => 0,
            VerdictClass::Wait => 1,
            VerdictClass::SetAside => 2,
        }
    }

    /// A class of a newer version asks for patience: nothing is lost by waiting.
    const fn from_number(number: u8) -> Self {
        match number {
            0 => VerdictClass::Done,
            2 => VerdictClass::SetAside,
            _ => VerdictClass::Wait,
        }
    }
}

/// Those without a number of the log, by their number on the wire.
const PLAIN: [(u16, Verdict); 15] = [
    (2, Verdict::MissingDependency),
    (3, Verdict::MissingAct),
    (4, Verdict::Busy),
    (5, Verdict::OverQuota),
    (6, Verdict::NotInCircle),
    (7, Verdict::RoleEnded),
    (8, Verdict::Malformed),
    (9, Verdict::TooLarge),
    (10, Verdict::BadSignature),
    (11, Verdict::ActorTaken),
    (12, Verdict::IdTaken),
    (13, Verdict::TooLate),
    (14, Verdict::Quarantined),
    (15, Verdict::Erased),
    (16, Verdict::NotUnderstood),
];

impl Verdict {
    /// What a device does about it.
    pub const fn class(&self) -> VerdictClass {
        match self {
            Verdict::Stored(_) | Verdict::Known(_) | Verdict::Quarantined | Verdict::Erased => {
                VerdictClass::Done
            }
            Verdict::MissingDependency
            | Verdict::MissingAct
            | Verdict::Busy
            | Verdict::OverQuota
            | Verdict::NotInCircle
            | Verdict::RoleEnded
            | Verdict::NotUnderstood => VerdictClass::Wait,
            Verdict::Malformed
            | Verdict::TooLarge
            | Verdict::BadSignature
            | Verdict::ActorTaken
            | Verdict::IdTaken
            | Verdict::TooLate => VerdictClass::SetAside,
            Verdict::Other { class, .. } => *class,
        }
    }

    /// Its number on the wire, and the item's in the log.
    fn numbers(&self) -> (u16, Option<u64>) {
        match self {
            Verdict::Stored(n) => (0, Some(*n)),
            Verdict::Known(n) => (1, Some(*n)),
            Verdict::Other { number, .. } => (*number, None),
            Verdict::MissingDependency
            | Verdict::MissingAct
            | Verdict::Busy
            | Verdict::OverQuota
            | Verdict::NotInCircle
            | Verdict::RoleEnded
            | Verdict::Malformed
            | Verdict::TooLarge
            | Verdict::BadSignature
            | Verdict::ActorTaken
            | Verdict::IdTaken
            | Verdict::TooLate
            | Verdict::Quarantined
            | Verdict::Erased
            | Verdict::NotUnderstood => {
                let known = PLAIN.iter().find(|(_, known)| known == self);
                (known.map_or(u16::MAX, |(number, _)| *number), None)
            }
        }
    }
}

impl<C> Encode<C> for Verdict {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let (number, n) = self.numbers();
        e.array(if n.is_some() { 3 } else { 2 })?.u16(number)?.u8(self.class().number())?;
        match n {
            Some(n) => e.u64(n)?.ok(),
            None => Ok(()),
        }
    }
}

impl<'b, C> Decode<'b, C> for Verdict {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let fields = d.array()?.filter(|fields| *fields >= 2);
        let Some(fields) = fields else { return Err(Error::message("a verdict has a number and a class")) };
        let (number, class) = (d.u16()?, VerdictClass::from_number(d.u8()?));
        let is_numbered = number < 2;
        let n = if is_numbered && fields > 2 { Some(d.u64()?) } else { None };
        for _ in 2 + u64::from(n.is_some())..fields {
            d.skip()?;
        }
        Ok(match (number, n) {
            (0, Some(n)) => Verdict::Stored(n),
            (1, Some(n)) => Verdict::Known(n),
            (0 | 1, None) => return Err(Error::message("a stored item has a number")),
            (number, _) => PLAIN
                .into_iter()
                .find(|(known, _)| *known == number)
                .map_or(Verdict::Other { number, class }, |(_, verdict)| verdict),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_survives_the_wire_and_a_number_of_a_newer_version_says_what_to_do() {
        let numbered = [Verdict::Stored(7), Verdict::Known(u64::MAX)];
        let all = PLAIN.into_iter().map(|(_, verdict)| verdict).chain(numbered);
        for verdict in all {
            let bytes = minicbor::to_vec(&verdict).unwrap();
            assert_eq!(minicbor::decode::<Verdict>(&bytes).unwrap(), verdict);
        }
        // Number 300, class 2, and two fields that nobody here knows.
        let newer = [0x84, 0x19, 0x01, 0x2c, 0x02, 0x07, 0x61, 0x61];
        let read: Verdict = minicbor::decode(&newer).unwrap();
        assert_eq!(read, Verdict::Other { number: 300, class: VerdictClass::SetAside });
        let unknown_class = [0x82, 0x19, 0x01, 0x2c, 0x09];
        assert_eq!(minicbor::decode::<Verdict>(&unknown_class).unwrap().class(), VerdictClass::Wait);
        assert!(minicbor::decode::<Verdict>(&[0x82, 0x00, 0x00]).is_err());
    }
}
