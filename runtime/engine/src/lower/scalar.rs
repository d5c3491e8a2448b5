//! Scalar functions that are computed row by row, with their types: texts, conversions, numbers, dates, lists, JSON.

mod dates;
mod json;
mod lists;
mod numbers;
mod parse;
#[cfg(test)]
mod tests;
mod texts;

use crate::failure::Result as Outcome;
use crate::lower::expr::{Typed, bad_plan, call_function};
use crate::lower::function::{Function, Operand, wrong_arguments};
use crate::types::type_name;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, ListArray, PrimitiveArray, StringViewArray};
use datafusion::common::Result;
use flow_plan::{DataType, ScalarFunction};

/// What a parameter takes, or a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Float,
    Text,
    Date,
    Timestamp,
    Duration,
    /// A list of texts.
    Texts,
    /// A list of anything.
    List,
    /// An element of the first argument, a list.
    Element,
    Any,
}

impl Kind {
    fn takes(self, given: &DataType, first: Option<&DataType>) -> bool {
        match (self, given) {
            (Kind::Any, _) | (Kind::List, DataType::List { .. }) => true,
            (Kind::Element, _) => {
                matches!(first, Some(DataType::List { element, .. }) if element.as_ref() == given)
            }
            _ => self.data_type(first).as_ref() == Some(given),
        }
    }

    fn data_type(self, first: Option<&DataType>) -> Option<DataType> {
        Some(match self {
            Kind::Bool => DataType::Bool,
            Kind::Int => DataType::Int,
            Kind::Float => DataType::Float,
            Kind::Text => DataType::String,
            Kind::Date => DataType::Date,
            Kind::Timestamp => DataType::Timestamp,
            Kind::Duration => DataType::Duration,
            Kind::Texts => DataType::List { element: Box::new(DataType::String), optional: false },
            Kind::Element => match first {
                Some(DataType::List { element, .. }) => element.as_ref().clone(),
                _ => return None,
            },
            Kind::List | Kind::Any => return None,
        })
    }
}

/// A function's types.
struct Signature {
    /// Its name for DataFusion.
    name: &'static str,
    parameters: &'static [Kind],
    /// Parameters that may be left out at the end.
    optional: usize,
    returns: Kind,
    /// Whether it fails for some values.
    fallible: bool,
    /// Whether it gives `none` for values.
    none: bool,
}

const fn total(name: &'static str, parameters: &'static [Kind], returns: Kind) -> Signature {
    Signature { name, parameters, optional: 0, returns, fallible: false, none: false }
}

const fn fails(name: &'static str, parameters: &'static [Kind], returns: Kind) -> Signature {
    Signature { fallible: true, ..total(name, parameters, returns) }
}

const fn perhaps(name: &'static str, parameters: &'static [Kind], returns: Kind) -> Signature {
    Signature { none: true, ..total(name, parameters, returns) }
}

fn signature(function: ScalarFunction) -> Option<Signature> {
    use Kind::{Any, Bool, Date, Duration, Element, Float, Int, List, Text, Texts, Timestamp};
    use ScalarFunction as S;
    Some(match function {
        S::Substring => Signature { optional: 1, ..total("flow_substring", &[Text, Int, Int], Text) },
        S::Split => total("flow_split", &[Text, Text], Texts),
        S::Join => total("flow_join", &[Texts, Text], Text),
        S::TrimPrefix => total("flow_trim_prefix", &[Text, Text], Text),
        S::TrimSuffix => total("flow_trim_suffix", &[Text, Text], Text),
        S::PadStart => fails("flow_pad_start", &[Text, Int, Text], Text),
        S::PadEnd => fails("flow_pad_end", &[Text, Int, Text], Text),
        S::IndexOf => perhaps("flow_index_of", &[Text, Text], Int),
        S::Extract => perhaps("flow_extract", &[Text, Text, Int], Text),
        S::ReplaceAll => total("flow_replace_all", &[Text, Text, Text], Text),
        S::ParseInt => perhaps("flow_parse_int", &[Text], Int),
        S::ParseFloat => perhaps("flow_parse_float", &[Text], Float),
        S::ParseBool => perhaps("flow_parse_bool", &[Text], Bool),
        S::ParseDate => perhaps("flow_parse_date", &[Text], Date),
        S::ParseTimestamp => perhaps("flow_parse_timestamp", &[Text], Timestamp),
        S::IntOfFloat => fails("flow_int", &[Float], Int),
        S::ToJson => total("flow_json", &[Any], Text),
        S::JsonText => perhaps("flow_json_text", &[Text, Text], Text),
        S::RoundDigits => total("flow_round_digits", &[Float, Int], Float),
        S::Power => fails("flow_power", &[Float, Float], Float),
        S::SquareRoot => fails("flow_sqrt", &[Float], Float),
        S::Hour => total("flow_hour", &[Timestamp], Int),
        S::Minute => total("flow_minute", &[Timestamp], Int),
        S::Second => total("flow_second", &[Timestamp], Int),
        S::EpochSeconds => total("flow_epoch_seconds", &[Timestamp], Int),
        S::TimestampOfEpoch => fails("flow_from_epoch", &[Int], Timestamp),
        S::Weekday => total("flow_weekday", &[Date], Int),
        S::DayOfYear => total("flow_day_of_year", &[Date], Int),
        S::Quarter => total("flow_quarter", &[Date], Int),
        S::YearStart => total("flow_year_start", &[Date], Date),
        S::QuarterStart => total("flow_quarter_start", &[Date], Date),
        S::WeekStart => total("flow_week_start", &[Date], Date),
        S::AddMonths => fails("flow_add_months", &[Date, Int], Date),
        S::DurationSeconds => total("flow_seconds", &[Duration], Float),
        S::ListLength => total("flow_list_length", &[List], Int),
        S::ListItem => perhaps("flow_list_item", &[List, Int], Element),
        S::ListContains => total("flow_list_contains", &[List, Element], Bool),
        _ => return None,
    })
}

/// Its name for DataFusion.
pub(super) fn name(function: ScalarFunction) -> &'static str {
    signature(function).map_or("flow_unknown", |signature| signature.name)
}

/// Whether it can fail for values of its types.
pub(super) fn fallible(function: ScalarFunction) -> bool {
    signature(function).is_none_or(|signature| signature.fallible)
}

/// A call, its arguments held against the function's types.
pub(super) fn call(function: ScalarFunction, mut arguments: Vec<Typed>) -> Outcome<Typed> {
    match (function, arguments.as_mut_slice()) {
        // JSON is its text already.
        (ScalarFunction::ToJson, [value]) if value.data_type == DataType::Json => {
            return Ok(Typed { data_type: DataType::String, ..value.clone() });
        }
        (ScalarFunction::JsonText, [value, _]) if value.data_type == DataType::Json => value.data_type = DataType::String,
        (ScalarFunction::JsonText, [value, _]) if value.data_type != DataType::String => {
            *value = call_function(Function::Scalar(ScalarFunction::ToJson), DataType::String, vec![value.clone()]);
        }
        _ => {}
    }
    let types: Vec<&DataType> = arguments.iter().map(|argument| &argument.data_type).collect();
    let first = types.first().copied();
    let fitting = signature(function).and_then(|signature| {
        let least = signature.parameters.len() - signature.optional;
        let fits = (least..=signature.parameters.len()).contains(&types.len())
            && signature.parameters.iter().zip(&types).all(|(parameter, given)| parameter.takes(given, first));
        fits.then(|| signature.returns.data_type(first)).flatten().map(|returns| (returns, signature.none))
    });
    let Some((returns, none)) = fitting else {
        let given: Vec<String> = types.iter().map(|given| type_name(given)).collect();
        return Err(bad_plan(format_args!(
            "`{function:?}` is called with arguments of the types ({})",
            given.join(", ")
        )));
    };
    let typed = call_function(Function::Scalar(function), returns, arguments);
    Ok(Typed { optional: typed.optional || none, ..typed })
}

/// A column, or one value for all rows.
#[derive(Debug)]
struct Column<'a, A> {
    values: &'a A,
    single: bool,
}

impl<'a, A: Array> Column<'a, A> {
    /// The index of a row's value; `None` where it is `none`.
    fn index(&self, row: usize) -> Option<usize> {
        let index = if self.single { 0 } else { row };
        (index < self.values.len() && self.values.is_valid(index)).then_some(index)
    }
}

impl<'a> Column<'a, StringViewArray> {
    fn at(&self, row: usize) -> Option<&'a str> {
        self.index(row).map(|index| self.values.value(index))
    }
}

impl<T: ArrowPrimitiveType> Column<'_, PrimitiveArray<T>> {
    fn at(&self, row: usize) -> Option<T::Native> {
        self.index(row).map(|index| self.values.value(index))
    }
}

impl Column<'_, ListArray> {
    fn at(&self, row: usize) -> Option<ArrayRef> {
        self.index(row).map(|index| self.values.value(index))
    }
}

/// A call's arguments.
struct Arguments<'a> {
    function: ScalarFunction,
    operands: &'a [Operand],
    rows: usize,
}

impl<'a> Arguments<'a> {
    fn new(function: ScalarFunction, operands: &'a [Operand]) -> Self {
        let columns = operands.iter().filter(|operand| !operand.datum().get().1);
        let rows = columns.map(|operand| operand.array().len()).max().unwrap_or(1);
        Arguments { function, operands, rows }
    }

    fn column<A>(&self, index: usize, cast: impl Fn(&'a dyn Array) -> Option<&'a A>) -> Result<Column<'a, A>> {
        let operand = self.operands.get(index).ok_or_else(|| self.wrong())?;
        let (array, single) = operand.datum().get();
        Ok(Column { values: cast(array).ok_or_else(|| self.wrong())?, single })
    }

    fn texts(&self, index: usize) -> Result<Column<'a, StringViewArray>> {
        self.column(index, |array| array.as_string_view_opt())
    }

    fn primitives<T: ArrowPrimitiveType>(&self, index: usize) -> Result<Column<'a, PrimitiveArray<T>>> {
        self.column(index, |array| array.as_primitive_opt::<T>())
    }

    fn lists(&self, index: usize) -> Result<Column<'a, ListArray>> {
        self.column(index, |array| array.as_list_opt::<i32>())
    }

    fn wrong(&self) -> datafusion::common::DataFusionError {
        wrong_arguments(name(self.function))
    }
}

/// Computes a function for all rows.
pub(super) fn compute(function: ScalarFunction, operands: &[Operand]) -> Result<ArrayRef> {
    use ScalarFunction as S;
    let arguments = Arguments::new(function, operands);
    match function {
        S::Substring
        | S::Split
        | S::Join
        | S::TrimPrefix
        | S::TrimSuffix
        | S::PadStart
        | S::PadEnd
        | S::IndexOf
        | S::Extract
        | S::ReplaceAll => texts::compute(&arguments),
        S::ParseInt | S::ParseFloat | S::ParseBool | S::ParseDate | S::ParseTimestamp => parse::compute(&arguments),
        S::IntOfFloat | S::RoundDigits | S::Power | S::SquareRoot | S::DurationSeconds => numbers::compute(&arguments),
        S::Hour
        | S::Minute
        | S::Second
        | S::EpochSeconds
        | S::TimestampOfEpoch
        | S::Weekday
        | S::DayOfYear
        | S::Quarter
        | S::YearStart
        | S::QuarterStart
        | S::WeekStart
        | S::AddMonths => dates::compute(&arguments),
        S::ListLength | S::ListItem | S::ListContains => lists::compute(&arguments),
        S::ToJson | S::JsonText => json::compute(&arguments),
        _ => Err(arguments.wrong()),
    }
}
