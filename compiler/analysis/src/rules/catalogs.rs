//! Whether those who find a table in a catalog can read it (07): its format, its partitions.

use crate::program::{Program, TableFormat, TableRole};
use flow_diagnostics::{Diagnostic, Diagnostics, codes};

/// Athena's SerDes take a line for a record, so a JSON array is none of theirs.
/// https://docs.aws.amazon.com/athena/latest/ug/querying-JSON.html (2026-09)
pub(super) fn formats(program: &Program, diagnostics: &mut Diagnostics) {
    for table in &program.tables {
        if table.catalog.is_none() || table.format != TableFormat::Json {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(
                codes::CATALOG_FORMAT,
                format!("`{}` is in a catalog, but nobody who finds it there can read JSON arrays", table.name),
            )
            .primary(table.span, "`format = json_array`")
            .note("Athena and Spark read JSON a line at a time: each line has to be one object")
            .help("write `format = jsonl`, or leave out the `catalog`"),
        );
    }
}

/// A catalog without projection knows the partitions that somebody registered, and Flow registers none.
pub(super) fn partitions(program: &Program, diagnostics: &mut Diagnostics) {
    for table in &program.tables {
        let unknown = table.catalog.as_ref().is_some_and(|catalog| catalog.projected == Some(false));
        if !unknown || table.partitions.is_empty() || table.role != TableRole::Sink {
            continue;
        }
        let columns: Vec<&str> = table.partitions.iter().map(|partition| partition.name.as_str()).collect();
        diagnostics.push(
            Diagnostic::new(
                codes::UNREGISTERED_PARTITIONS,
                format!("what is written to `{}` is not seen in its catalog", table.name),
            )
            .primary(table.span, format!("partitioned by `{}`, without projection", columns.join("`, `")))
            .note("a partition is found there once it is registered, by `MSCK REPAIR TABLE` or a crawler; no step does that")
            .help("leave out `projection = false`: then Athena computes which partitions there may be")
            .help("or say who registers them: `@allow(FLOW0721, \"…\")`"),
        );
    }
}
