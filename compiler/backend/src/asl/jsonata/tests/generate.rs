//! Random well-typed expressions, the same for the same seed.

use super::reference::{record_type, variables};
use super::{binary, constant, expr, int, text};
use flow_analysis::program::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

pub struct Generator {
    random: StdRng,
}

const TEXTS: [&str; 7] = ["", "a", "it's", "say \"x\"", "back\\slash\nline", "${v} %{w} {% x %}", "Straße 🦀"];
const TIMES: [&str; 4] =
    ["2026-01-05T02:00:00Z", "2026-01-05T02:00:00.000Z", "2026-01-05T02:00:00.500Z", "1999-12-31T23:59:59Z"];
const DAYS: [&str; 4] = ["2026-01-05", "2024-02-29", "1970-01-01", "2025-12-31"];
const DAY: i64 = 86_400_000_000;

fn optional(ty: &Type) -> Type {
    Type::Optional(Box::new(ty.clone()))
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        Generator { random: StdRng::seed_from_u64(seed) }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random.random_range(0..limit)
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let index = self.below(of.len());
        of[index].clone()
    }

    pub fn ty(&mut self) -> Type {
        let scalar = [
            Type::Bool,
            Type::Int,
            Type::Float,
            Type::String,
            Type::Date,
            Type::Timestamp,
            Type::Duration,
        ];
        let ty = self.one(&scalar);
        match self.below(8) {
            0 => optional(&ty),
            1 => Type::List(Box::new(Type::Int)),
            2 => record_type(),
            _ => ty,
        }
    }

    pub fn expr(&mut self, ty: &Type, depth: usize) -> Expr {
        if depth == 0 || self.below(8) == 0 {
            return self.leaf(ty);
        }
        let depth = depth - 1;
        match self.below(5) {
            0 => {
                let condition = self.expr(&Type::Bool, depth);
                let (then, otherwise) = (self.expr(ty, depth), self.expr(ty, depth));
                expr(ExprKind::If(Box::new(condition), Box::new(then), Box::new(otherwise)), ty.clone())
            }
            1 if !ty.is_optional() => {
                let (first, second) = (self.expr(&optional(ty), depth), self.expr(ty, depth));
                expr(ExprKind::Coalesce(Box::new(first), Box::new(second)), ty.clone())
            }
            _ => self.operation(ty, depth),
        }
    }

    fn leaf(&mut self, ty: &Type) -> Expr {
        let mut named: Vec<Expr> = variables()
            .into_iter()
            .enumerate()
            .filter(|(_, (_, of, _))| of == ty)
            .map(|(id, (_, of, _))| expr(ExprKind::Variable(VariableId(u32::try_from(id).unwrap())), of))
            .collect();
        if let Type::Record(fields) = record_type() {
            let record = || expr(ExprKind::Variable(VariableId(7)), record_type());
            named.extend(fields.iter().filter(|(_, of)| of == ty).map(|(name, of)| {
                expr(ExprKind::Field { target: Box::new(record()), name: name.clone(), optional: false }, of.clone())
            }));
        }
        if !named.is_empty() && self.below(2) == 0 {
            return self.one(&named);
        }
        match ty {
            Type::Bool => constant(Value::Bool(self.below(2) == 0), Type::Bool),
            Type::Int => int(self.random.random_range(-9..10)),
            Type::Float => constant(Value::Float(f64::from(self.random.random_range(-9_i32..10)) / 4.0), Type::Float),
            Type::String => text(self.one(&TEXTS)),
            Type::Date => constant(Value::Date(self.one(&DAYS).to_owned()), Type::Date),
            Type::Timestamp => constant(Value::Timestamp(self.one(&TIMES).to_owned()), Type::Timestamp),
            Type::Duration => constant(Value::Duration(self.random.random_range(-3..4) * DAY), Type::Duration),
            Type::Optional(inner) if self.below(2) == 0 => self.leaf(inner),
            Type::Optional(_) => constant(Value::None, Type::None),
            Type::List(element) => {
                let items = (0..self.below(3)).map(|_| self.leaf(element)).collect();
                expr(ExprKind::List(items), ty.clone())
            }
            Type::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| (name.clone(), self.leaf(ty))).collect();
                expr(ExprKind::Record(fields), ty.clone())
            }
            other => panic!("no leaf for {other:?}"),
        }
    }

    fn two(&mut self, op: Binary, left: &Type, right: &Type, ty: &Type, depth: usize) -> Expr {
        let (left, right) = (self.expr(left, depth), self.expr(right, depth));
        binary(op, left, right, ty.clone())
    }

    fn operation(&mut self, ty: &Type, depth: usize) -> Expr {
        match ty {
            Type::Bool => self.condition(depth),
            Type::Int => match self.below(7) {
                0 => self.two(Binary::Add, ty, ty, ty, depth),
                1 => self.two(Binary::Subtract, ty, ty, ty, depth),
                2 => self.two(Binary::Multiply, ty, ty, ty, depth.min(1)),
                3 => {
                    let (left, right) = (self.expr(ty, depth), self.one(&[1, 2, 3, -7]));
                    binary(Binary::Modulo, left, int(right), Type::Int)
                }
                4 => {
                    let operand = self.expr(ty, depth);
                    expr(ExprKind::Unary(Unary::Negate, Box::new(operand)), Type::Int)
                }
                5 => {
                    let list = self.expr(&Type::List(Box::new(Type::Int)), depth);
                    call("len", "$count({a})", vec![list], Type::Int)
                }
                _ => {
                    let (name, run) = self.one(&[
                        ("year", "$number($substring({a}, 0, 4))"),
                        ("month", "$number($substring({a}, 5, 2))"),
                        ("day", "$number($substring({a}, 8, 2))"),
                    ]);
                    let day = self.expr(&Type::Date, depth);
                    call(name, run, vec![day], Type::Int)
                }
            },
            Type::Float => match self.below(4) {
                0 => self.two(Binary::Add, ty, ty, ty, depth),
                1 => self.two(Binary::Subtract, ty, ty, ty, depth),
                2 => {
                    let left = self.expr(ty, depth);
                    binary(Binary::Divide, left, constant(Value::Float(0.25), Type::Float), Type::Float)
                }
                _ => {
                    let operand = self.expr(&Type::Int, depth);
                    expr(ExprKind::ToFloat(Box::new(operand)), Type::Float)
                }
            },
            Type::String => match self.below(3) {
                0 => {
                    let text = self.expr(ty, depth);
                    let part = self.one(&["a", "it", "x", " "]);
                    let by = self.expr(ty, depth);
                    call("replace", "$replace({a}, {b}, {c})", vec![text, super::text(part), by], Type::String)
                }
                _ => self.interpolation(depth),
            },
            Type::Date => match self.below(4) {
                0 => self.two(Binary::AddDate, ty, &Type::Duration, ty, depth),
                1 => self.two(Binary::SubtractFromDate, ty, &Type::Duration, ty, depth),
                2 => {
                    let at = self.expr(&Type::Timestamp, depth);
                    call("date", "$substring({a}, 0, 10)", vec![at], Type::Date)
                }
                _ => {
                    let day = self.expr(ty, depth);
                    call("month_start", "($substring({a}, 0, 8) & '01')", vec![day], Type::Date)
                }
            },
            Type::Timestamp => {
                let op = self.one(&[Binary::AddTimestamp, Binary::SubtractFromTimestamp]);
                self.two(op, ty, &Type::Duration, ty, depth)
            }
            Type::Duration => match self.below(3) {
                0 => self.two(Binary::Add, ty, ty, ty, depth),
                1 => self.two(Binary::Subtract, ty, ty, ty, depth),
                _ => self.two(Binary::SubtractDates, &Type::Date, &Type::Date, ty, depth),
            },
            Type::Optional(inner) => self.expr(inner, depth),
            Type::List(element) => {
                let items = (0..self.below(3)).map(|_| self.expr(element, depth)).collect();
                expr(ExprKind::List(items), ty.clone())
            }
            Type::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| (name.clone(), self.expr(ty, depth))).collect();
                expr(ExprKind::Record(fields), ty.clone())
            }
            other => panic!("no operation for {other:?}"),
        }
    }

    fn condition(&mut self, depth: usize) -> Expr {
        let bool = &Type::Bool;
        let ordered = [Type::Int, Type::Float, Type::String, Type::Date, Type::Timestamp];
        match self.below(9) {
            0 | 1 => self.two(Binary::And, bool, bool, bool, depth),
            2 => self.two(Binary::Or, bool, bool, bool, depth),
            3 => {
                let operand = self.expr(bool, depth);
                expr(ExprKind::Unary(Unary::Not, Box::new(operand)), Type::Bool)
            }
            4 => {
                let ty = self.one(&ordered);
                let op = self.one(&[Binary::Less, Binary::LessEqual, Binary::Greater, Binary::GreaterEqual]);
                self.two(op, &ty, &ty, bool, depth)
            }
            5 => {
                let op = self.one(&[Binary::Equal, Binary::NotEqual]);
                let ty = match self.one(&ordered) {
                    ty if self.below(3) == 0 => optional(&ty),
                    ty => ty,
                };
                let list = Type::List(Box::new(Type::Int));
                let ty = if self.below(5) == 0 { list } else { ty };
                self.two(op, &ty, &ty, bool, depth)
            }
            6 => {
                let ty = self.one(&ordered);
                let operand = self.expr(&optional(&ty), depth);
                let negated = self.below(2) == 0;
                expr(ExprKind::IsNone { operand: Box::new(operand), negated }, Type::Bool)
            }
            7 => {
                let ty = self.one(&[Type::Int, Type::String, Type::Timestamp, Type::Date]);
                let item = self.expr(&ty, depth);
                let items = (0..self.below(3)).map(|_| self.expr(&ty, depth)).collect();
                let list = expr(ExprKind::List(items), Type::List(Box::new(ty)));
                expr(ExprKind::In(Box::new(item), Box::new(list)), Type::Bool)
            }
            _ => {
                let (name, run) = self.one(&[
                    ("contains", "$contains({a}, {b})"),
                    ("starts_with", "($substring({a}, 0, $length({b})) = {b})"),
                ]);
                let arguments = vec![self.expr(&Type::String, depth), self.expr(&Type::String, depth)];
                call(name, run, arguments, Type::Bool)
            }
        }
    }

    fn interpolation(&mut self, depth: usize) -> Expr {
        let parts = (0..self.below(4))
            .map(|_| {
                if self.below(3) == 0 {
                    TextPart::Text(self.one(&TEXTS).to_owned())
                } else {
                    let types = [
                        Type::Bool,
                        Type::Int,
                        Type::Float,
                        Type::String,
                        Type::Date,
                        Type::Timestamp,
                        optional(&Type::Int),
                        optional(&Type::String),
                    ];
                    let ty = self.one(&types);
                    TextPart::Expr(self.expr(&ty, depth))
                }
            })
            .collect();
        expr(ExprKind::Text(parts), Type::String)
    }
}

fn call(name: &str, run: &str, arguments: Vec<Expr>, ty: Type) -> Expr {
    let lowering = Lowering {
        name: name.to_owned(),
        pattern: None,
        hides: false,
        params: ["a", "b", "c"].iter().take(arguments.len()).map(|name| (*name).to_owned()).collect(),
        deploy: None,
        run: Some(run.to_owned()),
        row: None,
        aggregate: None,
        window: None,
    };
    expr(ExprKind::Call { function: Arc::new(lowering), arguments }, ty)
}
