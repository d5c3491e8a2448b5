//! Reading tables: which partitions there are, what lies in them, and their rows as checked batches.

mod discover;
mod elements;
mod marker;
mod plain;
mod record;
mod rows;
mod split;
mod trusted;

pub use discover::{Folder, ObjectRef, TablePlace, committed_folders, discover, input_missing, join, place_of, read_record};
pub use marker::{Marker, marker_key, read_marker};
pub use plain::ByteStream;
pub use record::{NamedObject, RECORD_FOLDER, RECORD_NAME, RECORD_VERSION, Record, parse_object_name};
pub use rows::{CheckedRows, object_fields, read_decoded, read_rows};
pub use trusted::TrustedTable;
