//! `<env>.tfvars`: the values that an `env` item gives.

use super::files::Draft;
use super::hcl::{BodyExt, string};
use super::{Scope, Unlowered};
use crate::iam::Places;

pub(crate) fn tfvars(scope: &Scope<'_>, places: &Places<'_>) -> Result<Vec<Draft>, Unlowered> {
    let program = scope.program();
    program
        .envs
        .iter()
        // One that lacks what others have cannot be deployed.
        .filter(|env| program.left_out(env).is_empty())
        .map(|env| {
            let given = |name: &str| env.values.iter().any(|(key, _)| key == name);
            let open: Vec<&str> = program
                .params
                .iter()
                .filter(|param| param.default.is_none() && !param.ty.is_optional() && !given(&param.name))
                .map(|param| param.name.as_str())
                .collect();
            let file = format!("{}.tfvars", env.name);
            let mut head = format!(
                "{}\n\nEach environment has a state of its own:\n  terraform workspace select -or-create {}\n  terraform apply -var-file={file}",
                places.words(env.span),
                env.name
            );
            if !open.is_empty() {
                head.push_str(&format!(
                    "\n\nWithout a value here, so that Terraform asks for it: {}.\nGive it in `env {}` of the program, or with another -var-file.",
                    open.join(", "),
                    env.name
                ));
            }
            let mut draft = Draft::new(&file, &head);
            draft.body.set(&scope.names.variable("env"), string(&env.name));
            for (name, value) in &env.values {
                draft.body.set(name, scope.expression(value)?);
            }
            Ok(draft)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::super::{layout, testing};
    use super::*;

    #[test]
    fn values_of_an_environment() {
        let (mut program, files) = (testing::program(), testing::files());
        let env = program.envs.first_mut().unwrap();
        let subnets = testing::list([testing::text("subnet-1"), testing::text("subnet-2")]);
        env.values.push(("network".to_owned(), testing::record([("subnets", subnets)])));
        env.values.push(("note".to_owned(), testing::text("50% of ${x}\n\"quoted\"")));
        let mut drafts = tfvars(&Scope::new(&program), &Places::new(&files)).unwrap();
        let draft = drafts.first_mut().unwrap();
        assert_eq!(draft.name, "dev.tfvars");
        insta::assert_snapshot!(layout::file(&draft.head, &mut draft.body), @r#"
        # nightly.flow:2 env dev
        #
        # Each environment has a state of its own:
        #   terraform workspace select -or-create dev
        #   terraform apply -var-file=dev.tfvars

        env = "dev"
        raw = "dpc-raw-dev"
        network = {
          subnets = ["subnet-1", "subnet-2"]
        }
        note = "50% of $${x}\n\"quoted\""
        "#);
        // Another one lacks now what this one has: it cannot be deployed.
        let program = testing::program();
        assert_eq!(drafts.len(), program.envs.len() - 1);
        let drafts = tfvars(&Scope::new(&program), &Places::new(&files)).unwrap();
        let open = drafts.last().unwrap();
        assert!(open.head.contains("Without a value here, so that Terraform asks for it: network."), "{}", open.head);
    }
}
