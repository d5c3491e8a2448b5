//! Names of partition folders: `name=value`, each part percent-encoded, so that any text is a legal folder name.

use std::fmt::Write;

/// What stands for `none` in a folder's name, as Hive has it.
pub const NONE_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// A name or value as it stands in a folder's name: all but ASCII letters, digits, `-`, `_`, `.` and `~` as `%XX`.
pub fn encode_partition(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
