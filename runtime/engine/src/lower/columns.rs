//! What expressions say about columns: which are needed later, and which stand for window functions and aggregates.

use crate::failure::Result;
use crate::lower::aggregate::Finish;
use crate::lower::expr::columns_of;
use flow_plan::{Expr, Field, Operator, Transform};
use std::collections::BTreeSet;

/// A window function or aggregate that was taken out of an expression.
pub struct Extracted {
    /// The hidden column that stands for it.
    pub field: Field,
    /// The column that DataFusion gives.
    pub source: String,
    /// What leads from the one to the other.
    pub finish: Finish,
}

/// For each operator the columns of its result that later ones (or the output) read. Of the last one: all.
pub fn needed_columns(transform: &Transform) -> Vec<BTreeSet<String>> {
    let mut all = Vec::with_capacity(transform.operators.len());
    let mut needed: BTreeSet<String> = transform
        .operators
        .last()
        .map(|operator| operator.columns().iter().map(|field| field.name.clone()).collect())
        .unwrap_or_default();
    for operator in transform.operators.iter().rev() {
        all.push(needed.clone());
        let mut add = |exprs: &mut dyn Iterator<Item = &Expr>| exprs.for_each(|expr| columns_of(expr, &mut needed));
        match operator {
            Operator::Join { condition, selected, .. } => {
                // Those of the other table have names that no column of the rows so far has.
                needed.clear();
                condition
                    .iter()
                    .chain(selected.iter().map(|column| &column.expr))
                    .for_each(|expr| columns_of(expr, &mut needed));
            }
            Operator::Union { all: true, .. } => {}
            Operator::Union { columns, .. } => needed = columns.iter().map(|field| field.name.clone()).collect(),
            Operator::Explode { list, .. } => {
                needed.remove(&list.name);
                columns_of(&list.expr, &mut needed);
            }
            // Its message shows the row.
            Operator::Check { columns, .. } => needed = columns.iter().map(|field| field.name.clone()).collect(),
            Operator::Where { condition, .. } => add(&mut std::iter::once(condition)),
            Operator::Derive { derived, .. } => {
                for column in derived {
                    needed.remove(&column.name);
                }
                derived.iter().for_each(|column| columns_of(&column.expr, &mut needed));
            }
            Operator::Window {
                partition_by,
                order_by,
                derived,
                ..
            } => {
                for column in derived {
                    needed.remove(&column.name);
                }
                let keys = partition_by.iter().chain(order_by.iter().map(|sort| &sort.expr));
                keys.chain(derived.iter().map(|column| &column.expr))
                    .for_each(|expr| columns_of(expr, &mut needed));
            }
            Operator::Select { selected, .. } => {
                needed.clear();
                selected.iter().for_each(|column| columns_of(&column.expr, &mut needed));
            }
            Operator::Group { keys, aggregates, .. } => {
                needed.clear();
                keys.iter()
                    .chain(aggregates)
                    .for_each(|column| columns_of(&column.expr, &mut needed));
            }
            Operator::Sort { by, .. } => add(&mut by.iter().map(|sort| &sort.expr)),
            Operator::Take { .. } => {}
            Operator::Distinct { columns } => needed = columns.iter().map(|field| field.name.clone()).collect(),
        }
    }
    all.reverse();
    all
}

/// The columns that an expression reads.
pub fn needed_in(expr: &Expr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    columns_of(expr, &mut names);
    names
}

/// The expression with each aggregate or window function in it replaced by the column that `extract` names.
pub fn replace(
    expr: &Expr,
    extract: &mut dyn FnMut(&Expr) -> Result<Option<Extracted>>,
    found: &mut Vec<Extracted>,
) -> Result<Expr> {
    if let Some(extracted) = extract(expr)? {
        let name = extracted.field.name.clone();
        found.push(extracted);
        return Ok(Expr::Column(name));
    }
    let mut one = |operand: &Expr| Ok::<_, crate::failure::Fault>(Box::new(replace(operand, extract, found)?));
    Ok(match expr {
        Expr::Column(_) | Expr::Literal(_) | Expr::None(_) | Expr::Aggregate { .. } | Expr::Window { .. } => expr.clone(),
        Expr::Unary { op, operand } => Expr::Unary {
            op: *op,
            operand: one(operand)?,
        },
        Expr::Binary { op, left, right } => Expr::Binary {
            op: *op,
            left: one(left)?,
            right: one(right)?,
        },
        Expr::IsNone { operand, negated } => Expr::IsNone {
            operand: one(operand)?,
            negated: *negated,
        },
        Expr::Matches { operand, pattern } => Expr::Matches {
            operand: one(operand)?,
            pattern: pattern.clone(),
        },
        Expr::ToFloat(operand) => Expr::ToFloat(one(operand)?),
        Expr::Field { operand, name } => Expr::Field { operand: one(operand)?, name: name.clone() },
        Expr::If {
            condition,
            then,
            otherwise,
        } => Expr::If {
            condition: one(condition)?,
            then: one(then)?,
            otherwise: one(otherwise)?,
        },
        Expr::Record(columns) => Expr::Record(
            columns
                .iter()
                .map(|column| {
                    let expr = replace(&column.expr, extract, found)?;
                    Ok(flow_plan::Column { name: column.name.clone(), expr })
                })
                .collect::<Result<_>>()?,
        ),
        Expr::List { element, optional, items } => Expr::List {
            element: element.clone(),
            optional: *optional,
            items: items.iter().map(|item| replace(item, extract, found)).collect::<Result<_>>()?,
        },
        Expr::Coalesce(operands) => Expr::Coalesce(
            operands
                .iter()
                .map(|operand| replace(operand, extract, found))
                .collect::<Result<_>>()?,
        ),
        Expr::Call { function, arguments } => Expr::Call {
            function: *function,
            arguments: arguments
                .iter()
                .map(|argument| replace(argument, extract, found))
                .collect::<Result<_>>()?,
        },
    })
}
