//! Attributes that the AWS provider keeps secret: Terraform refuses them in an output. The list is the provider's own
//! schema (`terraform providers schema -json`, hashicorp/aws 5.100.0, read 2026-09): resources, and after `data.` data
//! sources.
//!
//! ```
//! use flow_analysis::limits::sensitive;
//! assert!(sensitive::holds("aws_iam_access_key", ["secret"]));
//! assert!(!sensitive::holds("aws_iam_access_key", ["id"]));
//! assert!(sensitive::holds("data.aws_ssm_parameter", ["value"]));
//! ```

/// Sorted.
const LIST: &str = include_str!("sensitive.txt");

/// Whether an attribute is secret, or lies in one. Numbers in the path are places in a list.
pub fn holds<'a>(ty: &str, path: impl IntoIterator<Item = &'a str>) -> bool {
    let mut name = ty.to_owned();
    path.into_iter().filter(|part| part.parse::<u64>().is_err()).any(|part| {
        name.push('.');
        name.push_str(part);
        LIST.lines().any(|line| line == name)
    })
}
