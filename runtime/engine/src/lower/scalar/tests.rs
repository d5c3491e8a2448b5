//! The functions at their edges, over columns and single values.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::compute;
use crate::lower::function::Operand;
use arrow::array::{ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, Scalar, StringViewArray};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use crate::temporal::{format_date, format_timestamp, parse_date};
use flow_plan::ScalarFunction as S;
use std::sync::Arc;

fn texts(values: &[&str]) -> Operand {
    let values: StringViewArray = values.iter().map(|value| (*value != "<none>").then_some(*value)).collect();
    Operand::Array(Arc::new(values))
}

fn text(value: &str) -> Operand {
    let values: ArrayRef = Arc::new(StringViewArray::from_iter_values([value]));
    Operand::Scalar(Scalar::new(values))
}

fn int(value: i64) -> Operand {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![value]));
    Operand::Scalar(Scalar::new(values))
}

fn floats(values: &[f64]) -> Operand {
    Operand::Array(Arc::new(Float64Array::from(values.to_vec())))
}

fn dates(values: &[&str]) -> Operand {
    let days: Date32Array = values.iter().map(|value| parse_date(value).ok()).collect();
    Operand::Array(Arc::new(days))
}

fn shown(function: S, arguments: &[Operand]) -> Vec<String> {
    let result = compute(function, arguments).unwrap();
    result.as_string_view().iter().map(|text| text.unwrap_or("<none>").to_owned()).collect()
}

fn ints(function: S, arguments: &[Operand]) -> Vec<Option<i64>> {
    compute(function, arguments).unwrap().as_primitive::<Int64Type>().iter().collect()
}

fn days(function: S, arguments: &[Operand]) -> Vec<String> {
    let result = compute(function, arguments).unwrap();
    result.as_primitive::<Date32Type>().iter().flatten().map(format_date).collect()
}

#[test]
fn parts_of_texts() {
    let words = || texts(&["héllo", "", "<none>"]);
    assert_eq!(shown(S::Substring, &[words(), int(-3), int(2)]), ["ll", "", "<none>"]);
    assert_eq!(shown(S::Substring, &[words(), int(-9), int(2)]), ["hé", "", "<none>"]);
    assert_eq!(shown(S::Substring, &[words(), int(i64::MIN), int(i64::MAX)]), ["héllo", "", "<none>"]);
    assert_eq!(shown(S::Substring, &[words(), int(i64::MAX)]), ["", "", "<none>"]);
    assert_eq!(shown(S::Substring, &[words(), int(0), int(-1)]), ["", "", "<none>"]);
    assert_eq!(shown(S::PadStart, &[texts(&["7", "1234"]), int(3), text("ab")]), ["ab7", "1234"]);
    assert_eq!(shown(S::PadEnd, &[texts(&["7"]), int(3), text("")]), ["7  "]);
    assert!(compute(S::PadEnd, &[texts(&["7"]), int(i64::MAX), text("")]).is_err());
    assert_eq!(ints(S::IndexOf, &[words(), text("l")]), [Some(2), None, None]);
    assert_eq!(shown(S::Extract, &[texts(&["a1", "b", "-"]), text("(a|b)([0-9])?"), int(2)]), ["1", "<none>", "<none>"]);
    assert_eq!(shown(S::ReplaceAll, &[texts(&["a1b22"]), text("[0-9]+"), text("$1")]), ["a$1b$1"]);
}

#[test]
fn lists_of_texts() {
    let lists = || Operand::Array(compute(S::Split, &[texts(&["a,b", "", "<none>", ","]), text(",")]).unwrap());
    assert_eq!(shown(S::Join, &[lists(), text("-")]), ["a-b", "", "<none>", "-"]);
    assert_eq!(ints(S::ListLength, &[lists()]), [Some(2), Some(1), None, Some(2)]);
    assert_eq!(shown(S::ListItem, &[lists(), int(-1)]), ["b", "", "<none>", ""]);
    assert_eq!(shown(S::ListItem, &[lists(), int(1)]), ["b", "<none>", "<none>", ""]);
    assert_eq!(shown(S::ListItem, &[lists(), int(i64::MIN)]), ["<none>"; 4]);
    let found = compute(S::ListContains, &[lists(), texts(&["b", "b", "b", ""])]).unwrap();
    assert_eq!(found.as_boolean().iter().collect::<Vec<_>>(), [Some(true), Some(false), None, Some(true)]);
    let letters = Operand::Array(compute(S::Split, &[texts(&["aé"]), text("")]).unwrap());
    assert_eq!(shown(S::ToJson, &[letters]), [r#"["a","é"]"#]);
}

#[test]
fn texts_become_values_or_none() {
    let ints_of = ints(S::ParseInt, &[texts(&["007", "-0", "+1", "", "1.0", "9223372036854775808", "-9223372036854775808", "٣"])]);
    assert_eq!(ints_of, [Some(7), Some(0), None, None, None, None, Some(i64::MIN), None]);
    let numbers = compute(S::ParseFloat, &[texts(&["01.5e-2", "-0", ".5", "5.", "1e400", "1e100", "inf", "NaN", "1e"])]).unwrap();
    let numbers: Vec<_> = numbers.as_primitive::<Float64Type>().iter().collect();
    assert_eq!(numbers, [Some(0.015), Some(0.0), None, None, None, None, None, None, None]);
    let instants = [
        "2026-01-05T02:00:00.5+02:00", "2026-01-05 02:00", "2026-01-05T02:00:00", "2026-01-05", "2026-13-05T02:00Z", "0000-01-01T00:00+01:00", "é026-01-05T02:00"];
    let instants = compute(S::ParseTimestamp, &[texts(&instants)]).unwrap();
    let instants: Vec<_> = instants.as_primitive::<TimestampMicrosecondType>().iter().map(|at| at.map(format_timestamp)).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        instants,
        [text("2026-01-05T00:00:00.500Z"), text("2026-01-05T02:00:00Z"), text("2026-01-05T02:00:00Z"), None, None, None, None]
    );
}

#[test]
fn numbers_at_their_edges() {
    let result = compute(S::RoundDigits, &[floats(&[2.345, -2.5, 1e308, 0.125]), int(2)]).unwrap();
    assert_eq!(result.as_primitive::<Float64Type>().values().to_vec(), [2.35, -2.5, 1e308, 0.13]);
    let result = compute(S::RoundDigits, &[floats(&[1250.0, -49.0]), int(-2)]).unwrap();
    assert_eq!(result.as_primitive::<Float64Type>().values().to_vec(), [1300.0, 0.0]);
    assert_eq!(ints(S::IntOfFloat, &[floats(&[2.9, -2.9, -9_223_372_036_854_775_808.0])]), [Some(2), Some(-2), Some(i64::MIN)]);
    for (function, argument) in [(S::IntOfFloat, 9_223_372_036_854_775_808.0), (S::IntOfFloat, f64::NAN), (S::SquareRoot, -1.0)] {
        assert!(compute(function, &[floats(&[argument])]).is_err(), "{function:?}");
    }
    assert!(compute(S::Power, &[floats(&[0.0]), floats(&[-1.0])]).is_err());
}

#[test]
fn parts_of_dates() {
    let all = || dates(&["0000-01-01", "1969-12-31", "2024-02-29", "2026-11-21", "9999-12-31"]);
    assert_eq!(ints(S::Weekday, &[all()]), [6, 3, 4, 6, 5].map(Some));
    assert_eq!(ints(S::DayOfYear, &[all()]), [1, 365, 60, 325, 365].map(Some));
    assert_eq!(ints(S::Quarter, &[all()]), [1, 4, 1, 4, 4].map(Some));
    assert_eq!(days(S::YearStart, &[all()]), ["0000-01-01", "1969-01-01", "2024-01-01", "2026-01-01", "9999-01-01"]);
    assert_eq!(days(S::QuarterStart, &[all()]), ["0000-01-01", "1969-10-01", "2024-01-01", "2026-10-01", "9999-10-01"]);
    assert_eq!(days(S::WeekStart, &[dates(&["1970-01-01", "2026-11-22"])]), ["1969-12-29", "2026-11-16"]);
    assert_eq!(days(S::AddMonths, &[dates(&["2024-01-31", "2023-01-31"]), int(1)]), ["2024-02-29", "2023-02-28"]);
    assert_eq!(days(S::AddMonths, &[dates(&["2024-02-29"]), int(-25)]), ["2022-01-29"]);
    for months in [i64::MIN, i64::MAX, 120_000, -24_300] {
        assert!(compute(S::AddMonths, &[dates(&["2024-01-31"]), int(months)]).is_err(), "{months}");
    }
    assert!(compute(S::TimestampOfEpoch, &[int(i64::MAX)]).is_err());
}

#[test]
fn values_as_json_and_back() {
    assert_eq!(shown(S::ToJson, &[floats(&[1.0, 0.5])]), ["1", "0.5"]);
    assert_eq!(shown(S::ToJson, &[texts(&["a\"b", "<none>"])]), [r#""a\"b""#, "<none>"]);
    assert_eq!(shown(S::ToJson, &[dates(&["2026-01-05"])]), [r#""2026-01-05""#]);
    let value = r#"{"a": {"b": [1, "x", null, {"c": true}]}}"#;
    for (path, found) in [("a.b.1", "x"), ("a.b.0", "1"), ("a.b.2", "<none>"), ("a.b.3", r#"{"c":true}"#), ("a.z", "<none>"), ("", r#"{"a":{"b":[1,"x",null,{"c":true}]}}"#)] {
        assert_eq!(shown(S::JsonText, &[texts(&[value]), text(path)]), [found], "{path}");
    }
    assert_eq!(shown(S::JsonText, &[texts(&["no json"]), text("a")]), ["<none>"]);
}
