//! Policy documents, as `data "aws_iam_policy_document"`.

use super::Places;
use crate::terraform::hcl::{BodyExt, block, choose, list, string, strings};
use crate::terraform::{Scope, Unlowered, layout};
use flow_analysis::program::{Expr, Facts, PolicyStatement, both};
use hcl_edit::expr::Expression;
use hcl_edit::structure::Block;

/// Actions for which AWS has no resource level, so that `*` is the only resource that they take
/// (Service Authorization Reference, 2026-09).
pub(crate) const WITHOUT_RESOURCES: [&str; 16] = [
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "redshift-data:CancelStatement",
    "redshift-data:DescribeStatement",
    "redshift-data:GetStatementResult",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// A condition of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// `StringEquals`.
    pub test: String,
    /// `iam:PassedToService`.
    pub variable: String,
    /// Values.
    pub values: Vec<Expression>,
}

/// A statement that allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// `s3:GetObject`.
    pub actions: Vec<String>,
    /// ARNs.
    pub resources: Vec<Expression>,
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// Comments: places of the user's text that cause it.
    pub causes: Vec<String>,
    /// Where it allows, if not in any case: what it names may not exist.
    pub guard: Option<Expression>,
}

impl Statement {
    /// A statement without conditions.
    pub fn new<'a>(
        actions: impl IntoIterator<Item = &'a str>,
        resources: Vec<Expression>,
        cause: impl Into<String>,
    ) -> Self {
        Statement {
            actions: actions.into_iter().map(str::to_owned).collect(),
            resources,
            conditions: Vec::new(),
            causes: vec![cause.into()],
            guard: None,
        }
        .explained()
    }

    /// A statement of the program; its cause is the place that the program names, unless another is given.
    ///
    /// # Errors
    /// Resources or values that are not of the deploy stage.
    pub fn from_program(
        scope: &Scope<'_>,
        statement: &PolicyStatement,
        cause: Option<String>,
        places: &Places<'_>,
        facts: &Facts,
    ) -> Result<Self, Unlowered> {
        let values = statement.conditions.iter().flat_map(|condition| &condition.values);
        let mut needs: Vec<Expr> = Vec::new();
        for need in statement.resources.iter().chain(values).filter_map(|value| scope.program().needs(value, facts)) {
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
        let guard = needs.into_iter().reduce(both).map(|needs| scope.expression(&needs)).transpose()?;
        let conditions = statement.conditions.iter().map(|condition| {
            Ok(Condition {
                test: condition.test.clone(),
                variable: condition.variable.clone(),
                values: condition.values.iter().map(|v| scope.expression(v)).collect::<Result<_, Unlowered>>()?,
            })
        });
        Ok(Statement {
            actions: statement.actions.clone(),
            resources: statement.resources.iter().map(|r| scope.expression(r)).collect::<Result<_, _>>()?,
            conditions: conditions.collect::<Result<_, Unlowered>>()?,
            causes: vec![cause.unwrap_or_else(|| places.words(statement.cause))],
            guard,
        }
        .explained())
    }

    /// With the reason why it is on every resource, where AWS leaves no choice.
    fn explained(mut self) -> Self {
        if self.is_wide() && self.actions.iter().all(|action| WITHOUT_RESOURCES.contains(&action.as_str())) {
            self.causes.push("on every resource: AWS has none to name for this".to_owned());
        }
        if self.is_wide() && self.actions.iter().any(|action| action == "ec2:CreateNetworkInterface") {
            self.causes.push("on every resource: Lambda asks before it makes the interface, which has no name yet".to_owned());
        }
        self
    }

    /// What it is about: two statements with the same scope can be one.
    fn scope_text(&self) -> Vec<String> {
        let mut resources: Vec<String> = self.resources.iter().map(text_of).collect();
        resources.sort();
        let mut conditions: Vec<String> = self
            .conditions
            .iter()
            .map(|c| format!("{} {} {:?}", c.test, c.variable, c.values.iter().map(text_of).collect::<Vec<_>>()))
            .collect();
        conditions.sort();
        conditions.extend(self.guard.as_ref().map(text_of));
        resources.push(String::new());
        resources.extend(conditions);
        resources
    }

    fn is_wide(&self) -> bool {
        self.resources.iter().any(|resource| resource.as_str() == Some("*"))
    }

    /// The values of the only condition, and the causes, if another statement differs in those alone. A condition holds
    /// if one of its values fits, so the values of both, in one statement, allow what both allow.
    fn widened_by(&mut self, other: &Statement) -> Option<(&mut Vec<Expression>, &mut Vec<String>)> {
        let same_scope = self.actions == other.actions
            && self.guard.as_ref().map(text_of) == other.guard.as_ref().map(text_of)
            && self.resources.iter().map(text_of).eq(other.resources.iter().map(text_of));
        match (self.conditions.as_mut_slice(), other.conditions.as_slice()) {
            ([mine], [theirs])
                if same_scope
                    && mine.test == theirs.test
                    && mine.variable == theirs.variable
                    && matches!(mine.test.as_str(), "StringEquals" | "StringLike" | "ArnEquals" | "ArnLike") =>
            {
                Some((&mut mine.values, &mut self.causes))
            }
            _ => None,
        }
    }

    fn block(&self) -> Block {
        let mut statement = block("statement", &[]);
        statement.body.set("actions", strings(self.actions.iter().map(String::as_str)));
        statement.body.set("resources", list(self.resources.iter().cloned()));
        for condition in &self.conditions {
            let mut inner = block("condition", &[]);
            inner.body.set("test", string(&condition.test));
            inner.body.set("variable", string(&condition.variable));
            inner.body.set("values", list(condition.values.iter().cloned()));
            statement.body.add(inner);
        }
        let Some(guard) = &self.guard else { return statement };
        let mut dynamic = block("dynamic", &["statement"]);
        dynamic.body.set("for_each", choose(guard.clone(), list([1.into()]), list([])));
        let mut content = block("content", &[]);
        content.body = statement.body;
        dynamic.body.add(content);
        dynamic
    }
}

fn text_of(expr: &Expression) -> String {
    layout::expression(&mut expr.clone())
}

/// A policy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    statements: Vec<Statement>,
}

impl Document {
    /// Adds a statement. One on the same resources, under the same conditions, takes over its actions and causes; one
    /// that differs in the values of its only condition takes over those. So every statement stands once, with all
    /// that asks for it. Statements on `*` stay apart, each with its reason.
    pub fn add(&mut self, statement: Statement) {
        // It would name what is not in the files.
        if statement.guard.as_ref().and_then(Expression::as_bool) == Some(false) {
            return;
        }
        let scope = statement.scope_text();
        let wide = statement.is_wide();
        if let Some(other) = self.statements.iter_mut().find(|other| !wide && other.scope_text() == scope) {
            extend(&mut other.actions, statement.actions);
            extend(&mut other.causes, statement.causes);
        } else if let Some((values, causes)) = self.statements.iter_mut().find_map(|other| other.widened_by(&statement))
        {
            for value in statement.conditions.into_iter().flat_map(|condition| condition.values) {
                if values.iter().all(|known| text_of(known) != text_of(&value)) {
                    values.push(value);
                }
            }
            extend(causes, statement.causes);
        } else {
            let mut distinct = Statement { actions: Vec::new(), causes: Vec::new(), ..statement };
            extend(&mut distinct.actions, statement.actions);
            extend(&mut distinct.causes, statement.causes);
            self.statements.push(distinct);
        }
    }

    /// Its statements, in the order in which their resources were first named.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether it allows nothing.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// `data "aws_iam_policy_document" "label" { … }`, each statement under its causes.
    pub fn block(&self, label: &str) -> Block {
        let mut data = block("data", &["aws_iam_policy_document", label]);
        for statement in &self.statements {
            data.body.add_with(&statement.causes.join("\n"), statement.block());
        }
        data
    }
}

fn extend(list: &mut Vec<String>, more: Vec<String>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hcl_edit::structure::Body;

    fn statement(action: &str, resource: &str, cause: &str) -> Statement {
        Statement::new([action], vec![string(resource)], cause)
    }

    #[test]
    fn statements_on_the_same_resources_are_one() {
        let mut document = Document::default();
        document.add(statement("s3:GetObject", "arn:aws:s3:::a/*", "a.flow:1 source a"));
        document.add(statement("s3:PutObject", "arn:aws:s3:::b/*", "a.flow:2 sink b"));
        document.add(statement("s3:PutObject", "arn:aws:s3:::a/*", "a.flow:3 sink a"));
        document.add(statement("s3:GetObject", "arn:aws:s3:::a/*", "a.flow:1 source a"));
        let mut body = Body::new();
        body.add(document.block("x"));
        insta::assert_snapshot!(layout::file("", &mut body), @r#"
        data "aws_iam_policy_document" "x" {
          # a.flow:1 source a
          # a.flow:3 sink a
          statement {
            actions   = ["s3:GetObject", "s3:PutObject"]
            resources = ["arn:aws:s3:::a/*"]
          }

          # a.flow:2 sink b
          statement {
            actions   = ["s3:PutObject"]
            resources = ["arn:aws:s3:::b/*"]
          }
        }
        "#);
    }

    fn conditional(test: &str, value: &str, cause: &str) -> Statement {
        let condition = Condition { test: test.into(), variable: "s3:prefix".into(), values: vec![string(value)] };
        Statement { conditions: vec![condition], ..statement("s3:ListBucket", "arn:aws:s3:::x", cause) }
    }

    #[test]
    fn values_of_a_condition_come_together() {
        let mut document = Document::default();
        document.add(conditional("StringLike", "a/*", "a.flow:1 source a"));
        document.add(conditional("StringLike", "b/*", "a.flow:2 sink b"));
        document.add(conditional("StringLike", "a/*", "a.flow:3 sink a"));
        let mut body = Body::new();
        body.add(document.block("x"));
        insta::assert_snapshot!(layout::file("", &mut body), @r#"
        data "aws_iam_policy_document" "x" {
          # a.flow:1 source a
          # a.flow:2 sink b
          # a.flow:3 sink a
          statement {
            actions   = ["s3:ListBucket"]
            resources = ["arn:aws:s3:::x"]

            condition {
              test     = "StringLike"
              variable = "s3:prefix"
              values   = ["a/*", "b/*"]
            }
          }
        }
        "#);
    }

    #[test]
    fn conditions_of_another_kind_keep_statements_apart() {
        let mut document = Document::default();
        document.add(statement("s3:ListBucket", "arn:aws:s3:::x", "no condition"));
        document.add(conditional("StringLike", "a/*", "one"));
        document.add(conditional("StringNotLike", "a/*", "a negative one"));
        document.add(conditional("StringNotLike", "b/*", "whose values are not alternatives"));
        document.add(Statement {
            actions: vec!["s3:GetObject".into()],
            ..conditional("StringLike", "b/*", "other actions")
        });
        assert_eq!(document.statements().len(), 5);
    }

    #[test]
    fn a_statement_on_every_resource_says_why_if_aws_leaves_no_choice() {
        let causes = |action: &str| statement(action, "*", "a.flow:1 step a").causes;
        assert_eq!(
            causes("ecr:GetAuthorizationToken"),
            ["a.flow:1 step a", "on every resource: AWS has none to name for this"]
        );
        assert_eq!(causes("s3:GetObject"), ["a.flow:1 step a"]);
    }
}
