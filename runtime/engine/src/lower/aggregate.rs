//! Aggregates, for `group` and for whole partitions of a `window`.

use crate::failure::Result;
use crate::lower::expr::{Scope, Typed, bad_plan};
use crate::lower::sum::exact_sum;
use crate::types::{Texts, arrow_type, type_name};
use arrow::datatypes::DataType as ArrowType;
use datafusion::common::ScalarValue;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::{AggregateUDF, Expr as Logical, cast, lit, when};
use flow_plan::{AggregateFunction, DataType, Expr};
use std::sync::Arc;

/// An aggregate as DataFusion knows it, and what is done with its result.
#[derive(Debug)]
pub struct Aggregate {
    /// The function.
    pub function: Arc<AggregateUDF>,
    /// Its arguments.
    pub arguments: Vec<Logical>,
    /// Rows that count.
    pub filter: Option<Logical>,
    /// Whether equal values count once.
    pub distinct: bool,
    /// From the function's result to the language's.
    pub finish: Finish,
    /// The language's type.
    pub data_type: DataType,
    /// Whether it may be `none`.
    pub optional: bool,
}

/// What is done with an aggregate's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Nothing.
    Keep,
    /// A count came as an unsigned number.
    Int,
    /// A sum of integers came as a decimal, `none` for no rows.
    IntSum,
    /// `none` for no rows is 0.
    FloatSum,
}

impl Finish {
    /// The expression over the result's column.
    pub fn apply(self, result: Logical) -> Result<Logical> {
        let or_zero = |value: Logical, zero: ScalarValue| {
            when(value.clone().is_not_null(), value)
                .otherwise(Logical::Literal(zero, None))
                .map_err(bad_plan)
        };
        match self {
            Finish::Keep => Ok(result),
            Finish::Int => Ok(cast(result, ArrowType::Int64)),
            // A sum that `Int` cannot hold makes the cast fail.
            Finish::IntSum => or_zero(cast(result, ArrowType::Int64), ScalarValue::Int64(Some(0))),
            Finish::FloatSum => or_zero(result, ScalarValue::Float64(Some(0.0))),
        }
    }
}

/// Lowers one aggregate over rows of `scope`.
pub fn lower(scope: Scope<'_>, function: AggregateFunction, arguments: &[Expr]) -> Result<Aggregate> {
    let mut typed = arguments
        .iter()
        .map(|argument| scope.lower(argument))
        .collect::<Result<Vec<Typed>>>()?
        .into_iter();
    let argument = typed.next();
    if typed.next().is_some() {
        return Err(bad_plan(format_args!("`{function:?}` has more than one argument")));
    }
    let plain = |function: Arc<AggregateUDF>, argument: Logical, data_type: DataType, optional: bool| Aggregate {
        function,
        arguments: vec![argument],
        filter: None,
        distinct: false,
        finish: Finish::Keep,
        data_type,
        optional,
    };
    let wrong = |argument: &Option<Typed>| {
        let found = argument
            .as_ref()
            .map_or("no argument".to_owned(), |argument| type_name(&argument.data_type));
        bad_plan(format_args!("`{function:?}` is not defined for {found}"))
    };
    Ok(match (function, argument) {
        (AggregateFunction::Count, None) => plain(count_udaf(), lit(1_i64), DataType::Int, false),
        (AggregateFunction::Count, Some(argument)) => plain(count_udaf(), argument.expr, DataType::Int, false),
        (AggregateFunction::CountIf, Some(argument)) if argument.data_type == DataType::Bool => Aggregate {
            filter: Some(argument.expr),
            ..plain(count_udaf(), lit(1_i64), DataType::Int, false)
        },
        (AggregateFunction::CountDistinct, Some(argument)) => Aggregate {
            distinct: true,
            ..plain(count_udaf(), argument.expr, DataType::Int, false)
        },
        (AggregateFunction::Sum, Some(argument)) if argument.data_type == DataType::Int => Aggregate {
            finish: Finish::IntSum,
            ..plain(
                sum_udaf(),
                cast(argument.expr, ArrowType::Decimal128(19, 0)),
                DataType::Int,
                false,
            )
        },
        (AggregateFunction::Sum, Some(argument)) if argument.data_type == DataType::Float => Aggregate {
            finish: Finish::FloatSum,
            ..plain(exact_sum(false), argument.expr, DataType::Float, false)
        },
        (AggregateFunction::Average, Some(argument))
            if matches!(argument.data_type, DataType::Int | DataType::Float) =>
        {
            let number = cast(argument.expr, arrow_type(&DataType::Float, Texts::Computed));
            plain(exact_sum(true), number, DataType::Float, true)
        }
        (AggregateFunction::Median, Some(argument)) if matches!(argument.data_type, DataType::Int | DataType::Float) => {
            let number = cast(argument.expr, arrow_type(&DataType::Float, Texts::Computed));
            plain(median_udaf(), number, DataType::Float, true)
        }
        (AggregateFunction::Min, Some(argument)) => plain(min_udaf(), argument.expr, argument.data_type, true),
        (AggregateFunction::Max, Some(argument)) => plain(max_udaf(), argument.expr, argument.data_type, true),
        (_, argument) => return Err(wrong(&argument)),
    })
}
