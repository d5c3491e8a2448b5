//! Fields of records, records of values, and lists of values. A function of its own rather than DataFusion's `get_field`: that one is taken apart by the optimizer,
//! which then finds two columns of one name, and it gives what lies below a record that is not there.

use crate::lower::function::wrong_arguments;
use arrow::array::{Array, ArrayRef, AsArray, ListArray, StructArray, make_array, new_empty_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{cast, interleave};
use arrow::datatypes::DataType as ArrowType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use std::sync::Arc;

/// The field of a record, `none` where the record is; as the type that is computed on.
pub fn field_of(record: Expr, field: &str, returns: ArrowType) -> Expr {
    let function = FieldOf {
        name: format!("flow_field_{field}"),
        field: field.to_owned(),
        returns,
        signature: Signature::any(1, Volatility::Immutable),
    };
    Arc::new(ScalarUDF::new_from_impl(function)).call(vec![record])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FieldOf {
    name: String,
    field: String,
    returns: ArrowType,
    signature: Signature,
}

impl ScalarUDFImpl for FieldOf {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.as_slice() {
            [ColumnarValue::Array(records)] => Ok(ColumnarValue::Array(self.of(records)?)),
            [ColumnarValue::Scalar(record)] => {
                let array = self.of(&record.to_array()?)?;
                ScalarValue::try_from_array(&array, 0).map(ColumnarValue::Scalar)
            }
            _ => Err(wrong_arguments(&self.name)),
        }
    }
}

impl FieldOf {
    fn of(&self, records: &ArrayRef) -> Result<ArrayRef> {
        let records = records.as_struct_opt().ok_or_else(|| wrong_arguments(&self.name))?;
        let values = records.column_by_name(&self.field).ok_or_else(|| wrong_arguments(&self.name))?;
        let there = NullBuffer::union(records.nulls(), values.nulls());
        let values = values.to_data().into_builder().nulls(there).build()?;
        Ok(cast(&make_array(values), &self.returns)?)
    }
}

/// The same value, of a type that differs in what may be absent within it.
pub fn retyped(value: Expr, returns: ArrowType) -> Expr {
    let function = Retyped { returns, signature: Signature::any(1, Volatility::Immutable) };
    Arc::new(ScalarUDF::new_from_impl(function)).call(vec![value])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Retyped {
    returns: ArrowType,
    signature: Signature,
}

impl ScalarUDFImpl for Retyped {
    fn name(&self) -> &str {
        "flow_retyped"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match arguments.args.as_slice() {
            [ColumnarValue::Array(values)] => Ok(ColumnarValue::Array(cast(values, &self.returns)?)),
            [ColumnarValue::Scalar(value)] => {
                let array = cast(&value.to_array()?, &self.returns)?;
                ScalarValue::try_from_array(&array, 0).map(ColumnarValue::Scalar)
            }
            _ => Err(wrong_arguments(self.name())),
        }
    }
}

/// A record of these values, whose fields are those of the type.
pub fn record_of(values: Vec<Expr>, returns: ArrowType) -> Expr {
    let function = RecordOf { returns, signature: Signature::variadic_any(Volatility::Immutable) };
    Arc::new(ScalarUDF::new_from_impl(function)).call(values)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RecordOf {
    returns: ArrowType,
    signature: Signature,
}

impl ScalarUDFImpl for RecordOf {
    fn name(&self) -> &str {
        "flow_record"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ArrowType::Struct(fields) = &self.returns else { return Err(wrong_arguments(self.name())) };
        if fields.len() != arguments.args.len() {
            return Err(wrong_arguments(self.name()));
        }
        let rows = arguments.number_rows;
        let values = arguments.args.iter().zip(fields).map(|(value, field)| {
            let value = value.to_array(rows)?;
            Ok(cast(&value, field.data_type())?)
        });
        let values = values.collect::<Result<Vec<ArrayRef>>>()?;
        let records = StructArray::try_new_with_length(fields.clone(), values, None, rows)?;
        Ok(ColumnarValue::Array(Arc::new(records)))
    }
}

/// A list of these values, of the type.
pub fn list_of(values: Vec<Expr>, returns: ArrowType) -> Expr {
    let signature = if values.is_empty() { Signature::nullary(Volatility::Immutable) } else { Signature::variadic_any(Volatility::Immutable) };
    Arc::new(ScalarUDF::new_from_impl(ListOf { returns, signature })).call(values)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ListOf {
    returns: ArrowType,
    signature: Signature,
}

impl ScalarUDFImpl for ListOf {
    fn name(&self) -> &str {
        "flow_list"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let ArrowType::List(element) = &self.returns else { return Err(wrong_arguments(self.name())) };
        let rows = arguments.number_rows;
        let values = arguments.args.iter().map(|value| Ok(cast(&value.to_array(rows)?, element.data_type())?));
        let values = values.collect::<Result<Vec<ArrayRef>>>()?;
        let size = values.len();
        let arrays: Vec<&dyn Array> = values.iter().map(AsRef::as_ref).collect();
        let places: Vec<(usize, usize)> = (0..rows).flat_map(|row| (0..size).map(move |value| (value, row))).collect();
        let items = if places.is_empty() { new_empty_array(element.data_type()) } else { interleave(&arrays, &places)? };
        let offsets = OffsetBuffer::from_repeated_length(size, rows);
        Ok(ColumnarValue::Array(Arc::new(ListArray::try_new(Arc::clone(element), offsets, items, None)?)))
    }
}
