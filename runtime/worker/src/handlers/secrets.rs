//! Secrets: only a reference travels; the one who uses the secret resolves it, here, and never logs it.
//!
//! In AWS the reference is an ARN of Secrets Manager. Locally `FLOW_SECRETS` names a JSON file of secrets by name:
//! `{"slack": {"webhook_url": "https://…"}}`.

use crate::handlers::failed;
use aws_config::BehaviorVersion;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use flow_engine::Environment;
use flow_plan::Failure;
use serde_json::Value;

/// A reference to a secret.
#[derive(Debug, Clone, Copy)]
pub struct SecretRef<'a> {
    /// Its name in the program.
    pub name: &'a str,
    /// Its ARN.
    pub arn: Option<&'a str>,
}

/// A secret's value, and what it is called in messages.
#[derive(Debug)]
pub struct Secret {
    value: Value,
    source: String,
}

impl Secret {
    /// The text at a key.
    pub fn text(&self, key: &str) -> Result<&str, Failure> {
        let missing = || failed(format!("{} has no text `{key}`: store {{\"{key}\": \"…\"}}", self.source));
        self.value.get(key).and_then(Value::as_str).ok_or_else(missing)
    }
}

/// The text at `key` of a secret.
pub async fn resolve(reference: SecretRef<'_>, key: &str, environment: &Environment) -> Result<String, Failure> {
    read(reference, environment).await?.text(key).map(str::to_owned)
}

/// A whole secret.
pub async fn read(reference: SecretRef<'_>, environment: &Environment) -> Result<Secret, Failure> {
    let (text, source) = match environment.get("FLOW_SECRETS") {
        Some(path) => (local(path, reference.name)?, format!("secret `{}` in `{path}`", reference.name)),
        None => {
            let arn = reference
                .arn
                .ok_or_else(|| failed(format!("secret `{}` has no ARN, and FLOW_SECRETS is not set", reference.name)))?;
            (deployed(arn).await?, format!("secret `{arn}`"))
        }
    };
    // Messages of the JSON parser quote what they read, so they are not passed on.
    let value: Value = serde_json::from_str(&text).map_err(|_| failed(format!("{source} is not JSON")))?;
    Ok(Secret { value, source })
}

fn local(path: &str, name: &str) -> Result<String, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| failed(format!("cannot read FLOW_SECRETS `{path}`: {error}")))?;
    let all: Value = serde_json::from_str(&text).map_err(|_| failed(format!("FLOW_SECRETS `{path}` is not JSON")))?;
    all.get(name)
        .map(Value::to_string)
        .ok_or_else(|| failed(format!("FLOW_SECRETS `{path}` has no secret `{name}`")))
}

async fn deployed(arn: &str) -> Result<String, Failure> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .load()
        .await;
    let found = aws_sdk_secretsmanager::Client::new(&config)
        .get_secret_value()
        .secret_id(arn)
        .send()
        .await
        .map_err(|error| failed(format!("cannot read secret `{arn}`: {}", DisplayErrorContext(&error))))?;
    found
        .secret_string()
        .map(str::to_owned)
        .ok_or_else(|| failed(format!("secret `{arn}` holds bytes, expected a text")))
}
