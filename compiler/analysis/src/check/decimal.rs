//! Numbers that are written where a `Decimal` is wanted: exact, or refused.

use super::Checker;
use crate::program::{Expr, Type, Value};

impl Checker<'_> {
    /// A constant number as a value of `Decimal(precision, scale)`; `None` where digits would be lost, or there is no
    /// constant number.
    pub fn decimal(&self, expr: &Expr, precision: u8, scale: u8) -> Option<Expr> {
        let text = match expr.constant()? {
            Value::Int(value) => value.to_string(),
            // What is written may have more digits than a `Float` holds.
            Value::Float(value) => {
                let written = self.files.slice(expr.span).replace('_', "");
                let plain = written.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
                let same = plain && written.parse::<f64>().is_ok_and(|parsed| parsed.total_cmp(value).is_eq());
                if same { written } else { value.to_string() }
            }
            _ => return None,
        };
        let digits = exact(&text, precision, scale)?;
        Some(Expr::value(Value::Decimal(digits), Type::Decimal(precision, scale), expr.span))
    }

    /// A constant number beside a `Decimal` becomes one.
    pub(super) fn decimals_alike(&self, left: Expr, right: Expr) -> (Expr, Expr) {
        let alike = |number: Expr, of: &Type| match of.required().base().required() {
            Type::Decimal(precision, scale) => self.decimal(&number, *precision, *scale).unwrap_or(number),
            _ => number,
        };
        let right = alike(right, &left.ty);
        let left = alike(left, &right.ty);
        (left, right)
    }
}

/// `-12.5` with exactly `scale` digits after the point; `None` where it has more digits than fit.
fn exact(text: &str, precision: u8, scale: u8) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let (scale, precision) = (usize::from(scale), usize::from(precision));
    let fits = part.len() <= scale && whole.len() <= precision.checked_sub(scale)?;
    if !fits || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sign = if whole.is_empty() && part.is_empty() { "" } else { sign };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if scale == 0 { "" } else { "." };
    Some(format!("{sign}{whole}{point}{part:0<scale$}"))
}

/// What numbers a decimal takes.
pub(super) fn digits(precision: u8, scale: u8) -> String {
    format!(
        "a number that is written becomes a `Decimal({precision}, {scale})` if it has at most {} digits before the point and \
         {scale} after it; other numbers do not, as a `Float` is not exact",
        precision.saturating_sub(scale)
    )
}

/// The order of two decimals of one scale.
pub(super) fn order(left: &str, right: &str) -> Option<std::cmp::Ordering> {
    let unscaled = |text: &str| text.replace('.', "").parse::<i128>().ok();
    Some(unscaled(left)?.cmp(&unscaled(right)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_digit_is_lost() {
        let of = |text| exact(text, 6, 2);
        assert_eq!(of("12.5").as_deref(), Some("12.50"));
        assert_eq!(of("0").as_deref(), Some("0.00"));
        assert_eq!(of("-0.000").as_deref(), Some("0.00"));
        assert_eq!(of("-007.10").as_deref(), Some("-7.10"));
        assert_eq!(of("9999").as_deref(), Some("9999.00"));
        assert_eq!(of("10000"), None);
        assert_eq!(of("0.125"), None);
        assert_eq!(exact("12", 2, 0).as_deref(), Some("12"));
        assert_eq!(exact("1e3", 6, 2), None);
        assert_eq!(order("-7.10", "0.00"), Some(std::cmp::Ordering::Less));
        assert_eq!(order("10.00", "9.99"), Some(std::cmp::Ordering::Greater));
    }
}
