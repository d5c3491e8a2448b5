//! The limits themselves. Order: Step Functions, Scheduler, Lambda, ECS, IAM, CloudWatch,
//! event sources of Lambda.

use super::{Kind, Limit};

/// When the whole catalogue was last read against its sources.
pub const CHECKED: &str = "2026-09";

/// The first year that a schedule of a program checked today can still reach: the year of [`CHECKED`].
/// A constant, since the compiler's answers may not depend on the clock.
pub const FIRST_YEAR: i32 = 2026;

/// Name of a state.
pub const STATE_NAME: Limit = Limit {
    what: "the name of a state",
    min: 1,
    max: 80,
    unit: "characters",
    kind: Kind::Hard,
    source: "AWS service model, stepfunctions `StateName`",
    checked: CHECKED,
};

/// Name of a state machine.
pub const MACHINE_NAME: Limit = Limit {
    what: "the name of a state machine",
    min: 1,
    max: 80,
    unit: "characters",
    kind: Kind::Hard,
    source: "AWS service model, stepfunctions `Name`",
    checked: CHECKED,
};

/// Timeout of an execution of a Standard machine: one year.
pub const EXECUTION_TIMEOUT: Limit = Limit {
    what: "the duration of an execution",
    min: 1,
    max: 31_536_000,
    unit: "seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
    checked: CHECKED,
};

/// An execution of an Express machine, an Express iteration of a distributed Map too.
pub const EXPRESS_DURATION: Limit = Limit {
    what: "the duration of an Express execution",
    min: 1,
    max: 300,
    unit: "seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html",
    checked: CHECKED,
};

/// `TimeoutSeconds` of a task.
pub const TASK_TIMEOUT: Limit = Limit {
    what: "the timeout of a task",
    min: 1,
    max: 99_999_999,
    unit: "seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html",
    checked: CHECKED,
};

/// Iterations of an inline Map that run at once.
pub const INLINE_ITERATIONS: Limit = Limit {
    what: "the iterations of an inline Map that run at once",
    min: 1,
    max: 40,
    unit: "iterations",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html",
    checked: CHECKED,
};

/// `MaxAttempts` of a retrier.
pub const RETRY_ATTEMPTS: Limit = Limit {
    what: "the attempts of a retry",
    min: 0,
    max: 99_999_999,
    unit: "attempts",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    checked: CHECKED,
};

/// `IntervalSeconds` of a retrier.
pub const RETRY_INTERVAL: Limit = Limit {
    what: "the interval of a retry",
    min: 1,
    max: 99_999_999,
    unit: "seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    checked: CHECKED,
};

/// `MaxDelaySeconds` of a retrier: above 0 and below 31,622,400.
pub const RETRY_MAX_DELAY: Limit = Limit {
    what: "the maximum delay of a retry",
    min: 1,
    max: 31_622_399,
    unit: "seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
    checked: CHECKED,
};

/// Definition of a state machine; compared by the back end, which knows its text.
pub const DEFINITION_SIZE: Limit = Limit {
    what: "the definition of a state machine",
    min: 0,
    max: 1_048_576,
    unit: "bytes",
    kind: Kind::Hard,
    source: "AWS service model, stepfunctions `Definition`",
    checked: CHECKED,
};

/// What a state takes and gives.
pub const PAYLOAD: Limit = Limit {
    what: "the input or output of a state or an execution, as JSON",
    min: 0,
    max: 262_144,
    unit: "bytes",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
    checked: CHECKED,
};

/// Events of an execution; the last of them is its failure.
pub const HISTORY_EVENTS: Limit = Limit {
    what: "the history of a Standard execution",
    min: 0,
    max: 25_000,
    unit: "events",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html",
    checked: CHECKED,
};

/// Name of a schedule.
pub const SCHEDULE_NAME: Limit = Limit {
    what: "the name of a schedule",
    min: 1,
    max: 64,
    unit: "characters",
    kind: Kind::Hard,
    source: "AWS service model, scheduler `Name`",
    checked: CHECKED,
};

/// The flexible window of a schedule.
pub const SCHEDULE_WINDOW: Limit = Limit {
    what: "the window within which a schedule fires",
    min: 1,
    max: 1_440,
    unit: "whole minutes",
    kind: Kind::Hard,
    source: "AWS service model, scheduler `MaximumWindowInMinutes`",
    checked: CHECKED,
};

/// How often a schedule tries a start again.
pub const SCHEDULE_RETRIES: Limit = Limit {
    what: "the retries of a schedule",
    min: 0,
    max: 185,
    unit: "times",
    kind: Kind::Hard,
    source: "AWS service model, scheduler `MaximumRetryAttempts`",
    checked: CHECKED,
};

/// For how long a schedule tries a start again.
pub const SCHEDULE_AGE: Limit = Limit {
    what: "the age of a start that is tried again",
    min: 60,
    max: 86_400,
    unit: "whole seconds",
    kind: Kind::Hard,
    source: "AWS service model, scheduler `MaximumEventAgeInSeconds`",
    checked: CHECKED,
};

/// Where the syntax of schedules is written down.
pub const SCHEDULE_SYNTAX: &str = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html";

/// Timeout of a function.
pub const LAMBDA_TIMEOUT: Limit = Limit {
    what: "the timeout of a Lambda function",
    min: 1,
    max: 900,
    unit: "seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    checked: CHECKED,
};

/// Memory of a function.
pub const LAMBDA_MEMORY: Limit = Limit {
    what: "the memory of a Lambda function",
    min: 128,
    max: 10_240,
    unit: "MB",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    checked: CHECKED,
};

/// `/tmp` of a function.
pub const LAMBDA_STORAGE: Limit = Limit {
    what: "the storage (`/tmp`) of a Lambda function",
    min: 512,
    max: 10_240,
    unit: "MB",
    kind: Kind::Hard,
    source: "AWS service model, lambda `EphemeralStorage`",
    checked: CHECKED,
};

/// Name of a function.
pub const LAMBDA_NAME: Limit = Limit {
    what: "the name of a Lambda function",
    min: 1,
    max: 64,
    unit: "characters",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html",
    checked: CHECKED,
};

/// A function's code, unpacked, its layers among it.
pub const LAMBDA_CODE: Limit = Limit {
    what: "the unpacked code of a Lambda function",
    min: 1,
    max: 262_144_000,
    unit: "bytes",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    checked: CHECKED,
};

/// A function's zip that is uploaded with the call that creates it.
pub const LAMBDA_UPLOAD: Limit = Limit {
    what: "the zip of a Lambda function",
    min: 1,
    max: 52_428_800,
    unit: "bytes",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    checked: CHECKED,
};

/// Overrides of `ecs:runTask`, as JSON.
pub const RUN_TASK_OVERRIDES: Limit = Limit {
    what: "the overrides of an ECS task, as JSON",
    min: 0,
    max: 8_192,
    unit: "characters",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html",
    checked: CHECKED,
};

/// The subject of a message of SNS: "less than 100 characters".
pub const SNS_SUBJECT: Limit = Limit {
    what: "the subject of a message of SNS",
    min: 1,
    max: 99,
    unit: "characters",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/sns/latest/api/API_Publish.html",
    checked: CHECKED,
};

/// Inline policies of a role, together.
pub const POLICY_SIZE: Limit = Limit {
    what: "the inline policies of a role, together and without white space",
    min: 0,
    max: 10_240,
    unit: "characters",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
    checked: CHECKED,
};

/// Name of a role.
pub const ROLE_NAME: Limit = Limit {
    what: "the name of an IAM role",
    min: 1,
    max: 64,
    unit: "characters",
    kind: Kind::Hard,
    source: "AWS service model, iam `roleNameType`",
    checked: CHECKED,
};

/// Name of an alarm.
pub const ALARM_NAME: Limit = Limit {
    what: "the name of an alarm",
    min: 1,
    max: 255,
    unit: "characters",
    kind: Kind::Hard,
    source: "AWS service model, cloudwatch `AlarmName`",
    checked: CHECKED,
};

/// `BatchSize` of an event source mapping.
pub const BATCH_SIZE: Limit = Limit {
    what: "the batch of an event source mapping",
    min: 1,
    max: 10_000,
    unit: "records",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
    checked: CHECKED,
};

/// `BatchSize` of an event source mapping of a FIFO queue, or without a window of any queue.
pub const BATCH_SIZE_FIFO: Limit = Limit {
    what: "the batch of a queue without a window",
    min: 1,
    max: 10,
    unit: "messages",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
    checked: CHECKED,
};

/// `MaximumBatchingWindowInSeconds` of an event source mapping.
pub const BATCH_WINDOW: Limit = Limit {
    what: "the window of an event source mapping",
    min: 0,
    max: 300,
    unit: "whole seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
    checked: CHECKED,
};

/// `ParallelizationFactor` of an event source mapping.
pub const PARALLELIZATION: Limit = Limit {
    what: "the batches of one shard at once",
    min: 1,
    max: 10,
    unit: "batches",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
    checked: CHECKED,
};

/// `MaximumConcurrency` of an event source mapping of a queue.
pub const MAXIMUM_CONCURRENCY: Limit = Limit {
    what: "the functions that a queue may keep at work at once",
    min: 2,
    max: 1_000,
    unit: "functions",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html",
    checked: CHECKED,
};

/// `MaximumRetryAttempts` of an event source mapping of a stream.
pub const MAPPING_RETRIES: Limit = Limit {
    what: "the retries of a batch of a stream",
    min: 0,
    max: 10_000,
    unit: "times",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
    checked: CHECKED,
};

/// `MaximumRecordAgeInSeconds` of an event source mapping of a stream.
pub const MAPPING_AGE: Limit = Limit {
    what: "the age of a record that is tried again",
    min: 60,
    max: 604_800,
    unit: "whole seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html",
    checked: CHECKED,
};

/// `MaximumRetryAttempts` of an asynchronous invocation.
pub const ASYNC_RETRIES: Limit = Limit {
    what: "the retries of an event that Lambda is handed",
    min: 0,
    max: 2,
    unit: "times",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html",
    checked: CHECKED,
};

/// `MaximumEventAgeInSeconds` of an asynchronous invocation.
pub const ASYNC_AGE: Limit = Limit {
    what: "the age of an event that Lambda is handed",
    min: 60,
    max: 21_600,
    unit: "whole seconds",
    kind: Kind::Hard,
    source: "https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html",
    checked: CHECKED,
};

/// Filters of an event source mapping.
pub const FILTER_PATTERNS: Limit = Limit {
    what: "the patterns of an event source mapping",
    min: 0,
    max: 5,
    unit: "patterns",
    kind: Kind::Soft,
    source: "https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html",
    checked: CHECKED,
};

/// One filter of an event source mapping.
pub const FILTER_SIZE: Limit = Limit {
    what: "a pattern of an event source mapping",
    min: 0,
    max: 4_096,
    unit: "characters",
    kind: Kind::Hard,
    source: "AWS service model, lambda `Pattern`",
    checked: CHECKED,
};
