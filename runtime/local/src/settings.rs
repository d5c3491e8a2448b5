//! `local.toml`, beside the program: settings of runs on this machine. Nothing of it is deployed, and a program
//! without one runs too.
//!
//! ```toml
//! # Data for the source `encounters`, made before the first run.
//! [sample.encounters]
//! generator  = "encounters"
//! encounters = 200_000
//!
//! # Data for the source `landed`: the files of a folder beside the program.
//! [sample.landed]
//! generator = "files"
//! folder    = "sample"
//!
//! # The task `dbt_build` in its Python environment.
//! [tasks.dbt_build]
//! constraints = "dbt/requirements.txt"     # pip's --constraint, seen from here
//!
//! [tasks.dbt_build.env]
//! DBT_TARGET_PATH = "{work}/target"        # {work}: a folder of the task's own, also in FLOW_WORK
//! ```

use crate::error::{LOCAL_SETUP, LocalError};
use crate::sample;
use chrono::NaiveDate;
use indexmap::IndexMap;
use serde::Deserialize;
use std::path::Path;

/// The name of the file.
pub const FILE: &str = "local.toml";

/// `local.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Data to be made, by the name of the source that gets it.
    #[serde(default)]
    pub sample: IndexMap<String, Sample>,
    /// Tasks that are run here in another way than deployed, by name.
    #[serde(default)]
    pub tasks: IndexMap<String, Task>,
}

/// A task here.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// pip's `--constraint`: a file, seen from the program's folder.
    #[serde(default)]
    pub constraints: Option<String>,
    /// Variables of its environment; `{work}` in a value is the task's own folder.
    #[serde(default)]
    pub env: IndexMap<String, String>,
}

/// Data for a source.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "generator", rename_all = "snake_case", deny_unknown_fields)]
pub enum Sample {
    /// Hospital stays as JSON lines, a file a day: [`crate::sample`].
    Encounters {
        /// Any number; another one gives other patients.
        #[serde(default)]
        seed: Option<u64>,
        /// Lines in all files together, the bad ones included.
        #[serde(default)]
        encounters: Option<u64>,
        /// The first day that has a file.
        #[serde(default)]
        first_day: Option<Day>,
        /// The last day that has one.
        #[serde(default)]
        last_day: Option<Day>,
        /// Bad lines as a share of each day's, 0 to 0.5.
        #[serde(default)]
        bad_share: Option<f64>,
        /// Whether some keys occur twice.
        #[serde(default)]
        duplicate_keys: Option<bool>,
    },
    /// Files that lie beside the program, as they are.
    Files {
        /// Their folder, seen from the program's.
        folder: String,
    },
}

/// A TOML date without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day(pub NaiveDate);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let date = toml::value::Datetime::deserialize(deserializer)?;
        let (Some(day), None) = (date.date, date.time) else {
            return Err(D::Error::custom("a day is wanted, as 2026-01-05"));
        };
        NaiveDate::from_ymd_opt(i32::from(day.year), u32::from(day.month), u32::from(day.day))
            .map(Day)
            .ok_or_else(|| D::Error::custom("there is no such day"))
    }
}

impl Sample {
    /// What to make, under a folder of the bucket; `None` where files are taken as they are.
    pub fn options(&self, prefix: &str) -> Option<sample::Options> {
        let Sample::Encounters { seed, encounters, first_day, last_day, bad_share, duplicate_keys } = self else { return None };
        let default = sample::Options::default();
        Some(sample::Options {
            seed: seed.unwrap_or(default.seed),
            encounters: encounters.unwrap_or(default.encounters),
            first_day: first_day.map_or(default.first_day, |day| day.0),
            last_day: last_day.map_or(default.last_day, |day| day.0),
            prefix: prefix.to_owned(),
            bad_share: bad_share.unwrap_or(default.bad_share),
            duplicate_keys: duplicate_keys.unwrap_or(default.duplicate_keys),
        })
    }
}

impl Settings {
    /// Reads the file of a program's folder; without one, nothing is set.
    ///
    /// # Errors
    /// FLOW0910, with the line.
    pub fn load(folder: &Path) -> Result<Self, LocalError> {
        let path = folder.join(FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(|error| {
                LocalError::new(LOCAL_SETUP, format!("`{}` is not what it should be", path.display())).source(error)
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Settings::default()),
            Err(error) => Err(LocalError::new(LOCAL_SETUP, format!("cannot read `{}`", path.display())).source(error)),
        }
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_settings_of_the_example_are_the_generator_s_defaults() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/nightly");
        let settings = Settings::load(&folder).unwrap();
        let sample = settings.sample.get("encounters").unwrap();
        assert_eq!(sample.options("encounters"), Some(sample::Options::default()));
        let task = settings.tasks.get("dbt_build").unwrap();
        assert!(folder.join(task.constraints.as_ref().unwrap()).exists());
    }

    #[test]
    fn messages() {
        let message = |text: &str| Settings::parse(text).unwrap_err().to_string();
        insta::assert_snapshot!("settings_misspelt", message("[tasks.dbt_build]\nconstraint = \"x\"\n"));
        insta::assert_snapshot!("settings_day", message("[sample.encounters]\ngenerator = \"encounters\"\nfirst_day = 2026-01-05T02:00:00Z\n"));
        insta::assert_snapshot!("settings_generator", message("[sample.encounters]\ngenerator = \"patients\"\n"));
    }
}
