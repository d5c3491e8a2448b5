//! The marker of a folder to which rows are appended: what tells one row from another. See [`crate::publish::append`].
//!
//! ```json
//! { "version": 1, "key": ["record_type", "id"] }
//! ```

use crate::failure::{Result, defect, failure, store_failure};
use crate::read::{RECORD_FOLDER, TablePlace, join};
use flow_plan::ErrorName;
use object_store::path::Path;
use object_store::ObjectStoreExt;
use serde::{Deserialize, Serialize};

/// The marker's name, beside where a commit record would be.
pub const MARKER_NAME: &str = "append.json";
/// The version of the marker's shape.
const MARKER_VERSION: u32 = 1;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    version: u32,
    /// Columns that tell one row from another; empty: rows may be there several times.
    pub key: Vec<String>,
}

impl Marker {
    /// The marker of rows with this key.
    pub fn new(key: &[String]) -> Self {
        Marker { version: MARKER_VERSION, key: key.to_vec() }
    }

    /// Its bytes, the same for the same key.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self).map_err(defect)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The key, for a message.
    pub fn shown(&self) -> String {
        if self.key.is_empty() { "nothing".to_owned() } else { format!("`{}`", self.key.join("`, `")) }
    }
}

/// The marker's key in its folder.
pub fn marker_key() -> String {
    format!("{RECORD_FOLDER}/{MARKER_NAME}")
}

/// Reads a marker; `None` where there is none.
pub async fn read_marker(place: &TablePlace, location: &Path) -> Result<Option<Marker>> {
    let shown = join(&place.bucket, location.as_ref());
    let bytes = match place.store.get(location).await {
        Ok(found) => found.bytes().await.map_err(|error| store_failure("read", &shown, &error))?,
        Err(object_store::Error::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(store_failure("read", &shown, &error)),
    };
    match serde_json::from_slice::<Marker>(&bytes) {
        Ok(marker) if marker.version == MARKER_VERSION => Ok(Some(marker)),
        Ok(marker) => Err(failure(
            ErrorName::CorruptObject,
            format!("the marker `{shown}` has version {}, this binary reads version {MARKER_VERSION}", marker.version),
        )),
        Err(error) => Err(failure(
            ErrorName::CorruptObject,
            format!("the marker `{shown}` cannot be read: {error}; remove it, then run a step that appends to this table"),
        )),
    }
}
