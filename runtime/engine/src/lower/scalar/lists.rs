//! Functions of lists.

use super::Arguments;
use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, ListArray, UInt32Array, make_comparator};
use arrow::compute::{SortOptions, cast, take};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::Result;
use flow_plan::ScalarFunction;
use std::sync::Arc;

pub(super) fn compute(arguments: &Arguments<'_>) -> Result<ArrayRef> {
    let lists = arguments.lists(0)?;
    let rows = 0..arguments.rows;
    Ok(match arguments.function {
        ScalarFunction::ListLength => {
            let lengths: Int64Array = rows.map(|row| Some(i64::try_from(range(lists.values, lists.index(row)?).len()).unwrap_or(i64::MAX))).collect();
            Arc::new(lengths)
        }
        ScalarFunction::ListItem => {
            let indices = arguments.primitives::<Int64Type>(1)?;
            let places: UInt32Array = rows
                .map(|row| {
                    let (range, index) = (range(lists.values, lists.index(row)?), indices.at(row)?);
                    let from = if index < 0 { range.end } else { range.start };
                    let place = i64::try_from(from).ok()?.checked_add(index)?;
                    let place = usize::try_from(place).ok().filter(|place| range.contains(place))?;
                    u32::try_from(place).ok()
                })
                .collect();
            let items = take(lists.values.values(), &places, None)?;
            // Texts are computed on as views.
            if *items.data_type() == DataType::Utf8 { cast(&items, &DataType::Utf8View)? } else { items }
        }
        ScalarFunction::ListContains => {
            let value = arguments.operands.get(1).ok_or_else(|| arguments.wrong())?;
            let single = value.datum().get().1;
            let elements = lists.values.values();
            let values = cast(value.array(), elements.data_type())?;
            let compare = make_comparator(elements, &values, SortOptions::default())?;
            let found: BooleanArray = rows
                .map(|row| {
                    let index = if single { 0 } else { row };
                    let list = lists.index(row)?;
                    values.is_valid(index).then(|| range(lists.values, list).any(|place| compare(place, index).is_eq()))
                })
                .collect();
            Arc::new(found)
        }
        _ => return Err(arguments.wrong()),
    })
}

/// Where a list's elements lie among those of all lists.
fn range(lists: &ListArray, index: usize) -> std::ops::Range<usize> {
    let place = |at: usize| lists.value_offsets().get(at).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    place(index)..place(index + 1)
}
