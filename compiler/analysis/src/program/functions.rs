//! Functions of the generic binary that no step uses are taken out, and the others numbered anew.

use super::{Entry, Expr, ExprKind, Flow, Function, FunctionId, Program, ResourceKind, Statement, TableId};

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
        for stream in &mut self.streams {
            number(&mut stream.function, &numbers);
        }
        // What hands a stream its events names its function.
        for resource in &mut self.resources {
            if let ResourceKind::Aws { body, .. } = &mut resource.kind {
                entries(body, &numbers);
            }
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

fn number(id: &mut FunctionId, numbers: &[FunctionId]) {
    if let Some(new) = numbers.get(id.0 as usize) {
        *id = *new;
    }
}

fn arn(expr: &mut Expr, numbers: &[FunctionId]) {
    match &mut expr.kind {
        ExprKind::FunctionArn(id) => number(id, numbers),
        ExprKind::Record(entries) => entries.iter_mut().for_each(|(_, value)| arn(value, numbers)),
        ExprKind::List(elements) => elements.iter_mut().for_each(|element| arn(element, numbers)),
        ExprKind::If(_, then, otherwise) => {
            arn(then, numbers);
            arn(otherwise, numbers);
        }
        _ => {}
    }
}

fn entries(body: &mut [Entry], numbers: &[FunctionId]) {
    for entry in body {
        match entry {
            Entry::Attribute(_, value) => arn(value, numbers),
            Entry::Block(_, inner) => entries(inner, numbers),
            Entry::Dynamic { values, body, .. } => {
                arn(values, numbers);
                entries(body, numbers);
            }
            Entry::DependsOn(_) | Entry::IgnoreChanges(_) => {}
        }
    }
}

fn renumber(statements: &mut [Statement], numbers: &[FunctionId]) {
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
