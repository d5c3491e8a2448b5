//! Flows as drawings: boxes, frames around them and lines between them, from the checker's
//! [`flow_analysis::graph::FlowGraph`]. The format of a drawing is chosen last; each has a file here.
//!
//! A *frame* is what stands around the boxes of a branch, of a loop's body, of `on failure`, and of a whole flow where
//! several are drawn. A table is one box, whichever flows touch it.
//!
//! ```text
//! flowchart TD
//!   n0(["start"])
//!   n1["validate<br/>task validate"]
//!   n0 --> n1
//! ```

mod dot;
mod layout;
mod mermaid;
mod places;
mod streams;
mod svg;

use flow_analysis::graph::{Edge, FlowGraph, Node};
use flow_analysis::program::{Flow, Program, Stream, TableId, TableRole};
use flow_diagnostics::{FileSet, Position, Span};
use std::collections::BTreeMap;

/// What is drawn: some flows of a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawing {
    frames: Vec<Frame>,
    boxes: Vec<Box>,
    lines: Vec<Line>,
}

/// Around boxes and other frames.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Frame {
    title: String,
    /// The frame around it, an index of an earlier one.
    parent: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Box {
    shape: Shape,
    /// Lines of its text.
    text: Vec<String>,
    /// The frame around it.
    frame: Option<usize>,
    /// What of the program it shows; a table is shown by its name.
    source: Source,
}

/// What of the program a box shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Source {
    /// The flow; empty for a table, which is of no flow.
    flow: String,
    /// The name of the step, table, `parallel` or `for`; empty for what has none.
    name: String,
    /// Where it begins and ends; nothing for the end of a flow's text.
    place: Option<Place>,
}

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    file: String,
    start: Position,
    end: Position,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Where an execution begins.
    Start,
    /// Where it ends well.
    End,
    Fail,
    Step,
    Choice,
    /// Where a `parallel` or a `for` begins.
    Split,
    Join,
    Poll,
    Wait,
    Table,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    from: usize,
    to: usize,
    kind: LineKind,
    /// Nothing where there is nothing to say.
    label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LineKind {
    Control,
    Catch,
    Data,
}

impl Drawing {
    /// Draws these flows and streams of a program; with more than one, each flow has its frame. `files` are those that the
    /// program was checked from: conditions are shown as they were written.
    pub fn of(program: &Program, files: &FileSet, flows: &[&Flow], streams: &[&Stream]) -> Drawing {
        let mut drawing = Drawing::default();
        let mut tables = BTreeMap::new();
        let mut starts = BTreeMap::new();
        let several = flows.len() + streams.len() > 1;
        for flow in flows {
            let frame = several.then(|| drawing.frame(format!("flow {}", flow.name), None));
            starts.insert(flow.name.as_str(), drawing.boxes.len());
            drawing.flow(program, files, flow, frame, &mut tables);
        }
        streams::add(&mut drawing, program, files, streams, &mut tables, &starts);
        drawing.frame_tables();
        drawing
    }

    /// As a flowchart of Mermaid, which GitHub and GitLab show in Markdown.
    pub fn mermaid(&self) -> String {
        mermaid::text(self)
    }

    /// In the language of Graphviz.
    pub fn dot(&self) -> String {
        dot::text(self)
    }

    /// As a picture: SVG that needs nothing else. Each box says which place of the program it shows.
    pub fn svg(&self) -> String {
        svg::text(self)
    }

    fn frame(&mut self, title: String, parent: Option<usize>) -> usize {
        self.frames.push(Frame { title, parent });
        self.frames.len() - 1
    }

    fn flow(
        &mut self,
        program: &Program,
        files: &FileSet,
        flow: &Flow,
        frame: Option<usize>,
        tables: &mut BTreeMap<TableId, usize>,
    ) {
        let of = FlowGraph::of(program, flow);
        let mut places = places::Places::of(self, files, flow, frame);
        let mut at = Vec::new();
        for node in of.graph.node_weights() {
            let source = |name: &str, span: Option<Span>| Source {
                flow: flow.name.clone(),
                name: name.to_owned(),
                place: span.map(|span| place(files, span)),
            };
            at.push(match node {
                Node::Table { id, .. } => self.table(program, files, *id, tables),
                Node::Start => self.add(Shape::Start, places::start(program, files, flow), frame, source("", Some(flow.span))),
                Node::Succeed { span: None } => {
                    self.add(Shape::End, vec!["end".to_owned()], frame, source("", None))
                }
                Node::Join { name } => {
                    let (around, span) = places.around(name).map_or((frame, None), |(around, span)| (around, Some(span)));
                    self.add(Shape::Join, vec![format!("{name}: all done")], around, source("", span))
                }
                _ => {
                    let place = places.next().unwrap_or_default();
                    self.add(shape(node), place.text, place.frame, source(&place.name, place.span))
                }
            });
        }
        for edge in of.graph.edge_indices() {
            let (Some((from, to)), Some(weight)) = (of.graph.edge_endpoints(edge), of.graph.edge_weight(edge)) else {
                continue;
            };
            let source = of.graph.node_weight(from);
            if let (Some(from), Some(to)) = (at.get(from.index()), at.get(to.index())) {
                let (kind, label) = line(weight, source, files);
                self.lines.push(Line { from: *from, to: *to, kind, label });
            }
        }
    }

    /// The box of a table, which is one for all that touch it.
    fn table(&mut self, program: &Program, files: &FileSet, id: TableId, tables: &mut BTreeMap<TableId, usize>) -> usize {
        if let Some(known) = tables.get(&id) {
            return *known;
        }
        let table = program.table(id);
        let name = table.map_or("", |table| table.name.as_str());
        let role = role(table.map_or(TableRole::Source, |table| table.role));
        let place = table.map(|table| place(files, table.span));
        let source = Source { flow: String::new(), name: name.to_owned(), place };
        let at = self.add(Shape::Table, vec![name.to_owned(), role.to_owned()], None, source);
        tables.insert(id, at);
        at
    }

    /// Puts each table into the innermost frame that is around all that touch it.
    fn frame_tables(&mut self) {
        let mut around: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| line.kind == LineKind::Data) {
            let is_table = |at: usize| self.boxes.get(at).is_some_and(|one| one.shape == Shape::Table);
            let (table, step) = if is_table(line.from) { (line.from, line.to) } else { (line.to, line.from) };
            let first = self.boxes.get(step).and_then(|step| step.frame);
            let parent = |at: &usize| self.frames.get(*at).and_then(|frame| frame.parent);
            let chain: Vec<usize> = std::iter::successors(first, parent).collect();
            around.entry(table).and_modify(|common| common.retain(|frame| chain.contains(frame))).or_insert(chain);
        }
        for (table, common) in around {
            self.boxes.get_mut(table).into_iter().for_each(|table| table.frame = common.first().copied());
        }
    }

    fn add(&mut self, shape: Shape, text: Vec<String>, frame: Option<usize>, source: Source) -> usize {
        self.boxes.push(Box { shape, text, frame, source });
        self.boxes.len() - 1
    }
}

fn role(role: TableRole) -> &'static str {
    match role {
        TableRole::Source => "source",
        TableRole::Sink => "sink",
    }
}

fn place(files: &FileSet, span: Span) -> Place {
    let after = Span { start: span.end, ..span };
    Place { file: files.name(span.file).to_owned(), start: files.position(span), end: files.position(after) }
}

fn shape(node: &Node) -> Shape {
    match node {
        Node::Start => Shape::Start,
        Node::Succeed { .. } => Shape::End,
        Node::Step { .. } => Shape::Step,
        Node::Parallel { .. } | Node::Each { .. } => Shape::Split,
        Node::Join { .. } => Shape::Join,
        Node::Poll { .. } => Shape::Poll,
        Node::Choice { .. } => Shape::Choice,
        Node::Wait { .. } => Shape::Wait,
        Node::Fail { .. } => Shape::Fail,
        Node::Table { .. } => Shape::Table,
    }
}

fn line(edge: &Edge, from: Option<&Node>, files: &FileSet) -> (LineKind, String) {
    let label = match (edge, from) {
        (Edge::Then, _) => String::new(),
        (Edge::When(true), Some(Node::Poll { .. })) => "done".to_owned(),
        (Edge::When(false), Some(Node::Poll { .. })) => "gives up".to_owned(),
        (Edge::When(true), _) => "yes".to_owned(),
        // Past a step whose `when` does not hold.
        (Edge::When(false), Some(Node::Choice { guards: Some(_), .. })) => "no".to_owned(),
        (Edge::When(false), _) => "else".to_owned(),
        (Edge::Arm(pattern), _) => places::source(files, *pattern),
        (Edge::Branch(name), _) if name.is_empty() => "each".to_owned(),
        (Edge::Branch(name), _) => name.clone(),
        (Edge::Again, _) => "again".to_owned(),
        (Edge::Catch(errors), _) if errors.is_empty() => "catch".to_owned(),
        (Edge::Catch(errors), _) => format!("catch {}", errors.join(", ")),
        (Edge::Reads, _) => "reads".to_owned(),
        (Edge::Writes, _) => "writes".to_owned(),
    };
    let kind = match edge {
        Edge::Catch(_) => LineKind::Catch,
        Edge::Reads | Edge::Writes => LineKind::Data,
        Edge::Then | Edge::When(_) | Edge::Arm(_) | Edge::Branch(_) | Edge::Again => LineKind::Control,
    };
    (kind, label)
}
