//! Row expressions as the plan has them.

use super::types::data_type;
use crate::Fault;
use flow_analysis::program::{self, Expr as Typed, ExprKind, Lowering, Program, TextPart, Type, Unary, Value};
use flow_plan::{AggregateFunction, BinaryOp, Column, DataType, Expr, Literal, ScalarFunction, UnaryOp, WindowFunction};
use serde::de::DeserializeOwned;

/// Lowers row expressions, and collects what the plan cannot say.
pub struct Rows<'a> {
    /// What could not be lowered.
    pub faults: &'a mut Vec<Fault>,
}

impl Rows<'_> {
    /// Lowers an expression.
    pub fn expr(&mut self, program: &Program, expr: &Typed) -> Expr {
        self.typed(program, expr, &expr.ty)
    }

    /// `context` is the type of the place, which `none` has.
    fn typed(&mut self, program: &Program, expr: &Typed, context: &Type) -> Expr {
        match &expr.kind {
            ExprKind::Value(Value::None) => Expr::None(data_type(program, context)),
            ExprKind::Value(Value::Decimal(digits)) => {
                let (precision, scale) = match expr.ty.base() {
                    Type::Decimal(precision, scale) => (*precision, *scale),
                    _ => (38, 0),
                };
                Expr::Literal(Literal::Decimal { digits: digits.clone(), precision, scale })
            }
            ExprKind::Value(value) => Expr::Literal(literal(value)),
            ExprKind::Column(name) => Expr::Column(name.clone()),
            ExprKind::Unary(op, operand) => Expr::Unary {
                op: match op {
                    Unary::Not => UnaryOp::Not,
                    Unary::Negate => UnaryOp::Negate,
                },
                operand: Box::new(self.expr(program, operand)),
            },
            ExprKind::Binary(op, left, right) => self.binary(program, *op, left, right),
            ExprKind::IsNone { operand, negated } => {
                Expr::IsNone { operand: Box::new(self.expr(program, operand)), negated: *negated }
            }
            ExprKind::Coalesce(first, second) => {
                Expr::Coalesce(vec![self.typed(program, first, &expr.ty), self.typed(program, second, &expr.ty)])
            }
            ExprKind::If(condition, then, otherwise) => Expr::If {
                condition: Box::new(self.expr(program, condition)),
                then: Box::new(self.typed(program, then, &expr.ty)),
                otherwise: Box::new(self.typed(program, otherwise, &expr.ty)),
            },
            ExprKind::Matches(operand, pattern) => {
                Expr::Matches { operand: Box::new(self.expr(program, operand)), pattern: pattern.clone() }
            }
            ExprKind::In(item, list) => match &list.kind {
                ExprKind::List(items) => self.is_in(program, item, items),
                _ => {
                    let arguments = vec![self.expr(program, list), self.expr(program, item)];
                    Expr::Call { function: ScalarFunction::ListContains, arguments }
                }
            },
            ExprKind::ToFloat(operand) => Expr::ToFloat(Box::new(self.expr(program, operand))),
            ExprKind::Text(parts) => self.text(program, parts),
            ExprKind::Call { function, arguments } => self.call(program, expr, function, arguments),
            ExprKind::Param(_)
            | ExprKind::EnvName
            | ExprKind::Aws(_)
            | ExprKind::Attribute { .. }
            | ExprKind::Element { .. }
            | ExprKind::Index { .. }
            | ExprKind::FunctionArn(_)
            | ExprKind::FlowArn(_)
            | ExprKind::FlowFact(..)
            | ExprKind::StreamFact(..)
            | ExprKind::TableFact(..)
            | ExprKind::Itself
            | ExprKind::SecretArn(_)
            | ExprKind::SecretName(_) => self.fault(expr, "a deploy value"),
            ExprKind::Variable(_) | ExprKind::Raw(_) | ExprKind::Perhaps(_) | ExprKind::Context(_) | ExprKind::TaskResult => self.fault(expr, "a run value"),
            ExprKind::Field { target, name, .. } => match target.ty.required().base().required().base() {
                Type::Record(_) | Type::Row(_) => {
                    Expr::Field { operand: Box::new(self.expr(program, target)), name: name.clone() }
                }
                _ => self.fault(expr, "an entry of a map or of JSON"),
            },
            ExprKind::Record(entries) => Expr::Record(
                entries
                    .iter()
                    .map(|(name, value)| Column { name: name.clone(), expr: self.expr(program, value) })
                    .collect(),
            ),
            ExprKind::List(items) => {
                let Type::List(element) = expr.ty.required().base() else { return self.fault(expr, "a list of anything") };
                Expr::List {
                    element: data_type(program, element.required()),
                    optional: element.is_optional(),
                    items: items.iter().map(|item| self.typed(program, item, element)).collect(),
                }
            }
            ExprKind::Table(_) | ExprKind::Target(_) => self.fault(expr, "a table"),
            ExprKind::Error => Expr::None(data_type(program, context)),
        }
    }

    fn fault(&mut self, expr: &Typed, what: &str) -> Expr {
        self.faults.push(Fault { span: expr.span, what: format!("the generic binary cannot be given {what}") });
        Expr::None(DataType::Json)
    }

    fn binary(&mut self, program: &Program, op: program::Binary, left: &Typed, right: &Typed) -> Expr {
        use program::Binary as Op;
        // `none` on one side has the type of the other.
        let side = if matches!(left.ty, Type::None) { &right.ty } else { &left.ty };
        let a = self.typed(program, left, side);
        let b = self.typed(program, right, side);
        let op = match op {
            Op::And => BinaryOp::And,
            Op::Or => BinaryOp::Or,
            Op::Equal => BinaryOp::Equal,
            Op::NotEqual => BinaryOp::NotEqual,
            Op::Less => BinaryOp::Less,
            Op::LessEqual => BinaryOp::LessEqual,
            Op::Greater => BinaryOp::Greater,
            Op::GreaterEqual => BinaryOp::GreaterEqual,
            Op::Add => BinaryOp::Add,
            Op::Subtract => BinaryOp::Subtract,
            Op::Multiply => BinaryOp::Multiply,
            Op::Divide => BinaryOp::Divide,
            Op::Modulo => BinaryOp::Modulo,
            Op::SubtractDates => return scalar(ScalarFunction::SubtractDates, a, b),
            Op::SubtractTimestamps => return scalar(ScalarFunction::SubtractTimestamps, a, b),
            Op::AddDate => return scalar(ScalarFunction::AddDate, a, b),
            Op::SubtractFromDate => return scalar(ScalarFunction::AddDate, a, negative(b)),
            Op::AddTimestamp => return scalar(ScalarFunction::AddTimestamp, a, b),
            Op::SubtractFromTimestamp => return scalar(ScalarFunction::AddTimestamp, a, negative(b)),
            Op::DivideDurations => {
                let seconds = |length| Expr::Call { function: ScalarFunction::DurationSeconds, arguments: vec![length] };
                return Expr::Binary { op: BinaryOp::Divide, left: Box::new(seconds(a)), right: Box::new(seconds(b)) };
            }
        };
        Expr::Binary { op, left: Box::new(a), right: Box::new(b) }
    }

    fn is_in(&mut self, program: &Program, item: &Typed, items: &[Typed]) -> Expr {
        let tests: Vec<Expr> = items
            .iter()
            .map(|other| Expr::Binary {
                op: BinaryOp::Equal,
                left: Box::new(self.expr(program, item)),
                right: Box::new(self.typed(program, other, &item.ty)),
            })
            .collect();
        fold(tests, BinaryOp::Or).unwrap_or(Expr::Literal(Literal::Bool(false)))
    }

    fn text(&mut self, program: &Program, parts: &[TextPart]) -> Expr {
        let parts: Vec<Expr> = parts
            .iter()
            .map(|part| match part {
                TextPart::Text(text) => Expr::Literal(Literal::String(text.clone())),
                TextPart::Expr(part) => {
                    let value = self.expr(program, part);
                    let is_text = matches!(part.ty.required().base(), Type::String | Type::Literals(_) | Type::Arn);
                    let text = if is_text {
                        value
                    } else {
                        Expr::Call { function: ScalarFunction::ToString, arguments: vec![value] }
                    };
                    if part.ty.is_optional() {
                        Expr::Coalesce(vec![text, Expr::Literal(Literal::String("none".to_owned()))])
                    } else {
                        text
                    }
                }
            })
            .collect();
        fold(parts, BinaryOp::Concat).unwrap_or(Expr::Literal(Literal::String(String::new())))
    }

    fn call(&mut self, program: &Program, expr: &Typed, function: &Lowering, arguments: &[Typed]) -> Expr {
        let lowered: Vec<Expr> = arguments.iter().map(|argument| self.expr(program, argument)).collect();
        if let Some(function) = function.row.as_deref().and_then(by_name::<ScalarFunction>) {
            return Expr::Call { function, arguments: lowered };
        }
        if let Some(function) = function.aggregate.as_deref().and_then(by_name::<AggregateFunction>) {
            return Expr::Aggregate { function, arguments: lowered };
        }
        if let Some(function) = function.window.as_deref().and_then(by_name::<WindowFunction>) {
            return Expr::Window { function, arguments: lowered };
        }
        self.fault(expr, &format!("the function `{}`", function.name))
    }
}

/// A function by its name in a declaration, which is its serde name.
fn by_name<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(name)).ok()
}

fn scalar(function: ScalarFunction, left: Expr, right: Expr) -> Expr {
    Expr::Call { function, arguments: vec![left, right] }
}

fn negative(duration: Expr) -> Expr {
    match duration {
        Expr::Literal(Literal::Duration(microseconds)) => {
            Expr::Literal(Literal::Duration(microseconds.saturating_neg()))
        }
        other => Expr::Unary { op: UnaryOp::Negate, operand: Box::new(other) },
    }
}

/// Many operands as pairs of pairs: a list of a thousand is ten deep, where readers of JSON give up at some depth.
fn fold(mut items: Vec<Expr>, op: BinaryOp) -> Option<Expr> {
    while items.len() > 1 {
        let mut pairs = Vec::with_capacity(items.len().div_ceil(2));
        let mut rest = items.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => Expr::Binary { op, left: Box::new(left), right: Box::new(right) },
                None => left,
            });
        }
        items = pairs;
    }
    items.pop()
}

fn literal(value: &Value) -> Literal {
    match value {
        Value::Bool(value) => Literal::Bool(*value),
        Value::Int(value) | Value::Size(value) => Literal::Int(*value),
        Value::Float(value) => Literal::Float(*value),
        // A decimal was handled before: its literal has the type.
        Value::String(value) | Value::Decimal(value) => Literal::String(value.clone()),
        Value::Date(value) => Literal::Date(value.clone()),
        Value::Timestamp(value) => Literal::Timestamp(value.clone()),
        Value::Duration(value) => Literal::Duration(*value),
        // Handled before; a `none` has a type.
        Value::None => Literal::Bool(false),
    }
}
