//! Functions of the generic binary that no step uses are taken out, and the others numbered anew.

use super::{Expr, ExprKind, Flow, Function, FunctionId, Program, Statement, TableId};

impl Program {
    /// Takes out the functions for which `idle` holds. No step may use them.
    pub(crate) fn without_functions(&mut self, idle: impl Fn(FunctionId, &Function) -> bool) {
        let mut numbers = Vec::with_capacity(self.functions.len());
        let mut next = 0;
        let mut at = 0;
        self.functions.retain(|function| {
            let keep = !idle(FunctionId(at), function);
            at += 1;
            numbers.push(FunctionId(next));
            next += u32::from(keep);
            keep
        });
        if self.functions.len() == numbers.len() {
            return;
        }
        for flow in &mut self.flows {
            if let Some(handler) = &mut flow.on_failure {
                renumber(&mut handler.body, &numbers);
            }
            renumber(&mut flow.body, &numbers);
        }
    }

    /// Takes out what functions have for the sake of flows that are no longer there.
    pub(super) fn without_uses(&mut self, gone: &[Flow]) {
        let used = |flows: &[Flow], id: FunctionId| {
            flows.iter().flat_map(Flow::steps).any(|step| step.call.function == Some(id))
        };
        let idle: Vec<bool> = (0..self.functions.len())
            .map(|at| FunctionId(u32::try_from(at).unwrap_or(u32::MAX)))
            .map(|id| used(gone, id) && !used(&self.flows, id))
            .collect();
        for (at, function) in self.functions.iter_mut().enumerate() {
            let id = FunctionId(u32::try_from(at).unwrap_or(u32::MAX));
            if !used(gone, id) {
                continue;
            }
            let of_gone = |place: &String| {
                gone.iter().any(|flow| place.strip_prefix(flow.name.as_str()).is_some_and(|rest| rest.starts_with('.')))
            };
            function.steps.retain(|place| !of_gone(place));
            let tables = |which: &dyn Fn(&super::TaskCall) -> Vec<TableId>| -> Vec<TableId> {
                let steps = self.flows.iter().flat_map(Flow::steps);
                steps.filter(|step| step.call.function == Some(id)).flat_map(|step| which(&step.call)).collect()
            };
            let (reads, writes) = (tables(&|call| call.reads.clone()), tables(&|call| call.writes.clone()));
            function.reads.retain(|table| reads.contains(table));
            function.writes.retain(|table| writes.contains(table));
        }
        self.without_functions(|id, _| idle.get(id.0 as usize).copied().unwrap_or(false));
    }
}

fn renumber(statements: &mut [Statement], numbers: &[FunctionId]) {
    fn number(id: &mut FunctionId, numbers: &[FunctionId]) {
        if let Some(new) = numbers.get(id.0 as usize) {
            *id = *new;
        }
    }
    fn arn(expr: &mut Expr, numbers: &[FunctionId]) {
        match &mut expr.kind {
            ExprKind::FunctionArn(id) => number(id, numbers),
            ExprKind::Record(entries) => entries.iter_mut().for_each(|(_, value)| arn(value, numbers)),
            _ => {}
        }
    }
    for statement in statements {
        if let Statement::Step(step) = statement
            && let Some(id) = &mut step.call.function
        {
            number(id, numbers);
            arn(&mut step.call.arguments, numbers);
            let resources = step.call.statements.iter_mut().flat_map(|statement| &mut statement.resources);
            resources.for_each(|resource| arn(resource, numbers));
        }
        statement.blocks_mut().into_iter().for_each(|block| renumber(block, numbers));
    }
}
