//! What AWS refuses, as data: every limit with its number, unit, hardness, source and the month in which it
//! was checked. Rules ([`crate::rules`]) compare; messages print the limit from here, so that a number that
//! has moved is corrected in one place.
//!
//! A *hard* limit is the service's; a *soft* one can be raised by asking AWS for a quota.
//!
//! ```
//! use flow_analysis::limits;
//! assert!(limits::LAMBDA_TIMEOUT.allows(900));
//! assert!(!limits::LAMBDA_TIMEOUT.allows(901));
//! assert!(limits::LAMBDA_TIMEOUT.note().contains("1 to 900 seconds"));
//! ```

mod catalogue;
pub mod cron;
pub mod fargate;
pub mod versions;
pub mod zone;

pub use catalogue::*;

/// Whether AWS can raise it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody can.
    Hard,
    /// A quota of the account.
    Soft,
}

/// One limit: a whole number between two ends, both allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What is limited: "the timeout of a Lambda function".
    pub what: &'static str,
    /// The smallest value.
    pub min: u64,
    /// The largest value.
    pub max: u64,
    /// Of both: "seconds".
    pub unit: &'static str,
    /// Hard or soft.
    pub kind: Kind,
    /// An AWS page, or the shape of AWS's published service model.
    pub source: &'static str,
    /// When the source was last read: `2026-09`.
    pub checked: &'static str,
}

impl Limit {
    /// Whether a value lies between both ends.
    pub fn allows(&self, value: u64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// The limit as a note of a message: what, number, unit, hardness, source, date.
    pub fn note(&self) -> String {
        let Limit { what, unit, source, checked, .. } = self;
        let range = if self.min == 0 {
            format!("at most {}", thousands(self.max))
        } else {
            format!("{} to {}", thousands(self.min), thousands(self.max))
        };
        let kind = match self.kind {
            Kind::Hard => "hard limit",
            Kind::Soft => "quota that AWS can raise",
        };
        format!("{what}: {range} {unit} ({kind}; {source}, checked {checked})")
    }
}

/// `10240` as `10,240`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_carry_number_source_and_date() {
        assert_eq!(
            STATE_NAME.note(),
            "the name of a state: 1 to 80 characters (hard limit; AWS service model, stepfunctions \
             `StateName`, checked 2026-09)"
        );
        assert!(POLICY_SIZE.note().contains("at most 10,240 characters"));
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(thousands(5), "5");
        assert_eq!(thousands(900), "900");
        assert_eq!(thousands(10_240), "10,240");
        assert_eq!(thousands(31_622_400), "31,622,400");
    }
}
