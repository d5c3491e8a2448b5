//! Flow's scalar functions as DataFusion functions: arithmetic on numbers and durations that fails instead of
//! wrapping or giving an infinity.

use crate::failure::failure;
use crate::lower::{date, scalar, text};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Datum, Float64Array, Int64Array, ListArray, Scalar};
use arrow::buffer::NullBuffer;
use arrow::compute::kernels::numeric;
use arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type};
use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use flow_plan::{ErrorName, ScalarFunction};
use std::sync::Arc;

/// What a function computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Sum of two numbers or durations.
    Add,
    /// Difference of two numbers or durations.
    Subtract,
    /// Product of two numbers.
    Multiply,
    /// Quotient of two floats.
    Divide,
    /// Remainder of two integers.
    Modulo,
    /// Minus a number or duration.
    Negate,
    /// Absolute value.
    Abs,
    /// Half away from zero.
    Round,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceil,
    /// The list, and `none` for an empty one.
    NoneIfEmpty,
    /// A function of dates and times.
    Date(date::DateFunction),
    /// A function of texts.
    Text(text::TextFunction),
    /// A function of any number of arguments, computed row by row.
    Scalar(ScalarFunction),
}

impl Function {
    /// Whether it can fail for values of its argument types.
    pub fn fallible(self) -> bool {
        match self {
            Function::Add
            | Function::Subtract
            | Function::Multiply
            | Function::Divide
            | Function::Modulo
            | Function::Negate
            | Function::Abs => true,
            Function::Round | Function::Floor | Function::Ceil | Function::NoneIfEmpty | Function::Text(_) => false,
            Function::Date(function) => function.fallible(),
            Function::Scalar(function) => scalar::fallible(function),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Function::Add => "flow_add",
            Function::Subtract => "flow_subtract",
            Function::Multiply => "flow_multiply",
            Function::Divide => "flow_divide",
            Function::Modulo => "flow_modulo",
            Function::Negate => "flow_negate",
            Function::Abs => "flow_abs",
            Function::Round => "flow_round",
            Function::Floor => "flow_floor",
            Function::Ceil => "flow_ceil",
            Function::NoneIfEmpty => "flow_none_if_empty",
            Function::Date(function) => function.name(),
            Function::Text(function) => function.name(),
            Function::Scalar(function) => scalar::name(function),
        }
    }

    /// A call of the function with a result of type `returns`.
    pub fn call(self, returns: ArrowType, arguments: Vec<Expr>) -> Expr {
        let volatility = if self.fallible() { Volatility::Volatile } else { Volatility::Immutable };
        let function = FlowFunction {
            function: self,
            returns,
            signature: Signature::any(arguments.len(), volatility),
        };
        Arc::new(ScalarUDF::new_from_impl(function)).call(arguments)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FlowFunction {
    function: Function,
    returns: ArrowType,
    signature: Signature,
}

impl ScalarUDFImpl for FlowFunction {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let all_scalars = arguments.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let arguments: Vec<Operand> = arguments.args.iter().map(Operand::of).collect::<Result<_>>()?;
        let result = compute(self.function, &arguments)?;
        if all_scalars {
            return ScalarValue::try_from_array(&result, 0).map(ColumnarValue::Scalar);
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// An argument: a column, or one value for all rows.
pub enum Operand {
    /// A column.
    Array(ArrayRef),
    /// One value.
    Scalar(Scalar<ArrayRef>),
}

impl Operand {
    fn of(value: &ColumnarValue) -> Result<Operand> {
        Ok(match value {
            ColumnarValue::Array(array) => Operand::Array(Arc::clone(array)),
            ColumnarValue::Scalar(value) => Operand::Scalar(value.to_scalar()?),
        })
    }

    /// For kernels that take both.
    pub fn datum(&self) -> &dyn Datum {
        match self {
            Operand::Array(array) => array,
            Operand::Scalar(scalar) => scalar,
        }
    }

    /// The values; one where it is a scalar.
    pub fn array(&self) -> &dyn Array {
        self.datum().get().0
    }
}

fn compute(function: Function, arguments: &[Operand]) -> Result<ArrayRef> {
    if let Function::Scalar(function) = function {
        return scalar::compute(function, arguments);
    }
    match arguments {
        [operand] => unary(function, operand.array()),
        [left, right] => binary(function, left, right),
        _ => Err(wrong_arguments(function.name())),
    }
}

/// A defect: the compiler's types and the engine's do not agree.
pub fn wrong_arguments(name: &str) -> DataFusionError {
    DataFusionError::Internal(format!("`{name}` was called with arguments of other types"))
}

fn unary(function: Function, operand: &dyn Array) -> Result<ArrayRef> {
    match function {
        Function::Date(function) => return date::unary(function, operand),
        Function::Text(function) => return text::unary(function, operand),
        Function::NoneIfEmpty => return none_if_empty(operand),
        Function::Negate => return numeric::neg(operand).map_err(|error| explain(error, "minus a number")),
        _ => {}
    }
    if let Some(numbers) = operand.as_primitive_opt::<Float64Type>() {
        let apply: fn(f64) -> f64 = match function {
            Function::Abs => f64::abs,
            // `+ 0.0`: the language has no negative zero.
            Function::Round => |number| number.round() + 0.0,
            Function::Floor => |number| number.floor() + 0.0,
            Function::Ceil => |number| number.ceil() + 0.0,
            _ => return Err(wrong_arguments(function.name())),
        };
        let result: Float64Array = numbers.unary(apply);
        return Ok(Arc::new(result));
    }
    match (function, operand.as_primitive_opt::<Int64Type>()) {
        (Function::Abs, Some(numbers)) => {
            let result: Int64Array = numbers.try_unary(|number: i64| {
                number
                    .checked_abs()
                    .ok_or_else(|| DataFusionError::from(failure_of(format!("the absolute value of {number} does not fit Int"))))
            })?;
            Ok(Arc::new(result))
        }
        _ => Err(wrong_arguments(function.name())),
    }
}

fn none_if_empty(operand: &dyn Array) -> Result<ArrayRef> {
    let lists = operand.as_list_opt::<i32>().ok_or_else(|| wrong_arguments(Function::NoneIfEmpty.name()))?;
    let ArrowType::List(element) = lists.data_type() else { return Err(wrong_arguments(Function::NoneIfEmpty.name())) };
    let present: NullBuffer = (0..lists.len()).map(|row| lists.is_valid(row) && lists.value_length(row) > 0).collect();
    let (offsets, values) = (lists.offsets().clone(), Arc::clone(lists.values()));
    Ok(Arc::new(ListArray::try_new(Arc::clone(element), offsets, values, Some(present))?))
}

fn binary(function: Function, left: &Operand, right: &Operand) -> Result<ArrayRef> {
    let (l, r) = (left.datum(), right.datum());
    let result = match function {
        Function::Add => numeric::add(l, r).map_err(|error| explain(error, "a sum"))?,
        Function::Subtract => numeric::sub(l, r).map_err(|error| explain(error, "a difference"))?,
        Function::Multiply => numeric::mul(l, r).map_err(|error| explain(error, "a product"))?,
        Function::Divide => {
            refuse_zero(left, right)?;
            numeric::div(l, r).map_err(|error| explain(error, "a quotient"))?
        }
        Function::Modulo => numeric::rem(l, r).map_err(|error| explain(error, "a remainder"))?,
        Function::Date(function) => return date::binary(function, left, right),
        Function::Text(function) => return text::binary(function, left, right),
        _ => return Err(wrong_arguments(function.name())),
    };
    if let Some(numbers) = result.as_primitive_opt::<Float64Type>()
        && numbers.iter().flatten().any(|number| !number.is_finite())
    {
        return Err(failure_of("the result of a calculation is too large for a Float".into()).into());
    }
    Ok(result)
}

/// Arrow divides floats by zero without complaint; the language does not.
fn refuse_zero(left: &Operand, right: &Operand) -> Result<()> {
    let divisors = right.array();
    let Some(divisors) = divisors.as_primitive_opt::<Float64Type>() else { return Ok(()) };
    let zeros: BooleanArray = BooleanArray::from_unary(divisors, |divisor| divisor == 0.0);
    if zeros.true_count() == 0 {
        return Ok(());
    }
    // `none / 0.0` is `none`: only a zero under a value fails.
    let dividends = left.array();
    let scalar = |operand: &Operand| operand.datum().get().1;
    let fails = (0..divisors.len().max(dividends.len())).any(|row| {
        let at = |operand: &Operand| if scalar(operand) { 0 } else { row };
        let (divisor, dividend) = (at(right), at(left));
        divisor < divisors.len()
            && dividend < dividends.len()
            && divisors.is_valid(divisor)
            && divisors.value(divisor) == 0.0
            && dividends.is_valid(dividend)
    });
    if fails { Err(failure_of("division by zero".into()).into()) } else { Ok(()) }
}

/// Flow's error for a computation.
pub fn failure_of(cause: String) -> crate::failure::Fault {
    failure(ErrorName::ComputeFailed, cause)
}

fn explain(error: ArrowError, what: &str) -> DataFusionError {
    match error {
        ArrowError::ArithmeticOverflow(cause) => {
            failure_of(format!("{what} is too large for its type: {cause}")).into()
        }
        ArrowError::DivideByZero => failure_of("division by zero".into()).into(),
        other => other.into(),
    }
}
