//! `union` and `explode`.

use crate::failure::Result;
use crate::lower::expr::{Scope, bad_plan, column};
use crate::lower::function::Function;
use crate::lower::operators::{State, scan};
use crate::types::{Texts, arrow_type};
use datafusion::common::{Column as Named, UnnestOptions};
use datafusion::logical_expr::{Expr as Logical, LogicalPlanBuilder, cast};
use flow_plan::{Column, DataType};

impl State<'_> {
    pub(super) fn union(&mut self, inputs: &[String], all: bool) -> Result<()> {
        for input in inputs {
            let (plan, fields) = scan(input, (self.sources)(input)?)?;
            let missing = self.columns.iter().find(|ours| !fields.iter().any(|field| field.name == ours.name));
            if let Some(missing) = missing {
                return Err(bad_plan(format_args!("`{input}` of a union has no column `{}`", missing.name)));
            }
            let columns: Vec<Logical> = self.columns.iter().map(|field| column(&field.name)).collect();
            let plan = LogicalPlanBuilder::new(plan)
                .project(columns)
                .and_then(LogicalPlanBuilder::build)
                .map_err(bad_plan)?;
            self.build(|builder| builder.union(plan))?;
        }
        if !all {
            self.build(LogicalPlanBuilder::distinct)?;
            self.filtered = false;
        }
        self.ordered = false;
        Ok(())
    }

    pub(super) fn explode(&mut self, list: &Column, outer: bool) -> Result<()> {
        let columns = self.columns.clone();
        let typed = Scope::new(&columns).lower(&list.expr)?;
        let DataType::List { element, .. } = typed.data_type.clone() else {
            return Err(bad_plan(format_args!("`{}` of an `explode` is no list", list.name)));
        };
        self.guarded |= self.filtered && typed.fallible;
        let hidden = self.hide();
        // An empty list has no row, as `none` has none; what keeps the one keeps the other.
        let value = if outer {
            let returns = arrow_type(&typed.data_type, Texts::Computed);
            Function::NoneIfEmpty.call(returns, vec![typed.expr])
        } else {
            typed.expr
        };
        let with_list: Vec<Logical> = columns
            .iter()
            .map(|field| column(&field.name))
            .chain([value.alias(&hidden)])
            .collect();
        let options = UnnestOptions::new().with_preserve_nulls(outer);
        self.build(|builder| {
            builder.project(with_list)?.unnest_column_with_options(Named::new_unqualified(&hidden), options)
        })?;
        let element = || cast(column(&hidden), arrow_type(&element, Texts::Computed)).alias(&list.name);
        let mut exprs: Vec<Logical> = columns
            .iter()
            .map(|field| if field.name == list.name { element() } else { column(&field.name) })
            .collect();
        if !columns.iter().any(|field| field.name == list.name) {
            exprs.push(element());
        }
        self.build(|builder| builder.project(exprs))?;
        // Rows without elements are gone: what comes after it must not be computed for them.
        self.filtered = true;
        self.ordered = false;
        Ok(())
    }
}
