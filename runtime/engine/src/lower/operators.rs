//! Relational operators: a transform as one logical plan, each operator's columns compared with the plan's. A `check`
//! ends a plan, whose rows, once checked, are a table of the next one: so all of them are looked at, whatever
//! comes after it.

use crate::failure::{Result, query_failure};
use crate::lower::expr::{Scope, Typed, bad_plan, column, columns_of};
use crate::lower::window::{self, Frame};
use crate::lower::aggregate;
use crate::types::{Texts, arrow_type, arrow_type_name, field_type_name, same_type};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::expr::{AggregateFunction as LogicalAggregate, Sort as LogicalSort};
use datafusion::logical_expr::{Expr as Logical, LogicalPlan, LogicalPlanBuilder, TableSource};
use datafusion::prelude::SessionContext;
use flow_plan::{Column, DataType, Expr, Field, Operator, Sort, SortOrder, Transform};
use crate::lower::checked::CheckedPlan;
use crate::lower::columns::{Extracted, needed_columns, replace};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A transform as logical plans.
#[derive(Debug)]
pub struct Lowered {
    /// What comes before each `check`, in order.
    pub checked: Vec<CheckedPlan>,
    /// The plan; its rows are in a total order.
    pub plan: LogicalPlan,
    /// Whether a fallible expression stands over a filter, so that nothing may be moved below it.
    pub guarded: bool,
}

/// An input of a transform: where its rows come from, and their fields.
pub struct Source {
    /// Its rows; each is asked for once.
    pub rows: Arc<dyn TableSource>,
    /// Their columns.
    pub fields: Vec<Field>,
}

/// Finds the source of an input, once for each time that the transform reads it.
pub type Sources<'s> = &'s mut dyn FnMut(&str) -> Result<Source>;

pub(super) struct State<'s> {
    pub(super) sources: Sources<'s>,
    pub(super) session: &'s SessionContext,
    pub(super) checked: Vec<CheckedPlan>,
    pub(super) plan: LogicalPlan,
    pub(super) columns: Vec<Field>,
    /// Whether the rows are in an order that a `sort` gave.
    pub(super) ordered: bool,
    /// Whether a `where` stands above the last operator that computes over all rows.
    pub(super) filtered: bool,
    pub(super) guarded: bool,
    hidden: usize,
}

/// Lowers the operators of a transform.
pub fn lower_transform(
    name: &str,
    transform: &Transform,
    session: &SessionContext,
    sources: Sources<'_>,
) -> Result<Lowered> {
    let needed = needed_columns(transform);
    let (plan, columns) = scan(&transform.from, sources(&transform.from)?)?;
    let mut state = State {
        sources,
        session,
        checked: Vec::new(),
        plan,
        columns,
        ordered: false,
        filtered: false,
        guarded: false,
        hidden: 0,
    };
    let empty = BTreeSet::new();
    for (position, operator) in transform.operators.iter().enumerate() {
        let needed_after = needed.get(position).unwrap_or(&empty);
        state.operator(operator, needed_after)?;
        state.compare(name, position, operator)?;
        state.columns = operator.columns().to_vec();
    }
    if !state.ordered {
        let order = state.tie_break(&BTreeSet::new(), None);
        state.sort(order)?;
    }
    Ok(Lowered {
        checked: state.checked,
        plan: state.plan,
        guarded: state.guarded,
    })
}

/// The rows of a source. A scan's columns are named after their table; from here on they go by their names alone.
pub(super) fn scan(name: &str, source: Source) -> Result<(LogicalPlan, Vec<Field>)> {
    let Source { rows, fields } = source;
    let plan = LogicalPlanBuilder::scan(name, rows, None)
        .and_then(|builder| builder.project(fields.iter().map(|field| column(&field.name).alias(&field.name))))
        .and_then(LogicalPlanBuilder::build)
        .map_err(refused)?;
    Ok((plan, fields))
}

/// DataFusion refuses the plan: the compiler should not have let it through.
pub(super) fn refused(error: DataFusionError) -> crate::failure::Fault {
    match error {
        DataFusionError::External(_) => query_failure(error),
        other => bad_plan(other),
    }
}

impl State<'_> {
    fn operator(&mut self, operator: &Operator, needed_after: &BTreeSet<String>) -> Result<()> {
        let columns = self.columns.clone();
        let scope = Scope::new(&columns);
        match operator {
            Operator::Join { kind, input, alias, condition, selected, .. } => {
                self.join(*kind, input, alias, condition.as_ref(), selected)
            }
            Operator::Union { inputs, all, .. } => self.union(inputs, *all),
            Operator::Explode { list, outer, .. } => self.explode(list, *outer),
            Operator::Check { text, condition, .. } => self.check(text, condition),
            Operator::Where { condition, .. } => self.filter(scope, condition),
            Operator::Derive { derived, .. } => {
                let mut exprs: Vec<(String, Typed)> = columns
                    .iter()
                    .map(|field| Ok((field.name.clone(), scope.lower(&Expr::Column(field.name.clone()))?)))
                    .collect::<Result<_>>()?;
                for Column { name, expr } in derived {
                    let typed = as_planned(scope.lower(expr)?, name, operator);
                    match exprs.iter_mut().find(|(existing, _)| existing == name) {
                        Some((_, existing)) => *existing = typed,
                        None => exprs.push((name.clone(), typed)),
                    }
                }
                self.project(exprs)
            }
            Operator::Select { selected, .. } => {
                let exprs = selected
                    .iter()
                    .map(|column| Ok((column.name.clone(), as_planned(scope.lower(&column.expr)?, &column.name, operator))))
                    .collect::<Result<_>>()?;
                self.project(exprs)
            }
            Operator::Window {
                partition_by,
                order_by,
                derived,
                ..
            } => {
                self.window(scope, partition_by, order_by, derived, needed_after)?;
                self.ordered = false;
                self.filtered = false;
                Ok(())
            }
            Operator::Group { keys, aggregates, .. } => {
                self.group(scope, keys, aggregates)?;
                self.ordered = false;
                self.filtered = false;
                Ok(())
            }
            Operator::Sort { by, .. } => {
                let mut order = by.iter().map(|key| sort_key(scope, key)).collect::<Result<Vec<_>>>()?;
                let named = plain_columns(by.iter().map(|key| &key.expr));
                order.extend(self.tie_break(&named, Some(needed_after)));
                self.sort(order)?;
                self.ordered = true;
                Ok(())
            }
            Operator::Take { rows, .. } => {
                if !self.ordered {
                    let order = self.tie_break(&BTreeSet::new(), Some(needed_after));
                    self.sort(order)?;
                    self.ordered = true;
                }
                let rows = usize::try_from(*rows).unwrap_or(usize::MAX);
                self.build(|builder| builder.limit(0, Some(rows)))?;
                self.filtered = false;
                Ok(())
            }
            Operator::Distinct { .. } => {
                self.build(LogicalPlanBuilder::distinct)?;
                self.ordered = false;
                self.filtered = false;
                Ok(())
            }
        }
    }

    pub(super) fn build(
        &mut self,
        step: impl FnOnce(LogicalPlanBuilder) -> datafusion::common::Result<LogicalPlanBuilder>,
    ) -> Result<()> {
        self.plan = step(LogicalPlanBuilder::new(self.plan.clone()))
            .and_then(LogicalPlanBuilder::build)
            .map_err(refused)?;
        Ok(())
    }

    pub(super) fn sort(&mut self, order: Vec<LogicalSort>) -> Result<()> {
        if order.is_empty() { Ok(()) } else { self.build(|builder| builder.sort(order)) }
    }

    pub(super) fn project(&mut self, exprs: Vec<(String, Typed)>) -> Result<()> {
        if self.filtered && exprs.iter().any(|(_, typed)| typed.fallible) {
            self.guarded = true;
        }
        self.build(|builder| builder.project(exprs.into_iter().map(|(name, typed)| typed.expr.alias(name))))
    }

    fn filter(&mut self, scope: Scope<'_>, condition: &Expr) -> Result<()> {
        let condition = scope.lower(condition)?;
        if !condition.fallible {
            self.filtered = true;
            return self.build(|builder| builder.filter(condition.expr));
        }
        // Computed as a column first, so that no other condition can be merged with it.
        let hidden = self.hide();
        let names: Vec<_> = scope.fields().iter().map(|field| field.name.clone()).collect();
        let mut exprs: Vec<_> = names.iter().map(|name| column(name)).collect();
        exprs.push(condition.expr.alias(&hidden));
        self.guarded |= self.filtered;
        self.build(|builder| {
            builder
                .project(exprs)?
                .filter(column(&hidden))?
                .project(names.iter().map(|name| column(name)))
        })?;
        self.filtered = true;
        Ok(())
    }

    /// A column name that no program can have.
    pub(super) fn hide(&mut self) -> String {
        self.hidden += 1;
        format!("$flow{}", self.hidden)
    }

    fn window(
        &mut self,
        scope: Scope<'_>,
        partition_by: &[Expr],
        order_by: &[Sort],
        derived: &[Column],
        needed_after: &BTreeSet<String>,
    ) -> Result<()> {
        let order = order_by.iter().map(|key| sort_key(scope, key)).collect::<Result<Vec<_>>>()?;
        // Ties are broken by what can be seen of the rows later: rows that agree there are interchangeable.
        let mut seen = needed_after.clone();
        derived.iter().for_each(|column| columns_of(&column.expr, &mut seen));
        let named = plain_columns(partition_by.iter().chain(order_by.iter().map(|key| &key.expr)));
        let keys: BTreeSet<_> = scope
            .fields()
            .iter()
            .filter(|field| field.key)
            .map(|field| field.name.clone())
            .collect();
        let mut total_order = order.clone();
        if keys.is_empty() || !keys.is_subset(&named) {
            total_order.extend(self.tie_break(&named, Some(&seen)));
        }
        let frame = Frame {
            partition_by: partition_by
                .iter()
                .map(|key| Ok(scope.lower(key)?.expr))
                .collect::<Result<_>>()?,
            order_by: order,
            total_order,
        };
        let mut windows = Vec::new();
        let mut after: Vec<Field> = scope.fields().to_vec();
        let mut results = Vec::new();
        for Column { name, expr } in derived {
            let mut extract = |function: &Expr| -> Result<Option<Extracted>> {
                let lowered = match function {
                    Expr::Window { function, arguments } => window::lower(scope, &frame, *function, arguments)?,
                    Expr::Aggregate { function, arguments } => {
                        window::lower_aggregate(scope, &frame, *function, arguments)?
                    }
                    _ => return Ok(None),
                };
                let field = hidden_field(self.hide(), lowered.data_type, lowered.optional);
                // DataFusion names a window's column after its expression; equal ones are computed once.
                let source = lowered.expr.schema_name().to_string();
                if !windows.contains(&lowered.expr) {
                    windows.push(lowered.expr);
                }
                Ok(Some(Extracted {
                    field,
                    source,
                    finish: lowered.finish,
                }))
            };
            let mut finished = Vec::new();
            let rest = replace(expr, &mut extract, &mut finished)?;
            after.extend(finished.iter().map(|found: &Extracted| found.field.clone()));
            results.push((name.clone(), rest, finished));
        }
        let plan = LogicalPlanBuilder::window_plan(self.plan.clone(), windows).map_err(refused)?;
        self.plan = plan;
        self.finish_columns(&after, results, scope.fields().iter().map(|field| field.name.clone()).collect())
    }

    fn group(&mut self, scope: Scope<'_>, keys: &[Column], aggregates: &[Column]) -> Result<()> {
        let mut group = Vec::new();
        let mut after = Vec::new();
        for Column { name, expr } in keys {
            let typed = scope.lower(expr)?;
            self.guarded |= self.filtered && typed.fallible;
            group.push(typed.expr.alias(name));
            after.push(hidden_field(name.clone(), typed.data_type, typed.optional));
        }
        let names: Vec<_> = keys.iter().map(|key| key.name.clone()).collect();
        let mut calls = Vec::new();
        let mut results = Vec::new();
        for Column { name, expr } in aggregates {
            let mut extract = |function: &Expr| -> Result<Option<Extracted>> {
                let Expr::Aggregate { function, arguments } = function else { return Ok(None) };
                let lowered = aggregate::lower(scope, *function, arguments)?;
                let call = Logical::AggregateFunction(LogicalAggregate::new_udf(
                    lowered.function,
                    lowered.arguments,
                    lowered.distinct,
                    lowered.filter.map(Box::new),
                    vec![],
                    None,
                ));
                let field = hidden_field(self.hide(), lowered.data_type, lowered.optional);
                calls.push(call.alias(&field.name));
                Ok(Some(Extracted {
                    source: field.name.clone(),
                    field,
                    finish: lowered.finish,
                }))
            };
            let mut finished = Vec::new();
            let rest = replace(expr, &mut extract, &mut finished)?;
            after.extend(finished.iter().map(|found: &Extracted| found.field.clone()));
            results.push((name.clone(), rest, finished));
        }
        self.build(|builder| builder.aggregate(group, calls))?;
        self.finish_columns(&after, results, names)
    }

    /// Projects `kept` columns and the results of window functions or aggregates.
    fn finish_columns(
        &mut self,
        after: &[Field],
        results: Vec<(String, Expr, Vec<Extracted>)>,
        kept: Vec<String>,
    ) -> Result<()> {
        // First from what DataFusion gives to the language's values, then the expressions around them.
        let finishes: Vec<_> = results.iter().flat_map(|(_, _, finished)| finished).collect();
        let step: Vec<Logical> = after
            .iter()
            .map(|field| {
                let value = match finishes.iter().find(|found| found.field.name == field.name) {
                    Some(found) => found.finish.apply(column(&found.source))?,
                    None => column(&field.name),
                };
                Ok(value.alias(&field.name))
            })
            .collect::<Result<_>>()?;
        self.build(|builder| builder.project(step))?;
        let scope = Scope::new(after);
        let mut exprs: Vec<(String, Logical)> = kept.iter().map(|name| (name.clone(), column(name))).collect();
        for (name, expr, _) in &results {
            let lowered = scope.lower(expr)?.expr;
            match exprs.iter_mut().find(|(existing, _)| existing == name) {
                Some((_, existing)) => *existing = lowered,
                None => exprs.push((name.clone(), lowered)),
            }
        }
        self.build(|builder| builder.project(exprs.into_iter().map(|(name, expr)| expr.alias(name))))
    }

    /// An order by the columns that are not yet `named`, key columns first; only those `seen` later.
    fn tie_break(&self, named: &BTreeSet<String>, seen: Option<&BTreeSet<String>>) -> Vec<LogicalSort> {
        let mut fields: Vec<&Field> = self
            .columns
            .iter()
            .filter(|field| !named.contains(&field.name))
            .filter(|field| seen.is_none_or(|seen| seen.contains(&field.name)))
            // Arrow has no order of maps.
            .filter(|field| !matches!(field.data_type, DataType::Map { .. }))
            .collect();
        fields.sort_by_key(|field| !field.key);
        fields
            .into_iter()
            .map(|field| column(&field.name).sort(true, false))
            .collect()
    }

    /// The computed columns must be the plan's.
    fn compare(&self, transform: &str, position: usize, operator: &Operator) -> Result<()> {
        let computed = self.plan.schema().fields();
        let planned = operator.columns();
        let place = || format!("operator {} (`{}`) of transform `{transform}`", position + 1, name_of(operator));
        if computed.len() != planned.len() {
            return Err(bad_plan(format_args!(
                "{} gives {} columns, the plan says {}",
                place(),
                computed.len(),
                planned.len()
            )));
        }
        for (computed, planned) in computed.iter().zip(planned) {
            let fits = computed.name() == &planned.name
                && same_type(computed.data_type(), &arrow_type(&planned.data_type, Texts::Computed));
            if !fits {
                return Err(bad_plan(format_args!(
                    "{} gives the column `{}: {}`, the plan says `{}: {}`",
                    place(),
                    computed.name(),
                    arrow_type_name(computed.data_type()),
                    planned.name,
                    field_type_name(planned)
                )));
            }
        }
        Ok(())
    }
}

pub(super) fn hidden_field(name: String, data_type: DataType, optional: bool) -> Field {
    Field {
        name,
        data_type,
        optional,
        key: false,
        pii: false,
        doc: None,
    }
}

fn plain_columns<'e>(exprs: impl Iterator<Item = &'e Expr>) -> BTreeSet<String> {
    exprs
        .filter_map(|expr| match expr {
            Expr::Column(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

fn sort_key(scope: Scope<'_>, key: &Sort) -> Result<LogicalSort> {
    let ascending = key.order == SortOrder::Ascending;
    Ok(scope.lower(&key.expr)?.expr.sort(ascending, false))
}

/// A column as the plan has it.
fn as_planned(value: Typed, name: &str, operator: &Operator) -> Typed {
    match operator.columns().iter().find(|field| field.name == name) {
        Some(field) => value.of_type(&field.data_type),
        None => value,
    }
}

fn name_of(operator: &Operator) -> &'static str {
    match operator {
        Operator::Join { .. } => "join",
        Operator::Union { .. } => "union",
        Operator::Explode { .. } => "explode",
        Operator::Check { .. } => "check",
        Operator::Where { .. } => "where",
        Operator::Derive { .. } => "derive",
        Operator::Select { .. } => "select",
        Operator::Window { .. } => "window",
        Operator::Group { .. } => "group",
        Operator::Sort { .. } => "sort",
        Operator::Take { .. } => "take",
        Operator::Distinct { .. } => "distinct",
    }
}
