//! Row expressions as DataFusion expressions.

use crate::failure::{Result, failure};
use crate::formats::cell::{Cell, parse_decimal};
use crate::lower::date::DateFunction;
use crate::lower::function::Function;
use crate::lower::record::{field_of, list_of, record_of, retyped};
use crate::lower::scalar;
use crate::lower::text::TextFunction;
use crate::temporal::{parse_date, parse_timestamp};
use crate::types::{Texts, arrow_type, type_name};
use datafusion::common::{Column, ScalarValue};
use datafusion::functions::string::expr_fn as strings;
use datafusion::logical_expr::{Expr as Logical, Operator as LogicalOperator, binary_expr, cast, lit, not, when};
use flow_plan::{BinaryOp, DataType, ErrorName, Expr, Field, Literal, ScalarFunction, UnaryOp};

/// The columns that an expression may name.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'p> {
    fields: &'p [Field],
}

/// A lowered expression with what the plan knows about its values.
#[derive(Debug, Clone)]
pub struct Typed {
    /// The expression.
    pub expr: Logical,
    /// Its type.
    pub data_type: DataType,
    /// Whether it may be `none`.
    pub optional: bool,
    /// Whether computing it can fail.
    pub fallible: bool,
}

/// A column by its name, whatever its letters.
pub fn column(name: &str) -> Logical {
    Logical::Column(Column::new_unqualified(name))
}

/// The compiler and this binary do not agree about the plan.
pub fn bad_plan(what: impl std::fmt::Display) -> crate::failure::Fault {
    failure(
        ErrorName::BadPlan,
        format!("{what}: build the plan with the same release as this binary"),
    )
}

impl<'p> Scope<'p> {
    /// The scope of these columns.
    pub fn new(fields: &'p [Field]) -> Self {
        Scope { fields }
    }

    /// The columns.
    pub fn fields(&self) -> &'p [Field] {
        self.fields
    }

    /// Lowers an expression without aggregates and window functions.
    pub fn lower(&self, expr: &Expr) -> Result<Typed> {
        match expr {
            Expr::Column(name) => {
                let field = self
                    .fields
                    .iter()
                    .find(|field| &field.name == name)
                    .ok_or_else(|| bad_plan(format_args!("an expression names the column `{name}`, which is not there")))?;
                Ok(Typed {
                    expr: column(name),
                    data_type: field.data_type.clone(),
                    optional: field.optional,
                    fallible: false,
                })
            }
            Expr::Field { operand, name } => field(self.lower(operand)?, name),
            Expr::Literal(literal) => self.literal(literal),
            Expr::None(data_type) => {
                let none = ScalarValue::try_from(&arrow_type(data_type, Texts::Computed)).map_err(bad_plan)?;
                Ok(Typed {
                    expr: Logical::Literal(none, None),
                    data_type: data_type.clone(),
                    optional: true,
                    fallible: false,
                })
            }
            Expr::Unary { op, operand } => {
                let operand = self.lower(operand)?;
                Ok(match op {
                    UnaryOp::Not => Typed {
                        expr: not(operand.expr),
                        ..operand
                    },
                    UnaryOp::Negate => operand.apply(Function::Negate),
                })
            }
            Expr::Binary { op, left, right } => self.binary(*op, self.lower(left)?, self.lower(right)?),
            Expr::IsNone { operand, negated } => {
                let operand = self.lower(operand)?;
                Ok(Typed {
                    expr: if *negated { operand.expr.is_not_null() } else { operand.expr.is_null() },
                    data_type: DataType::Bool,
                    optional: false,
                    fallible: operand.fallible,
                })
            }
            Expr::Coalesce(operands) => {
                let mut operands = operands.iter().rev().map(|operand| self.lower(operand));
                let last = operands.next().ok_or_else(|| bad_plan("`coalesce` without operands"))??;
                operands.try_fold(last, |rest, first| {
                    let first = first?;
                    Ok(Typed {
                        expr: when(first.expr.clone().is_not_null(), first.expr)
                            .otherwise(rest.expr)
                            .map_err(bad_plan)?,
                        data_type: first.data_type,
                        optional: first.optional && rest.optional,
                        fallible: first.fallible || rest.fallible,
                    })
                })
            }
            Expr::If {
                condition,
                then,
                otherwise,
            } => {
                let (condition, then, otherwise) =
                    (self.lower(condition)?, self.lower(then)?, self.lower(otherwise)?);
                let either = loosest(&then.data_type, &otherwise.data_type);
                let (then, otherwise) = (then.of_type(&either), otherwise.of_type(&either));
                Ok(Typed {
                    expr: when(condition.expr, then.expr)
                        .otherwise(otherwise.expr)
                        .map_err(bad_plan)?,
                    data_type: then.data_type,
                    optional: then.optional || otherwise.optional,
                    fallible: condition.fallible || then.fallible || otherwise.fallible,
                })
            }
            Expr::Matches { operand, pattern } => {
                let operand = self.lower(operand)?;
                let pattern = lit(ScalarValue::Utf8View(Some(pattern.clone())));
                Ok(Typed {
                    expr: binary_expr(operand.expr, LogicalOperator::RegexMatch, pattern),
                    data_type: DataType::Bool,
                    optional: operand.optional,
                    fallible: operand.fallible,
                })
            }
            Expr::ToFloat(operand) => {
                let operand = self.lower(operand)?;
                Ok(Typed {
                    expr: cast(operand.expr, arrow_type(&DataType::Float, Texts::Computed)),
                    data_type: DataType::Float,
                    ..operand
                })
            }
            Expr::Record(columns) => self.record(columns),
            Expr::List { element, optional, items } => self.list(element, *optional, items),
            Expr::Call { function, arguments } => {
                let arguments = arguments
                    .iter()
                    .map(|argument| self.lower(argument))
                    .collect::<Result<Vec<_>>>()?;
                call(*function, arguments)
            }
            Expr::Aggregate { .. } => Err(bad_plan("an aggregate outside of `group` and `window`")),
            Expr::Window { .. } => Err(bad_plan("a window function outside of `window`")),
        }
    }

    fn record(&self, columns: &[flow_plan::Column]) -> Result<Typed> {
        let mut fields = Vec::with_capacity(columns.len());
        let mut values = Vec::with_capacity(columns.len());
        let mut fallible = false;
        for column in columns {
            let value = self.lower(&column.expr)?;
            fallible |= value.fallible;
            fields.push(Field {
                name: column.name.clone(),
                data_type: value.data_type,
                optional: value.optional,
                key: false,
                pii: false,
                doc: None,
            });
            values.push(value.expr);
        }
        let data_type = DataType::Struct { fields };
        Ok(Typed {
            expr: record_of(values, arrow_type(&data_type, Texts::Stored)),
            data_type,
            optional: false,
            fallible,
        })
    }

    fn list(&self, element: &DataType, optional: bool, items: &[Expr]) -> Result<Typed> {
        let mut values = Vec::with_capacity(items.len());
        let mut fallible = false;
        for item in items {
            let value = self.lower(item)?;
            fallible |= value.fallible;
            values.push(value.expr);
        }
        let data_type = DataType::List { element: Box::new(element.clone()), optional };
        Ok(Typed {
            expr: list_of(values, arrow_type(&data_type, Texts::Stored)),
            data_type,
            optional: false,
            fallible,
        })
    }

    fn literal(&self, literal: &Literal) -> Result<Typed> {
        let (value, data_type) = match literal {
            Literal::Bool(value) => (ScalarValue::Boolean(Some(*value)), DataType::Bool),
            Literal::Int(value) => (ScalarValue::Int64(Some(*value)), DataType::Int),
            Literal::Float(value) => (ScalarValue::Float64(Some(*value)), DataType::Float),
            Literal::Decimal { digits, precision, scale } => {
                let Ok(Cell::Decimal(unscaled)) = parse_decimal(digits, *precision, *scale) else {
                    return Err(bad_plan(format_args!("`{digits}` is no `Decimal({precision}, {scale})`")));
                };
                let after = i8::try_from(*scale).map_err(bad_plan)?;
                let data_type = DataType::Decimal { precision: *precision, scale: *scale };
                (ScalarValue::Decimal128(Some(unscaled), *precision, after), data_type)
            }
            Literal::String(value) => (ScalarValue::Utf8View(Some(value.clone())), DataType::String),
            Literal::Date(text) => {
                let days = parse_date(text).map_err(bad_plan)?;
                (ScalarValue::Date32(Some(days)), DataType::Date)
            }
            Literal::Timestamp(text) => {
                let micros = parse_timestamp(text).map_err(bad_plan)?;
                let zone = Some(crate::types::UTC.into());
                (ScalarValue::TimestampMicrosecond(Some(micros), zone), DataType::Timestamp)
            }
            Literal::Duration(micros) => (ScalarValue::DurationMicrosecond(Some(*micros)), DataType::Duration),
        };
        Ok(Typed {
            expr: Logical::Literal(value, None),
            data_type,
            optional: false,
            fallible: false,
        })
    }

    fn binary(&self, op: BinaryOp, left: Typed, right: Typed) -> Result<Typed> {
        if left.data_type != right.data_type {
            return Err(bad_plan(format_args!(
                "`{op:?}` has operands of two types, {} and {}",
                type_name(&left.data_type),
                type_name(&right.data_type)
            )));
        }
        let optional = left.optional || right.optional;
        let fallible = left.fallible || right.fallible;
        let truth = |expr, optional| Typed {
            expr,
            data_type: DataType::Bool,
            optional,
            fallible,
        };
        let simple = |operator, left: Typed, right: Typed| binary_expr(left.expr, operator, right.expr);
        use LogicalOperator as L;
        Ok(match op {
            BinaryOp::And if right.fallible => {
                // Only where the left side does not already decide.
                let decided = left.expr.clone().is_false();
                let both = simple(L::And, left, right);
                truth(when(decided, lit(false)).otherwise(both).map_err(bad_plan)?, optional)
            }
            BinaryOp::Or if right.fallible => {
                let decided = left.expr.clone().is_true();
                let either = simple(L::Or, left, right);
                truth(when(decided, lit(true)).otherwise(either).map_err(bad_plan)?, optional)
            }
            BinaryOp::And => truth(simple(L::And, left, right), optional),
            BinaryOp::Or => truth(simple(L::Or, left, right), optional),
            // `none` equals `none`; where neither side can be `none`, plain equality is cheaper.
            BinaryOp::Equal if optional => truth(simple(L::IsNotDistinctFrom, left, right), false),
            BinaryOp::NotEqual if optional => truth(simple(L::IsDistinctFrom, left, right), false),
            BinaryOp::Equal => truth(simple(L::Eq, left, right), false),
            BinaryOp::NotEqual => truth(simple(L::NotEq, left, right), false),
            BinaryOp::Less => truth(simple(L::Lt, left, right), optional),
            BinaryOp::LessEqual => truth(simple(L::LtEq, left, right), optional),
            BinaryOp::Greater => truth(simple(L::Gt, left, right), optional),
            BinaryOp::GreaterEqual => truth(simple(L::GtEq, left, right), optional),
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => {
                let function = arithmetic(op, &left.data_type)?;
                let data_type = left.data_type.clone();
                call_function(function, data_type, vec![left, right])
            }
            BinaryOp::Concat => call_function(Function::Text(TextFunction::Concat), DataType::String, vec![left, right]),
        })
    }
}

fn arithmetic(op: BinaryOp, data_type: &DataType) -> Result<Function> {
    let number = matches!(data_type, DataType::Int | DataType::Float);
    match op {
        BinaryOp::Add if number || *data_type == DataType::Duration => Ok(Function::Add),
        BinaryOp::Subtract if number || *data_type == DataType::Duration => Ok(Function::Subtract),
        BinaryOp::Multiply if number => Ok(Function::Multiply),
        BinaryOp::Divide if *data_type == DataType::Float => Ok(Function::Divide),
        BinaryOp::Modulo if *data_type == DataType::Int => Ok(Function::Modulo),
        _ => Err(bad_plan(format_args!("`{op:?}` is not defined for {}", type_name(data_type)))),
    }
}

impl Typed {
    /// A function of one argument that keeps its type.
    fn apply(self, function: Function) -> Typed {
        let data_type = self.data_type.clone();
        call_function(function, data_type, vec![self])
    }
}

pub(super) fn call_function(function: Function, returns: DataType, arguments: Vec<Typed>) -> Typed {
    Typed {
        optional: arguments.iter().any(|argument| argument.optional),
        fallible: function.fallible() || arguments.iter().any(|argument| argument.fallible),
        expr: function.call(
            arrow_type(&returns, Texts::Computed),
            arguments.into_iter().map(|argument| argument.expr).collect(),
        ),
        data_type: returns,
    }
}

fn call(function: ScalarFunction, arguments: Vec<Typed>) -> Result<Typed> {
    use DataType as T;
    use ScalarFunction as S;
    let (parameters, returns): (&[T], T) = match function {
        S::CharacterLength => (&[T::String], T::Int),
        S::Lower | S::Upper | S::Trim => (&[T::String], T::String),
        S::Contains | S::StartsWith | S::EndsWith => (&[T::String, T::String], T::Bool),
        S::Replace => (&[T::String, T::String, T::String], T::String),
        S::AbsInt => (&[T::Int], T::Int),
        S::AbsFloat | S::Round | S::Floor | S::Ceil => (&[T::Float], T::Float),
        S::DateOfTimestamp => (&[T::Timestamp], T::Date),
        S::TimestampOfDate => (&[T::Date], T::Timestamp),
        S::MonthStart => (&[T::Date], T::Date),
        S::Year | S::Month | S::Day => (&[T::Date], T::Int),
        S::SubtractDates => (&[T::Date, T::Date], T::Duration),
        S::SubtractTimestamps => (&[T::Timestamp, T::Timestamp], T::Duration),
        S::AddDate => (&[T::Date, T::Duration], T::Date),
        S::AddTimestamp => (&[T::Timestamp, T::Duration], T::Timestamp),
        S::ToString => (&[], T::String),
        S::Hash => (&[T::String], T::String),
        S::Mask => (&[T::String, T::Int], T::String),
        _ => return scalar::call(function, arguments),
    };
    let fits = if function == S::ToString {
        arguments.len() == 1
    } else {
        arguments.iter().map(|argument| &argument.data_type).eq(parameters)
    };
    if !fits {
        let given: Vec<_> = arguments.iter().map(|argument| type_name(&argument.data_type)).collect();
        return Err(bad_plan(format_args!(
            "`{function:?}` is called with arguments of the types ({})",
            given.join(", ")
        )));
    }
    let own = match function {
        S::CharacterLength => Function::Text(TextFunction::CharacterLength),
        S::Lower => Function::Text(TextFunction::Lower),
        S::Upper => Function::Text(TextFunction::Upper),
        S::Trim => Function::Text(TextFunction::Trim),
        S::ToString => Function::Text(TextFunction::ToString),
        S::Hash => Function::Text(TextFunction::Hash),
        S::Mask => Function::Text(TextFunction::Mask),
        S::AbsInt | S::AbsFloat => Function::Abs,
        S::Round => Function::Round,
        S::Floor => Function::Floor,
        S::Ceil => Function::Ceil,
        S::DateOfTimestamp => Function::Date(DateFunction::DateOfTimestamp),
        S::TimestampOfDate => Function::Date(DateFunction::TimestampOfDate),
        S::MonthStart => Function::Date(DateFunction::MonthStart),
        S::Year => Function::Date(DateFunction::Year),
        S::Month => Function::Date(DateFunction::Month),
        S::Day => Function::Date(DateFunction::Day),
        S::SubtractDates => Function::Date(DateFunction::SubtractDates),
        S::SubtractTimestamps => Function::Date(DateFunction::SubtractTimestamps),
        S::AddDate => Function::Date(DateFunction::AddDate),
        S::AddTimestamp => Function::Date(DateFunction::AddTimestamp),
        _ => return library_call(function, returns, arguments),
    };
    Ok(call_function(own, returns, arguments))
}

impl Typed {
    /// The same value, of a type that may differ in what is absent within it: the lowering of an expression knows less of that
    /// than the checker did.
    pub fn of_type(self, wanted: &DataType) -> Typed {
        let (have, want) = (arrow_type(&self.data_type, Texts::Computed), arrow_type(wanted, Texts::Computed));
        if have == want || !same_but_for_absence(&self.data_type, wanted) {
            return self;
        }
        Typed { expr: retyped(self.expr, want), data_type: wanted.clone(), ..self }
    }
}

fn same_but_for_absence(one: &DataType, other: &DataType) -> bool {
    match (one, other) {
        (DataType::Struct { fields: one }, DataType::Struct { fields: other }) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| {
                    one.name == other.name && same_but_for_absence(&one.data_type, &other.data_type)
                })
        }
        (DataType::List { element: one, .. }, DataType::List { element: other, .. })
        | (DataType::Map { value: one }, DataType::Map { value: other }) => same_but_for_absence(one, other),
        _ => one == other,
    }
}

/// The type of either of two values: what may be absent in one may be absent.
fn loosest(one: &DataType, other: &DataType) -> DataType {
    match (one, other) {
        (DataType::Struct { fields: ones }, DataType::Struct { fields: others }) if same_but_for_absence(one, other) => {
            let fields = ones.iter().zip(others).map(|(one, other)| Field {
                data_type: loosest(&one.data_type, &other.data_type),
                optional: one.optional || other.optional,
                ..one.clone()
            });
            DataType::Struct { fields: fields.collect() }
        }
        (DataType::List { element: one, optional }, DataType::List { element: other, optional: others }) => {
            DataType::List { element: Box::new(loosest(one, other)), optional: *optional || *others }
        }
        (DataType::Map { value: one }, DataType::Map { value: other }) => DataType::Map { value: Box::new(loosest(one, other)) },
        _ => one.clone(),
    }
}

/// A field of a record. Texts in records are stored as such, and computed on as views.
fn field(record: Typed, name: &str) -> Result<Typed> {
    let DataType::Struct { fields } = &record.data_type else {
        return Err(bad_plan(format_args!("`{name}` of {}, which is no record", type_name(&record.data_type))));
    };
    let field = fields
        .iter()
        .find(|field| field.name == name)
        .ok_or_else(|| bad_plan(format_args!("an expression names the field `{name}`, which is not there")))?;
    Ok(Typed {
        expr: field_of(record.expr, name, arrow_type(&field.data_type, Texts::Computed)),
        data_type: field.data_type.clone(),
        optional: record.optional || field.optional,
        fallible: record.fallible,
    })
}

/// Functions that DataFusion has with the language's meaning.
fn library_call(function: ScalarFunction, returns: DataType, arguments: Vec<Typed>) -> Result<Typed> {
    let optional = arguments.iter().any(|argument| argument.optional);
    let fallible = arguments.iter().any(|argument| argument.fallible);
    let mut arguments = arguments.into_iter().map(|argument| argument.expr);
    let mut next = || arguments.next().ok_or_else(|| bad_plan("too few arguments"));
    let expr = match function {
        ScalarFunction::Contains => strings::contains(next()?, next()?),
        ScalarFunction::StartsWith => strings::starts_with(next()?, next()?),
        ScalarFunction::EndsWith => strings::ends_with(next()?, next()?),
        ScalarFunction::Replace => cast(
            strings::replace(next()?, next()?, next()?),
            arrow_type(&DataType::String, Texts::Computed),
        ),
        other => return Err(bad_plan(format_args!("`{other:?}` is not known"))),
    };
    Ok(Typed {
        expr,
        data_type: returns,
        optional,
        fallible,
    })
}

/// Names of the columns that an expression reads, added to `names`.
pub fn columns_of(expr: &Expr, names: &mut std::collections::BTreeSet<String>) {
    match expr {
        Expr::Column(name) => {
            names.insert(name.clone());
        }
        Expr::Literal(_) | Expr::None(_) => {}
        Expr::Unary { operand, .. }
        | Expr::IsNone { operand, .. }
        | Expr::Matches { operand, .. }
        | Expr::Field { operand, .. }
        | Expr::ToFloat(operand) => columns_of(operand, names),
        Expr::Binary { left, right, .. } => {
            columns_of(left, names);
            columns_of(right, names);
        }
        Expr::If {
            condition,
            then,
            otherwise,
        } => {
            columns_of(condition, names);
            columns_of(then, names);
            columns_of(otherwise, names);
        }
        Expr::Record(columns) => columns.iter().for_each(|column| columns_of(&column.expr, names)),
        Expr::Coalesce(operands)
        | Expr::List { items: operands, .. }
        | Expr::Call {
            arguments: operands, ..
        }
        | Expr::Aggregate {
            arguments: operands, ..
        }
        | Expr::Window {
            arguments: operands, ..
        } => operands.iter().for_each(|operand| columns_of(operand, names)),
    }
}
