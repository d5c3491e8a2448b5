//! Fields of records. A function of its own rather than DataFusion's `get_field`: that one is taken apart by the optimizer,
//! which then finds two columns of one name, and it gives what lies below a record that is not there.

use crate::lower::function::wrong_arguments;
use arrow::array::{Array, ArrayRef, AsArray, make_array};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
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
