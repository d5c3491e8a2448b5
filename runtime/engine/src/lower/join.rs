//! `join`: equalities between the two sides become the keys of a hash join, what is left its filter.
//!
//! Keys match as `==` does in a `where`: `none` equals `none`. A key that is computed becomes a column of its side first.
//! What can fail is computed only for rows whose keys match, as if `and` stood between.

use crate::failure::Result;
use crate::lower::columns::needed_in;
use crate::lower::expr::{Scope, Typed, bad_plan, column};
use crate::lower::operators::{State, refused, scan};
use datafusion::common::{Column as Named, JoinType, NullEquality};
use datafusion::logical_expr::{Expr as Logical, LogicalPlan, LogicalPlanBuilder, binary_expr, lit, when};
use datafusion::logical_expr::Operator as LogicalOperator;
use flow_plan::{BinaryOp, Column, DataType, Expr, Field, JoinKind};
use std::collections::BTreeSet;

/// An equality between the sides: a value of each.
struct Key<'e> {
    left: &'e Expr,
    right: &'e Expr,
}

/// A condition, taken apart.
#[derive(Default)]
struct Parts<'e> {
    keys: Vec<Key<'e>>,
    rest: Vec<&'e Expr>,
}

impl State<'_> {
    pub(super) fn join(
        &mut self,
        kind: JoinKind,
        input: &str,
        alias: &str,
        condition: Option<&Expr>,
        selected: &[Column],
    ) -> Result<()> {
        let (right, fields) = scan(input, (self.sources)(input)?)?;
        let left = self.columns.clone();
        let named: Vec<Field> = fields
            .iter()
            .map(|field| Field { name: format!("{alias}.{}", field.name), ..field.clone() })
            .collect();
        let right_columns = fields.iter().zip(&named).map(|(field, named)| column(&field.name).alias(&named.name));
        let right = LogicalPlanBuilder::new(right)
            .project(right_columns)
            .and_then(LogicalPlanBuilder::build)
            .map_err(refused)?;
        let both: Vec<Field> = left.iter().chain(&named).cloned().collect();
        match (kind, condition) {
            (JoinKind::Cross, None) => self.build(|builder| builder.cross_join(right))?,
            (JoinKind::Cross, Some(_)) => return Err(bad_plan("a cross join with a condition")),
            (_, None) => return Err(bad_plan("a join without a condition")),
            (_, Some(condition)) => self.join_on(kind, right, &named, &both, condition)?,
        }
        // A join leaves rows out, and what comes after it must not be computed for those.
        self.filtered = true;
        self.ordered = false;
        let joined: Vec<Field> = match kind {
            JoinKind::Semi | JoinKind::Anti => left,
            _ => {
                let (of_left, of_right) = optional_sides(kind);
                let absent = |fields: &[Field], may: bool| -> Vec<Field> {
                    fields.iter().map(|field| Field { optional: field.optional || may, ..field.clone() }).collect()
                };
                let mut joined = absent(&left, of_left);
                joined.extend(absent(&named, of_right));
                joined
            }
        };
        let scope = Scope::new(&joined);
        let exprs = selected
            .iter()
            .map(|column| Ok((column.name.clone(), scope.lower(&column.expr)?)))
            .collect::<Result<_>>()?;
        self.project(exprs)
    }

    fn join_on(
        &mut self,
        kind: JoinKind,
        right: LogicalPlan,
        named: &[Field],
        both: &[Field],
        condition: &Expr,
    ) -> Result<()> {
        let names = |fields: &[Field]| fields.iter().map(|field| field.name.clone()).collect::<BTreeSet<String>>();
        let mut parts = Parts::default();
        take_apart(condition, &names(&self.columns), &names(named), &mut parts);
        let scope = Scope::new(both);
        let mut sides = (Vec::new(), Vec::new());
        let mut keys = (Vec::new(), Vec::new());
        let mut values = Vec::with_capacity(parts.keys.len());
        let mut optional = false;
        for key in &parts.keys {
            let (left, right) = (scope.lower(key.left)?, scope.lower(key.right)?);
            if left.data_type != right.data_type {
                return Err(bad_plan("a join compares values of two types"));
            }
            optional |= left.optional || right.optional;
            self.guarded |= self.filtered && left.fallible;
            values.push((left.expr.clone(), right.expr.clone()));
            keys.0.push(self.key(key.left, left, &mut sides.0));
            keys.1.push(self.key(key.right, right, &mut sides.1));
        }
        let rest = parts.rest.into_iter().cloned().reduce(|left, right| Expr::Binary {
            op: BinaryOp::And,
            left: Box::new(left),
            right: Box::new(right),
        });
        let filter = match rest {
            Some(rest) => {
                let rest = scope.lower(&rest)?;
                if rest.data_type != DataType::Bool {
                    return Err(bad_plan("a join's condition is no Bool"));
                }
                let guards = if rest.fallible { self.copies(values, &mut sides) } else { Vec::new() };
                Some(guarded_by(rest, guards)?)
            }
            None => None,
        };
        let left = std::mem::take(&mut sides.0);
        if !left.is_empty() {
            let columns: Vec<Logical> = self.columns.iter().map(|field| column(&field.name)).chain(left).collect();
            self.build(|builder| builder.project(columns))?;
        }
        let right = if sides.1.is_empty() {
            right
        } else {
            let columns: Vec<Logical> = named.iter().map(|field| column(&field.name)).chain(sides.1).collect();
            LogicalPlanBuilder::new(right)
                .project(columns)
                .and_then(LogicalPlanBuilder::build)
                .map_err(refused)?
        };
        let kind = match kind {
            JoinKind::Inner | JoinKind::Cross => JoinType::Inner,
            JoinKind::Left => JoinType::Left,
            JoinKind::Right => JoinType::Right,
            JoinKind::Full => JoinType::Full,
            JoinKind::Semi => JoinType::LeftSemi,
            JoinKind::Anti => JoinType::LeftAnti,
        };
        let equality = if optional { NullEquality::NullEqualsNull } else { NullEquality::NullEqualsNothing };
        self.build(|builder| builder.join_detailed(right, kind, keys, filter, equality))
    }

    /// Copies of the keys, on both sides. Of the keys themselves DataFusion knows that they are equal: it would put one
    /// for the other, find the condition to be of one side alone, and compute it for rows that match nothing.
    fn copies(
        &mut self,
        values: Vec<(Logical, Logical)>,
        sides: &mut (Vec<Logical>, Vec<Logical>),
    ) -> Vec<(String, String)> {
        let mut names = Vec::with_capacity(values.len());
        for (left, right) in values {
            let (first, second) = (self.hide(), self.hide());
            sides.0.push(left.alias(&first));
            sides.1.push(right.alias(&second));
            names.push((first, second));
        }
        names
    }

    /// The column that holds a key, added to its side where it is none yet.
    fn key(&mut self, expr: &Expr, typed: Typed, side: &mut Vec<Logical>) -> Named {
        if let Expr::Column(name) = expr {
            return Named::new_unqualified(name.as_str());
        }
        let hidden = self.hide();
        side.push(typed.expr.alias(&hidden));
        Named::new_unqualified(hidden)
    }
}

/// The filter of a join, computed where all guards are equal alone.
fn guarded_by(filter: Typed, guards: Vec<(String, String)>) -> Result<Logical> {
    let equal = guards
        .iter()
        .map(|(left, right)| binary_expr(column(left), LogicalOperator::IsNotDistinctFrom, column(right)))
        .reduce(Logical::and);
    match equal {
        // Numbers, since a `case` of truths would be made an `and`, whose sides are computed in any order.
        Some(equal) => {
            let holds = when(filter.expr, lit(1_i64)).otherwise(lit(0_i64)).map_err(bad_plan)?;
            let guarded = when(equal, holds).otherwise(lit(0_i64)).map_err(bad_plan)?;
            Ok(guarded.eq(lit(1_i64)))
        }
        None => Ok(filter.expr),
    }
}

/// Which side's columns may be `none` for want of a row: the left's, the right's.
fn optional_sides(kind: JoinKind) -> (bool, bool) {
    match kind {
        JoinKind::Left => (false, true),
        JoinKind::Right => (true, false),
        JoinKind::Full => (true, true),
        JoinKind::Inner | JoinKind::Semi | JoinKind::Anti | JoinKind::Cross => (false, false),
    }
}

fn take_apart<'e>(condition: &'e Expr, left: &BTreeSet<String>, right: &BTreeSet<String>, parts: &mut Parts<'e>) {
    match condition {
        Expr::Binary { op: BinaryOp::And, left: first, right: second } => {
            take_apart(first, left, right, parts);
            take_apart(second, left, right, parts);
        }
        Expr::Binary { op: BinaryOp::Equal, left: first, right: second } => {
            let of = |expr: &Expr, side: &BTreeSet<String>| {
                let names = needed_in(expr);
                !names.is_empty() && names.is_subset(side)
            };
            if of(first, left) && of(second, right) {
                parts.keys.push(Key { left: first, right: second });
            } else if of(first, right) && of(second, left) {
                parts.keys.push(Key { left: second, right: first });
            } else {
                parts.rest.push(condition);
            }
        }
        _ => parts.rest.push(condition),
    }
}
