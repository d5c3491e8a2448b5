//! Arithmetic: numbers, durations, sizes, dates and instants. What a pair of types means has a name of its own.

use super::{fold, Checker};
use crate::program::{Binary, Expr, ExprKind, Type, Value};
use flow_diagnostics::{codes, Diagnostic, Span};
use flow_syntax::ast::BinaryOp;

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

impl<'a> Checker<'a> {
    /// `+ - * / %`.
    #[expect(clippy::too_many_arguments, reason = "two operands, each with its place, the operator and the whole")]
    pub fn arithmetic(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: Expr,
        right: Expr,
        left_span: Span,
        right_span: Span,
        span: Span,
    ) -> Expr {
        if left.is_error() || right.is_error() {
            return Expr::error(span);
        }
        let place = format!("in a calculation with `{}`", op.text());
        let (Some(left), Some(right)) =
            (self.required(left, left_span, &place), self.required(right, right_span, &place))
        else {
            return Expr::error(span);
        };
        let (first, second) = (left.ty.base().clone(), right.ty.base().clone());
        let swap = matches!(
            (op, &first, &second),
            (BinaryOp::Add, Type::Duration, Type::Date | Type::Timestamp)
                | (BinaryOp::Multiply, Type::Int | Type::Float, Type::Duration | Type::Size)
        );
        let (left, right, first, second) =
            if swap { (right, left, second, first) } else { (left, right, first, second) };
        let number = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Decimal(..));
        let (binary, ty) = match (op, &first, &second) {
            (BinaryOp::Divide, a, b) if number(a) && number(b) => (Binary::Divide, Type::Float),
            (BinaryOp::Modulo, Type::Int, Type::Int) => (Binary::Modulo, Type::Int),
            (BinaryOp::Divide, Type::Duration, Type::Duration) => (Binary::DivideDurations, Type::Float),
            (BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply, a, b)
                if number(a) && (a == b || matches!((a, b), (Type::Int, Type::Float) | (Type::Float, Type::Int))) =>
            {
                let ty = if matches!((a, b), (Type::Int, Type::Int)) {
                    Type::Int
                } else if matches!(a, Type::Decimal(..)) {
                    a.clone()
                } else {
                    Type::Float
                };
                (simple(op), ty)
            }
            (BinaryOp::Add | BinaryOp::Subtract, Type::Duration, Type::Duration) => (simple(op), Type::Duration),
            (BinaryOp::Add | BinaryOp::Subtract, Type::Size, Type::Size) => (simple(op), Type::Size),
            (BinaryOp::Multiply, Type::Duration | Type::Size, Type::Int | Type::Float) => {
                (Binary::Multiply, first.clone())
            }
            (BinaryOp::Subtract, Type::Date, Type::Date) => (Binary::SubtractDates, Type::Duration),
            (BinaryOp::Subtract, Type::Timestamp, Type::Timestamp) => (Binary::SubtractTimestamps, Type::Duration),
            (BinaryOp::Add, Type::Date, Type::Duration) => (Binary::AddDate, Type::Date),
            (BinaryOp::Subtract, Type::Date, Type::Duration) => (Binary::SubtractFromDate, Type::Date),
            (BinaryOp::Add, Type::Timestamp, Type::Duration) => (Binary::AddTimestamp, Type::Timestamp),
            (BinaryOp::Subtract, Type::Timestamp, Type::Duration) => {
                (Binary::SubtractFromTimestamp, Type::Timestamp)
            }
            _ => {
                let (left, right, left_span, right_span) =
                    if swap { (right, left, right_span, left_span) } else { (left, right, left_span, right_span) };
                return self.no_operator(op, op_span, &left, &right, left_span, right_span, span);
            }
        };
        if matches!(binary, Binary::AddDate | Binary::SubtractFromDate)
            && let Some(Value::Duration(length)) = right.constant()
            && length % DAY != 0
        {
            return self.fail(
                span,
                Diagnostic::new(codes::PART_OF_A_DAY, "a date moves by whole days")
                    .primary(if swap { left_span } else { right_span }, "not a number of days")
                    .note("a `Date` has no time of day, so part of a day would be lost")
                    .help("write days: `1d`; or calculate with a `Timestamp`"),
            );
        }
        let float = matches!(binary, Binary::Divide)
            || (number(&first) && matches!(ty, Type::Float) && number(&second));
        let (left, right) = if float {
            (self.as_float(left), self.as_float(right))
        } else {
            (left, right)
        };
        if let (Some(a), Some(b)) = (left.constant(), right.constant()) {
            match fold::arithmetic(binary, a, b) {
                Some(Ok(value)) => return Expr::value(value, ty, span),
                Some(Err(reason)) => {
                    return self.fail(
                        span,
                        Diagnostic::new(codes::BAD_ARITHMETIC, reason.to_owned())
                            .primary(op_span, "")
                            .note("both sides are known, so this fails whenever it is reached"),
                    );
                }
                None => {}
            }
        } else if matches!(binary, Binary::Divide | Binary::Modulo | Binary::DivideDurations)
            && matches!(right.constant(), Some(Value::Int(0) | Value::Duration(0) | Value::Float(0.0)))
        {
            return self.fail(
                span,
                Diagnostic::new(codes::BAD_ARITHMETIC, "a division by zero")
                    .primary(right_span, "always zero")
                    .note("it fails whenever it is reached"),
            );
        }
        let stage = left.stage.max(right.stage);
        Expr::new(ExprKind::Binary(binary, Box::new(left), Box::new(right)), ty, stage, span)
    }

    fn as_float(&mut self, expr: Expr) -> Expr {
        match expr.ty.base() {
            Type::Float => expr,
            _ => self.float(expr),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "two operands, each with its place, the operator and the whole")]
    fn no_operator(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &Expr,
        right: &Expr,
        left_span: Span,
        right_span: Span,
        span: Span,
    ) -> Expr {
        let (first, second) = (self.show(&left.ty), self.show(&right.ty));
        let word = op.text();
        let diagnostic = Diagnostic::new(
            codes::OPERATOR_TYPES,
            format!("`{word}` does not apply to `{first}` and `{second}`"),
        )
        .primary(op_span, "")
        .secondary(left_span, format!("`{first}`"))
        .secondary(right_span, format!("`{second}`"));
        let text = |ty: &Type| matches!(ty.base(), Type::String | Type::Literals(_) | Type::Arn);
        let diagnostic = match (op, left.ty.base(), right.ty.base()) {
            (BinaryOp::Add, a, b) if text(a) || text(b) => {
                diagnostic.help("join texts by writing them as one: `\"{a} {b}\"`")
            }
            (_, Type::Date | Type::Timestamp, Type::Int | Type::Float) => {
                diagnostic.help("give the number its unit: `1d`, `2h`, `30s`")
            }
            (BinaryOp::Subtract, Type::Timestamp, Type::Date) | (BinaryOp::Subtract, Type::Date, Type::Timestamp) => {
                diagnostic.help("take the instant's date: `date(…)`")
            }
            (BinaryOp::Add, Type::Date | Type::Timestamp, Type::Date | Type::Timestamp) => {
                diagnostic.help("add a duration (`+ 1d`), or subtract for the time between them")
            }
            (_, Type::Duration | Type::Size, _) | (_, _, Type::Duration | Type::Size) => {
                diagnostic.help("durations and sizes add up among themselves, and are multiplied by numbers")
            }
            _ => diagnostic.note("there is no implicit conversion except `Int` to `Float`"),
        };
        self.fail(span, diagnostic)
    }
}


fn simple(op: BinaryOp) -> Binary {
    match op {
        BinaryOp::Add => Binary::Add,
        BinaryOp::Subtract => Binary::Subtract,
        _ => Binary::Multiply,
    }
}
