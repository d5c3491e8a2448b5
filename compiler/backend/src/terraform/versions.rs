//! `versions.tf` and `provider.tf`.

use super::{Scope, Unlowered};
use super::files::Draft;
use super::hcl::{BodyExt, block, ident, object, path, string, var};
use flow_analysis::limits::versions::{AWS, Range, TERRAFORM};
use hcl_edit::structure::{Attribute, Body};

/// What the files need, and what the project asks for.
pub(crate) fn versions(scope: &Scope<'_>) -> Result<Draft, Unlowered> {
    let project = &scope.program().project;
    let mut draft = Draft::new("versions.tf", "");
    let mut terraform = block("terraform", &[]);
    terraform.body.set("required_version", string(&pinned(TERRAFORM, project.versions.terraform.as_deref())));
    let mut providers = block("required_providers", &[]);
    let aws = pinned(AWS, project.versions.aws.as_deref());
    providers.body.set("aws", object([("source", string("hashicorp/aws")), ("version", string(&aws))]));
    terraform.body.add(providers);
    if let Some(backend) = &project.backend {
        let mut kept = block("backend", &[&backend.kind]);
        for (name, value) in &backend.settings {
            kept.body.set(name, scope.expression(value)?);
        }
        terraform.body.add(kept);
    }
    draft.body.add(terraform);
    Ok(draft)
}

/// The constraint of the project alone where it lets nothing through that the files do not need.
fn pinned(needed: &str, wanted: Option<&str>) -> String {
    let Some(wanted) = wanted else { return needed.to_owned() };
    let within = match (Range::of(wanted), Range::of(needed)) {
        (Some(wanted), Some(needed)) => wanted.is_within(&needed),
        _ => false,
    };
    if within { wanted.to_owned() } else { format!("{needed}, {wanted}") }
}

/// The provider, with the tags that every resource gets: the project's own, and which project and environment it is.
/// A tag of the project wins over one of ours that differs in case at most, since IAM refuses such a pair.
pub(crate) fn provider(scope: &Scope<'_>) -> Draft {
    let project = &scope.program().project;
    let mut draft = Draft::new("provider.tf", "");
    let mut provider = block("provider", &["aws"]);
    provider.body.set("region", string(&project.region));
    let own = |name: &str| project.tags.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
    let mut tags: Vec<_> = project.tags.iter().map(|(key, value)| (key.clone(), string(value))).collect();
    for (name, value) in [("project", string(&project.name)), ("env", var(&scope.names.variable("env")))] {
        if !own(name) {
            tags.push((name.to_owned(), value));
        }
    }
    let mut default_tags = block("default_tags", &[]);
    default_tags.body.set("tags", object(tags));
    provider.body.add(default_tags);
    draft.body.add(provider);
    if !project.untagged.is_empty() {
        let mut untagged = block("provider", &["aws"]);
        untagged.body.set("alias", string(UNTAGGED));
        untagged.body.set("region", string(&project.region));
        draft.body.add_with("For resources that the project leaves without its tags.", untagged);
    }
    draft
}

/// What the provider without tags is called.
const UNTAGGED: &str = "untagged";

/// Gives resources of these types to the provider without tags.
pub(crate) fn without_tags(body: &mut Body, types: &[String]) {
    for resource in body.get_blocks_mut("resource") {
        let ty = resource.labels.first().map(|label| label.as_str().to_owned());
        if ty.is_some_and(|ty| types.contains(&ty)) {
            resource.body.insert(0, Attribute::new(ident("provider"), path(["aws", UNTAGGED])));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{layout, testing};
    use super::*;

    #[test]
    fn a_tag_of_the_project_wins_over_one_that_flow_adds() {
        let mut program = testing::program();
        program.project.tags =
            vec![("Env".to_owned(), "always".to_owned()), ("cost center".to_owned(), "7".to_owned())];
        let mut draft = provider(&Scope::new(&program));
        insta::assert_snapshot!(layout::file("", &mut draft.body), @r#"
        provider "aws" {
          region = "us-east-1"

          default_tags {
            tags = {
              Env           = "always"
              "cost center" = "7"
              project       = "dpc"
            }
          }
        }
        "#);
    }
}
