//! The graph of a flow: its steps, the choices and ends between them, and the tables that they read and write.
//!
//! Control nodes come first, in the order of the text, then tables in the order of the program; edges are added
//! in the order of the text too, so that the graph of one program is always the same.
//!
//! ```text
//! start ─then→ validate ─then→ copy ─then→ … ─then→ succeed
//!                                │ ╰─writes→ staged
//!                                ╰─catch→ undo ─then→ fail
//! ```

use crate::program::{Branch, Catch, Expr, Fail, Flow, Head, Inner, Match, Poll, Program, Statement, Step, TableId, TableRole};
use flow_diagnostics::Span;
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::{Dfs, EdgeFiltered, EdgeRef};

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Where an execution begins.
    Start,
    /// A step.
    Step {
        /// Its name.
        name: String,
        /// Its name's place.
        span: Span,
        /// Whether it belongs to a handler.
        in_handler: bool,
    },
    /// A `parallel`: its branches begin here.
    Parallel {
        /// The state's name.
        name: String,
        /// Its name's place.
        span: Span,
        /// Whether it belongs to a handler.
        in_handler: bool,
    },
    /// A `for`: each item begins here.
    Each {
        /// The state's name.
        name: String,
        /// Its name's place.
        span: Span,
        /// Whether it belongs to a handler.
        in_handler: bool,
    },
    /// Where the branches of a `parallel`, or the iterations of a `for`, have all ended.
    Join {
        /// Whose.
        name: String,
    },
    /// A `poll`: its body begins here, and comes back to it.
    Poll {
        /// The statement.
        span: Span,
    },
    /// An `if`, a `match`, or the `when` of a step.
    Choice {
        /// The statement; of a `when`, its condition.
        span: Span,
        /// The step, `parallel` or `for` that it leaves out or not, if it is a `when`.
        guards: Option<String>,
    },
    /// A `wait`.
    Wait {
        /// The statement.
        span: Span,
    },
    /// A `fail`.
    Fail {
        /// The error's name; `None` for the error that a handler caught.
        error: Option<String>,
        /// The statement.
        span: Span,
    },
    /// A `return`, or the end of the flow's text (without a place).
    Succeed {
        /// The `return`.
        span: Option<Span>,
    },
    /// A table.
    Table {
        /// Which.
        id: TableId,
        /// Its name.
        name: String,
        /// Source or sink.
        role: TableRole,
    },
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edge {
    /// One after the other.
    Then,
    /// Where a condition holds, or does not.
    When(bool),
    /// From a `match` to an arm, by its pattern's place; its `else` is [`Edge::When`].
    Arm(Span),
    /// From a `parallel` to a branch, by its name; from a `for` to what it does for an item.
    Branch(String),
    /// From the end of a `poll`'s body back to it.
    Again,
    /// A failure is caught: these errors, or all where none is named.
    Catch(Vec<String>),
    /// From a table to the step that reads it.
    Reads,
    /// From a step to the table that it writes.
    Writes,
}

impl Edge {
    /// Whether an execution can go along it; the others are of data.
    pub fn is_control(&self) -> bool {
        matches!(self, Edge::Then | Edge::When(_) | Edge::Arm(_) | Edge::Branch(_) | Edge::Again | Edge::Catch(_))
    }
}

/// The graph of one flow.
#[derive(Debug, Clone)]
pub struct FlowGraph {
    /// Nodes and edges.
    pub graph: DiGraph<Node, Edge>,
    /// Its [`Node::Start`].
    pub start: NodeIndex,
}

impl FlowGraph {
    /// Builds the graph of a flow.
    pub fn of(program: &Program, flow: &Flow) -> FlowGraph {
        let mut graph = DiGraph::new();
        let start = graph.add_node(Node::Start);
        let mut builder = Builder {
            graph,
            accesses: Vec::new(),
            leaves: Vec::new(),
            fails: Vec::new(),
            ends: Vec::new(),
            handler: false,
        };
        let body = builder.sequence(&flow.body, vec![(start, Edge::Then)]);
        let mut open = body.exits;
        if let Some(on_failure) = &flow.on_failure {
            builder.handler = true;
            let fails = std::mem::take(&mut builder.fails);
            let entries =
                body.throws.into_iter().chain(fails).map(|from| (from, Edge::Catch(Vec::new()))).collect();
            open.extend(builder.sequence(&on_failure.body, entries).exits);
        }
        if !open.is_empty() {
            builder.node(Node::Succeed { span: None }, open);
        }
        builder.tables(program);
        FlowGraph { graph: builder.graph, start }
    }

    /// The node of a step.
    pub fn step(&self, name: &str) -> Option<NodeIndex> {
        self.graph.node_indices().find(|at| {
            matches!(self.graph.node_weight(*at), Some(Node::Step { name: known, .. }) if known == name)
        })
    }

    /// Whether an execution can come from one node to another, along one edge at least.
    pub fn leads_to(&self, from: NodeIndex, to: NodeIndex) -> bool {
        let control = EdgeFiltered::from_fn(&self.graph, |edge| edge.weight().is_control());
        let firsts = self.graph.edges(from).filter(|edge| edge.weight().is_control()).map(|edge| edge.target());
        firsts.into_iter().any(|first| {
            let mut search = Dfs::new(&control, first);
            std::iter::from_fn(|| search.next(&control)).any(|node| node == to)
        })
    }

    /// The node of a table, if a step reads or writes it.
    pub fn table(&self, table: TableId) -> Option<NodeIndex> {
        self.graph
            .node_indices()
            .find(|at| matches!(self.graph.node_weight(*at), Some(Node::Table { id, .. }) if *id == table))
    }

    /// Steps that read a table, in the order of the text.
    pub fn readers(&self, table: TableId) -> Vec<NodeIndex> {
        self.neighbours(table, Direction::Outgoing, &Edge::Reads)
    }

    /// Steps that write a table, in the order of the text.
    pub fn writers(&self, table: TableId) -> Vec<NodeIndex> {
        self.neighbours(table, Direction::Incoming, &Edge::Writes)
    }

    fn neighbours(&self, table: TableId, direction: Direction, kind: &Edge) -> Vec<NodeIndex> {
        let Some(node) = self.table(table) else { return Vec::new() };
        let mut found: Vec<NodeIndex> = self
            .graph
            .edges_directed(node, direction)
            .filter(|edge| edge.weight() == kind)
            .map(|edge| if direction == Direction::Incoming { edge.source() } else { edge.target() })
            .collect();
        found.sort();
        found
    }
}

/// An edge that still lacks its target.
type Open = (NodeIndex, Edge);

/// What a list of statements leaves to what surrounds it.
struct Sequence {
    /// Edges to what comes next; none if every path ends.
    exits: Vec<Open>,
    /// Steps whose failure no handler inside takes.
    throws: Vec<NodeIndex>,
}

/// A step with the tables that it touches.
struct Access {
    node: NodeIndex,
    reads: Vec<TableId>,
    writes: Vec<TableId>,
}

struct Builder {
    graph: DiGraph<Node, Edge>,
    accesses: Vec<Access>,
    /// Edges of `continue`, per handler around.
    leaves: Vec<Vec<Open>>,
    /// `fail`s of the flow's body and of its handlers: they go to `on failure`.
    fails: Vec<NodeIndex>,
    /// Edges of `return`, per branch or iteration around.
    ends: Vec<Vec<Open>>,
    handler: bool,
}

impl Builder {
    fn node(&mut self, node: Node, entries: Vec<Open>) -> NodeIndex {
        let at = self.graph.add_node(node);
        for (from, edge) in entries {
            self.graph.add_edge(from, at, edge);
        }
        at
    }

    fn sequence(&mut self, statements: &[Statement], entries: Vec<Open>) -> Sequence {
        let mut exits = entries;
        let mut throws = Vec::new();
        for statement in statements {
            let done = self.statement(statement, exits);
            exits = done.exits;
            throws.extend(done.throws);
        }
        Sequence { exits, throws }
    }

    fn statement(&mut self, statement: &Statement, entries: Vec<Open>) -> Sequence {
        let ended = |exits: Vec<Open>| Sequence { exits, throws: Vec::new() };
        match statement {
            Statement::Step(step) => self.step(step, entries),
            // Fused into its neighbours.
            Statement::Let { .. } => ended(entries),
            Statement::If { then, otherwise, span, .. } => {
                let choice = self.node(Node::Choice { span: *span, guards: None }, entries);
                let mut done = self.sequence(then, vec![(choice, Edge::When(true))]);
                let other = self.sequence(otherwise, vec![(choice, Edge::When(false))]);
                done.exits.extend(other.exits);
                done.throws.extend(other.throws);
                done
            }
            Statement::Match(of) => self.choice(of, entries),
            Statement::Parallel(of) => {
                let kind = |name, span, in_handler| Node::Parallel { name, span, in_handler };
                let branches = of.branches.iter().map(|Branch { name, inner, .. }| (name.as_str(), inner));
                self.split(&of.head, kind, branches.collect(), entries)
            }
            Statement::For(of) => {
                let kind = |name, span, in_handler| Node::Each { name, span, in_handler };
                self.split(&of.head, kind, vec![("", &of.inner)], entries)
            }
            Statement::Poll(of) => self.poll(of, entries),
            Statement::Try { body, catches, .. } => self.guarded(body, catches, entries),
            Statement::Fail(fail) => {
                let (error, span) = match fail {
                    Fail::Again { span, .. } => (None, *span),
                    Fail::New { name, span, .. } => (Some(name.clone()), *span),
                };
                let node = self.node(Node::Fail { error, span }, entries);
                self.fails.push(node);
                ended(Vec::new())
            }
            Statement::Return { .. } if !self.ends.is_empty() => {
                self.ends.last_mut().into_iter().for_each(|ends| ends.extend(entries.iter().cloned()));
                ended(Vec::new())
            }
            Statement::Return { span, .. } => {
                self.node(Node::Succeed { span: Some(*span) }, entries);
                ended(Vec::new())
            }
            Statement::Continue { .. } => match self.leaves.last_mut() {
                Some(leaves) => {
                    leaves.extend(entries);
                    ended(Vec::new())
                }
                // Outside of a handler: refused elsewhere.
                None => ended(entries),
            },
            Statement::Wait { span, .. } => {
                let node = self.node(Node::Wait { span: *span }, entries);
                ended(vec![(node, Edge::Then)])
            }
        }
    }

    fn step(&mut self, step: &Step, entries: Vec<Open>) -> Sequence {
        let (entries, past) = self.guard(&step.name, step.when.as_ref(), entries);
        let name = step.name.clone();
        let node = self.node(Node::Step { name, span: step.name_span, in_handler: self.handler }, entries);
        self.accesses.push(Access { node, reads: step.call.reads.clone(), writes: step.call.writes.clone() });
        let mut exits = vec![(node, Edge::Then)];
        exits.extend(past);
        Sequence { exits, throws: vec![node] }
    }

    /// What a `when` makes of the way to a step: a choice, from which an execution goes on to the step, or past it.
    /// Gives the edges to the step, and those past it.
    fn guard(&mut self, name: &str, when: Option<&Expr>, entries: Vec<Open>) -> (Vec<Open>, Vec<Open>) {
        let Some(when) = when else { return (entries, Vec::new()) };
        let choice = self.node(Node::Choice { span: when.span, guards: Some(name.to_owned()) }, entries);
        (vec![(choice, Edge::When(true))], vec![(choice, Edge::When(false))])
    }

    fn choice(&mut self, of: &Match, entries: Vec<Open>) -> Sequence {
        let choice = self.node(Node::Choice { span: of.span, guards: None }, entries);
        let mut done = Sequence { exits: Vec::new(), throws: Vec::new() };
        let blocks = of.arms.iter().map(|arm| (Edge::Arm(arm.span), arm.body.as_slice()));
        for (edge, block) in blocks.chain(of.otherwise.iter().map(|block| (Edge::When(false), block.as_slice()))) {
            let arm = self.sequence(block, vec![(choice, edge)]);
            done.exits.extend(arm.exits);
            done.throws.extend(arm.throws);
        }
        if of.otherwise.is_none() {
            done.throws.push(choice);
        }
        done
    }

    fn poll(&mut self, of: &Poll, entries: Vec<Open>) -> Sequence {
        let node = self.node(Node::Poll { span: of.span }, entries);
        let body = self.sequence(&of.body, vec![(node, Edge::Then)]);
        for (from, _) in body.exits {
            self.graph.add_edge(from, node, Edge::Again);
        }
        let mut done = Sequence { exits: vec![(node, Edge::When(true))], throws: body.throws };
        match &of.otherwise {
            Some(otherwise) => {
                let otherwise = self.sequence(otherwise, vec![(node, Edge::When(false))]);
                done.exits.extend(otherwise.exits);
                done.throws.extend(otherwise.throws);
            }
            None => done.throws.push(node),
        }
        done
    }

    /// A `parallel` or a `for`. What fails inside and is not caught there fails it.
    fn split(
        &mut self,
        head: &Head,
        kind: impl Fn(String, Span, bool) -> Node,
        branches: Vec<(&str, &Inner)>,
        entries: Vec<Open>,
    ) -> Sequence {
        let (entries, past) = self.guard(&head.name, head.when.as_ref(), entries);
        let node = self.node(kind(head.name.clone(), head.name_span, self.handler), entries);
        let mut joined = Vec::new();
        let mut throws = vec![node];
        for (name, inner) in branches {
            let (fails, leaves) = (std::mem::take(&mut self.fails), std::mem::take(&mut self.leaves));
            self.ends.push(Vec::new());
            let body = self.sequence(&inner.body, vec![(node, Edge::Branch(name.to_owned()))]);
            joined.extend(body.exits);
            joined.extend(self.ends.pop().unwrap_or_default());
            throws.extend(body.throws);
            throws.extend(std::mem::replace(&mut self.fails, fails));
            self.leaves = leaves;
        }
        let mut exits = past;
        if !joined.is_empty() {
            let join = self.node(Node::Join { name: head.name.clone() }, joined);
            exits.insert(0, (join, Edge::Then));
        }
        Sequence { exits, throws }
    }

    fn guarded(&mut self, body: &[Statement], catches: &[Catch], entries: Vec<Open>) -> Sequence {
        let tried = self.sequence(body, entries);
        let outer = std::mem::replace(&mut self.handler, true);
        let mut exits = tried.exits;
        let mut throws = Vec::new();
        for caught in catches {
            self.leaves.push(Vec::new());
            let entries =
                tried.throws.iter().map(|from| (*from, Edge::Catch(caught.errors.clone()))).collect();
            let handled = self.sequence(&caught.handler.body, entries);
            exits.extend(self.leaves.pop().unwrap_or_default());
            exits.extend(handled.exits);
            throws.extend(handled.throws);
        }
        self.handler = outer;
        let takes_all = |caught: &Catch| {
            caught.errors.is_empty() || caught.errors.iter().any(|name| name == "States.ALL")
        };
        if !catches.iter().any(takes_all) {
            throws.extend(tried.throws);
        }
        Sequence { exits, throws }
    }

    fn tables(&mut self, program: &Program) {
        for (at, table) in program.tables.iter().enumerate() {
            let id = TableId(u32::try_from(at).unwrap_or(u32::MAX));
            let touched =
                self.accesses.iter().any(|access| access.reads.contains(&id) || access.writes.contains(&id));
            if !touched {
                continue;
            }
            let node = self.graph.add_node(Node::Table { id, name: table.name.clone(), role: table.role });
            for access in &self.accesses {
                if access.reads.contains(&id) {
                    self.graph.add_edge(node, access.node, Edge::Reads);
                }
                if access.writes.contains(&id) {
                    self.graph.add_edge(access.node, node, Edge::Writes);
                }
            }
        }
    }
}
