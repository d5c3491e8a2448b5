//! Terraform where it is installed.

use crate::terraform::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Terraform finds the provider; `None`, with the reason printed, where something is missing.
pub(crate) fn plugins() -> Option<PathBuf> {
    if Command::new("terraform").arg("version").output().is_err() {
        eprintln!("skipped: `terraform` is not on the path");
        return None;
    }
    match std::env::var_os("FLOW_TERRAFORM_PLUGINS") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => {
            eprintln!("skipped: FLOW_TERRAFORM_PLUGINS does not name a folder with the AWS provider");
            None
        }
    }
}

/// Runs Terraform in a folder; its output on success, a panic with it otherwise.
pub(crate) fn terraform(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("terraform")
        .args(arguments)
        .current_dir(folder)
        .env_remove("TF_CLI_CONFIG_FILE")
        .env("CHECKPOINT_DISABLE", "1")
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "terraform {arguments:?}\n{text}");
    text
}

/// Writes a module to a folder.
pub(crate) fn write(folder: &Path, files: &[File]) {
    for file in files {
        std::fs::write(folder.join(&file.name), &file.text).unwrap();
    }
}
