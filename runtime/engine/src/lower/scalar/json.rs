//! Values as JSON texts, and what lies within JSON.

use super::Arguments;
use crate::formats::jsonl::{nested_values, scalar_text};
use arrow::array::{Array, ArrayRef, StringViewArray, make_array};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, Result};
use flow_plan::ScalarFunction;
use serde_json::Value;
use std::sync::Arc;

pub(super) fn compute(arguments: &Arguments<'_>) -> Result<ArrayRef> {
    match arguments.function {
        ScalarFunction::ToJson => {
            let operand = arguments.operands.first().ok_or_else(|| arguments.wrong())?;
            to_json(&make_array(operand.array().to_data()))
        }
        ScalarFunction::JsonText => {
            let (values, paths) = (arguments.texts(0)?, arguments.texts(1)?);
            let found: StringViewArray =
                (0..arguments.rows).map(|row| text_at(values.at(row)?, paths.at(row)?)).collect();
            Ok(Arc::new(found))
        }
        _ => Err(arguments.wrong()),
    }
}

fn to_json(column: &ArrayRef) -> Result<ArrayRef> {
    let nested = if column.data_type().is_nested() {
        let batch = RecordBatch::try_from_iter_with_nullable([("value", Arc::clone(column), true)])?;
        nested_values(&batch).map_err(DataFusionError::from)?.into_iter().next().flatten()
    } else {
        None
    };
    let plain = matches!(
        column.data_type(),
        DataType::Boolean | DataType::Int64 | DataType::Float64 | DataType::Duration(_)
    );
    let texts: Vec<Option<String>> = (0..column.len())
        .map(|row| {
            if column.is_null(row) {
                return Ok(None);
            }
            if let Some(values) = &nested {
                return Ok(Some(values.get(row).unwrap_or(&Value::Null).to_string()));
            }
            let text = scalar_text(column, row).map_err(DataFusionError::from)?;
            Ok(Some(if plain { text } else { Value::from(text).to_string() }))
        })
        .collect::<Result<_>>()?;
    let texts: StringViewArray = texts.into_iter().collect();
    Ok(Arc::new(texts))
}

/// What lies at a path: fields by name, elements by index, an empty path the value itself.
fn text_at(text: &str, path: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let mut steps = path.split('.').filter(|_| !path.is_empty());
    let found = steps.try_fold(&value, |value, step| match value {
        Value::Object(fields) => fields.get(step),
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        _ => None,
    })?;
    match found {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
