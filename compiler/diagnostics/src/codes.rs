//! The registry: every code on one line, with its severity and a title of a few words.
//!
//! Codes by subject: 01 syntax, 02 names, 03 types, 04 stages, 05 graph, 06 AWS limits,
//! 07 infrastructure and IAM, 08 lints, 09 command line. A code is never reused for another cause.
//! `pages/<CODE>.md` explains each; a test holds registry and pages one to one.

use crate::Severity;

/// A code: `FLOW0301`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code {
    /// `301`; 0 for a code that is not Flow's.
    pub number: u16,
    /// Error or warning, unless the user says otherwise.
    pub severity: Severity,
    /// A few words: "unknown name".
    pub title: &'static str,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.number {
            0 => f.write_str(self.title),
            number => write!(f, "FLOW{number:04}"),
        }
    }
}

impl Code {
    /// A code that is not Flow's, shown by its own name: `SCHEMA_VALIDATION_FAILED` of Step Functions.
    pub const fn foreign(name: &'static str, severity: Severity) -> Code {
        Code { number: 0, severity, title: name }
    }

    /// Finds a code by its text, with or without `FLOW`, in any case: `FLOW0301`, `flow301`, `301`.
    pub fn parse(text: &str) -> Option<Code> {
        let digits = text.trim().to_ascii_uppercase();
        let digits = digits.strip_prefix("FLOW").unwrap_or(&digits);
        let number: u16 = digits.parse().ok()?;
        ALL.iter().copied().find(|code| code.number == number)
    }
}

macro_rules! codes {
    ($( $number:literal $severity:ident $name:ident $title:literal; )*) => {
        $(
            #[doc = $title]
            pub const $name: Code = Code { number: $number, severity: Severity::$severity, title: $title };
        )*
        /// Every code, by number.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    // 01 syntax
    101 Error SYNTAX "unexpected text";
    102 Error UNCLOSED "bracket that is never closed";
    103 Error UNOPENED "closing bracket that closes nothing";
    104 Error UNKNOWN_ITEM "no such item";
    105 Error UNTERMINATED_TEXT "text without its closing quote";
    106 Error BAD_ESCAPE "unknown escape in a text";
    107 Error NUMBER_OUT_OF_RANGE "number out of range";
    108 Error UNKNOWN_UNIT "unknown unit";
    109 Error NOT_A_DATE "no such date or time";
    110 Error FOREIGN_OPERATOR "operator of another language";
    111 Error ASSIGN_IN_CONDITION "`=` where `==` is meant";
    112 Error NULL "`null` instead of `none`";
    113 Error SINGLE_QUOTES "text in single quotes";
    114 Error SEMICOLON "semicolon";
    115 Error COLON_FOR_ASSIGN "`:` where `=` is meant";
    116 Error MISSING_COMMA "missing comma";
    117 Error UNKNOWN_CHARACTER "character that means nothing";
    118 Error TOO_DEEP "nested too deeply";
    120 Error STRAY_DOC "doc comment that documents nothing";
    121 Error CHAINED_COMPARISON "chained comparison";
    122 Error EMPTY_INTERPOLATION "`{}` in a text";
    123 Error MISSING_VALUE "missing value";
    124 Error MISSING_ASSIGN "missing `=`";
    125 Error CONSTRUCT_PLACE "constructor block in the wrong place";
    126 Error TWO_ON_A_LINE "two entries on one line";
    127 Error MISSING_TYPE "missing type";
    128 Error FILE_TOO_LARGE "file too large";
    129 Error UNKNOWN_STATEMENT "no such statement or operator";
    130 Error MATCHES_WANTS_RAW "pattern that is not `r\"…\"`";
    131 Error FIXED_TEXT "fixed text expected";
    132 Error MISSING_COLON "missing `:`";
    133 Error TRY_WITHOUT_CATCH "`try` without `catch`";
    134 Error MISSING_AS "missing `as`";
    135 Error POLL_WITHOUT_MAX "`poll` without `max`";
    136 Error POLL_WITHOUT_UNTIL "`poll` without `until`";
    // 02 names
    201 Error UNKNOWN_NAME "unknown name";
    202 Error DUPLICATE_NAME "name declared twice";
    203 Error UNKNOWN_TYPE "unknown type";
    204 Error UNKNOWN_FIELD "unknown field";
    205 Error UNKNOWN_MODULE "unknown module";
    206 Error UNKNOWN_FUNCTION "unknown function, construct, task or transform";
    207 Error UNKNOWN_ARGUMENT "unknown argument";
    208 Error UNKNOWN_SETTING "unknown setting";
    209 Error UNKNOWN_PARTITION "unknown partition";
    210 Error NOT_A_VALUE "name that is no value";
    211 Error NOT_A_TASK "step that calls no task";
    212 Error CIRCULAR "declared by itself";
    213 Error USE_FILE "file that cannot be used";
    214 Error NOT_YET "not compiled yet";
    215 Error TOO_LARGE "expansion that is too large";
    216 Error CIRCULAR_USE "files that use each other in a circle";
    230 Error SCHEMA_FILE "schema file that cannot be used";
    231 Error AVRO_TEXT "file that is no Avro schema";
    // 03 types
    301 Error TYPE_MISMATCH "types do not match";
    302 Error OPTIONAL_USED "value that may be `none`";
    303 Warning NEVER_NONE "value that is never `none`";
    304 Error OPERATOR_TYPES "operator that does not apply";
    305 Error BAD_TYPE "type in the wrong place";
    306 Error MISSING_ARGUMENT "missing argument";
    307 Error TOO_MANY_ARGUMENTS "too many arguments";
    308 Error DUPLICATE_ARGUMENT "given twice";
    309 Error NO_OVERLOAD "no function for these types";
    310 Error MISSING_FIELD "missing field";
    312 Error BAD_PATTERN "pattern that is no regular expression";
    313 Error CHECK_FAILED "value that fails its type's check";
    314 Error NO_TEXT_FORM "value without a text form";
    315 Error SECRET_USED "secret used as a value";
    316 Error BAD_ARITHMETIC "calculation that cannot succeed";
    317 Error PART_OF_A_DAY "date moved by part of a day";
    318 Error CONSTANT_CHECK "check that is the same for every record";
    319 Error BAD_DURATION "timeout that is not whole seconds";
    320 Error BAD_RETRY "retry rule that is incomplete";
    321 Error BAD_PARTITION "partition that cannot be";
    322 Error PARTITION_VALUE "partition without a value";
    323 Error STAR_PLACE "`*` where nothing is written";
    324 Error SOURCE_WRITTEN "source that is written";
    325 Error ROWS_MISMATCH "rows that do not fit the table";
    330 Error FROM_PLACE "`from` that is missing or not first";
    331 Error COLUMN_MISSING "column that the result lacks";
    332 Error COLUMN_EXTRA "column that the schema lacks";
    333 Error COLUMN_TYPE "type of a column";
    334 Error COLUMN_NAME "column without a name";
    335 Error AGGREGATE_PLACE "function over rows in the wrong place";
    336 Error AGGREGATE_ALONE "column that is no function over rows";
    337 Error TAKE_COUNT "number of rows to take";
    340 Error TASK_KIND "task that is run by nothing";
    341 Error INTO_PLACE "`into` that is missing or not taken";
    342 Error USING_PLACE "`using` on another's task";
    343 Error NO_TIMEOUT "step without a timeout";
    344 Error NO_RETURN "flow without its result";
    345 Error ARM_MISSING "`match` that leaves a value out";
    346 Error ARM_NEVER "arm that can never be taken";
    347 Error MATCH_VALUE "value that `match` cannot look at";
    348 Error RESULT_ON_SOME_PATHS "branch that gives a result on some paths";
    349 Error FOR_ITEMS "what a `for` cannot go through";
    350 Error UNBOUNDED_POLL "`poll` without an upper bound";
    351 Error LOOP_NUMBER "number that a loop cannot have";
    352 Error DISTRIBUTED_MAX "distributed `for` without `max`";
    353 Error AWAIT_TIMEOUT "callback without a timeout";
    354 Error TOKEN_PLACE "task token where none is awaited";
    355 Error TOKEN_LOST "callback whose token goes nowhere";
    356 Error NOT_AWAITED "callback that is not awaited";
    357 Error NOT_A_FLOW "`call` of what is no flow";
    358 Error STATE_PLACE "`flow.state` outside of a handler";
    359 Error UNION_CASE "case of a tagged union";
    360 Error UNION_FIELD "field of two types in a union";
    361 Error TEST_ROWS "rows of a test without a type";
    362 Error TEST_TABLE "table that a test does not have";
    363 Error MOCK_PLACE "test that asks of no run";
    364 Error MOCK_NEVER "mock that is never reached";
    365 Error RESOURCE_ARN "resource that is no ARN";
    370 Error AVRO_TYPE "Avro type without a type of Flow";
    371 Error MAP_APART "rows told apart by a map";
    380 Error JOIN_CONDITION "join whose condition compares nothing";
    381 Error COLUMN_CLASH "column of both tables of a join";
    382 Error JOIN_COLUMNS "join that takes no columns";
    383 Error UNION_COLUMNS "tables of a union that differ";
    384 Error EXPLODE_LIST "`explode` of what is no list";
    385 Error APPEND_KEY "appended rows without a key";
    393 Error NO_GROUP "group that a pattern does not have";
    394 Error EMPTY_MATCH "pattern that matches where there is nothing";
    395 Error QUOTED_FIELD "quoted name where none can be";
    // 04 stages
    401 Error STAGE "value that is known too late";
    402 Error NO_LOWERING "function without a form for its stage";
    403 Error OUTSIDE_ROW "value from outside in a row";
    // 05 graph
    501 Error UNREACHABLE "statement that can never run";
    502 Warning HANDLER_NEVER_RUNS "`catch` around no step";
    503 Warning CATCH_NEVER_MATCHES "caught error that no step raises";
    504 Error CATCH_HIDDEN "`catch` after one that takes its errors";
    505 Error UNCATCHABLE "error that cannot be caught";
    506 Error SINK_NEVER_WRITTEN "sink that is read but never written";
    507 Warning READ_BEFORE_WRITE "table read before it is written";
    508 Error COPY_INTO_ITSELF "table copied into itself";
    509 Warning READS_WHAT_IT_WRITES "step that replaces what it reads";
    510 Warning RETRY_NOT_IDEMPOTENT "retry of a task that is not idempotent";
    511 Warning FAILURE_AS_SUCCESS "failure that ends as success";
    512 Error TABLES_OVERLAP "tables at overlapping places";
    513 Error QUARANTINE_IN_TABLE "quarantine inside of a table";
    514 Error PARTITION_TYPE "type that cannot be a partition";
    515 Error CSV_NESTED "nested values in CSV";
    516 Error CATALOG_NAME "name that a catalog cannot hold";
    541 Error NOT_ASSIGNED "variable that may have no value";
    542 Error HANDLER_END "handler without an end";
    543 Error CONTINUE_PLACE "`continue` outside of a `catch`";
    544 Error TWO_HANDLERS "two `on failure`";
    545 Error TRIGGER_INPUT "trigger that leaves an input out";
    546 Error RACE "branches that race for a table";
    547 Error ITERATIONS_RACE "iterations that race for a table";
    548 Error FLOW_CIRCLE "flows that call each other in a circle";
    549 Error INNER_RESULT "result used outside of its branch";
    550 Error PII_UNMARKED "personal data that is not marked";
    551 Warning PII_TOLD "personal data in a message";
    552 Warning PII_PARTITION "partition of personal data";
    553 Error TOO_MANY_AT_ONCE "more runs at once than a task takes";
    560 Error APPEND_AND_REPLACE "table that is appended to and replaced";
    570 Error STREAM_SOURCE "what a stream cannot listen to";
    571 Error CHANNEL_KIND "queue, stream, topic or bus of another kind";
    572 Error STREAM_SETTING "setting that a stream does not have";
    573 Error STREAM_UNIT "`each` of what does not come";
    574 Error SEND_TARGET "what nothing can be sent to";
    575 Error STREAM_BATCH "`run` that does not fit a batch";
    576 Error STREAM_LOOP "stream that feeds itself";
    577 Warning NOBODY_SENDS "stream that nothing reaches";
    578 Warning EVENTS_LOST "records that may be lost";
    579 Warning LEASE "lease that does not fit the retries";
    580 Error FILTER_FORM "filter that no event pattern can say";
    581 Error DEAD_LETTER "dead letters that go nowhere";
    582 Error LEDGER "ledger or key that cannot be";
    583 Error STREAM_EMPTY "stream that does nothing";
    590 Error FLOW_EVENT "what starts no flow";
    // 06 AWS limits
    601 Error STATE_NAME "name of a state";
    602 Error CRON_FIVE_FIELDS "five-field cron";
    603 Error CRON_FIELD "field of a cron expression";
    604 Error CRON_DAY_FIELDS "day fields of a cron expression";
    605 Error CRON_NEVER "schedule that never fires";
    606 Error SCHEDULE_FORM "form of a schedule";
    607 Error RATE "rate of a schedule";
    608 Error TIME_ZONE "unknown time zone";
    609 Warning SKIPPED_TIME "local time that a time zone skips";
    610 Error LAMBDA_TIMEOUT "timeout of a Lambda function";
    611 Error LAMBDA_MEMORY "memory of a Lambda function";
    612 Error LAMBDA_STORAGE "storage of a Lambda function";
    613 Error STEP_OUTLIVES_FUNCTION "step timeout above its function's";
    614 Error FARGATE_SIZE "Fargate size that does not exist";
    615 Error OVERRIDES_TOO_LARGE "container overrides too large";
    616 Error RETRY_FIELD "field of a retry";
    617 Error STEP_TIMEOUT "timeout of a step";
    618 Error FLOW_TIMEOUT "timeout of a flow";
    619 Warning RETRIES_CUT_OFF "flow timeout that cuts retries off";
    620 Warning OVERLAP "executions that may overlap";
    621 Error POLICY_TOO_LARGE "IAM policy too large";
    622 Error HEARTBEAT "heartbeat that is not below the timeout";
    623 Warning INLINE_CONCURRENCY "more iterations at once than run";
    624 Error SCHEDULE_SETTING "setting of a schedule";
    625 Error BATCH_SIZE "batch of a stream";
    626 Error BATCH_WINDOW "window of a stream";
    627 Error PARALLEL "batches at once";
    628 Error VISIBILITY "messages that come back while they are at work";
    629 Warning VISIBILITY_SHORT "visibility under six times the timeout";
    630 Error STREAM_RETRIES "retries of a stream";
    631 Error RECORD_AGE "age of a record";
    632 Error FILTER_SIZE "filter that is too large";
    641 Warning PAYLOAD_UNBOUNDED "results that may pass 256 KiB";
    642 Error PAYLOAD_TOO_LARGE "arguments above 256 KiB";
    643 Warning HISTORY "execution that may pass 25,000 events";
    644 Error SUBJECT "subject that SNS refuses";
    645 Warning SUBJECT_ASCII "subject that is not ASCII";
    650 Error EXPRESS "what an Express execution cannot do";
    651 Error EXPRESS_TIMEOUT "timeout beyond an Express execution";
    // 07 infrastructure
    701 Error SECRET_ARN "existing secret without its ARN";
    702 Error NO_TARGET_FORM "what a target cannot say";
    703 Error OUTPUT_SECRET "output that reveals a secret";
    704 Error DEPLOY_CIRCLE "deployments that need each other";
    705 Error WHEN_PLACE "`when` on what is always there";
    706 Error MAY_NOT_EXIST "name of what may not exist";
    707 Error NO_EXISTING "`existing` of what does not say how it exists";
    708 Error MODULE_SETTING "setting that a module cannot have";
    709 Error VERSION_PIN "versions that cannot be";
    711 Warning PERMISSION_WIDE "permission wider than a step needs";
    712 Warning SYNC_RULE "`.sync` without the rule that it needs";
    720 Error CATALOG_FORMAT "format that no reader of the catalog knows";
    721 Warning UNREGISTERED_PARTITIONS "partitions that nothing registers";
    730 Error UNKNOWN_RESOURCE "no such resource of the provider";
    731 Error UNKNOWN_ATTRIBUTE "no such attribute or block of a resource";
    732 Error MISSING_ATTRIBUTE "resource without what it must have";
    733 Error READ_ONLY "attribute that AWS alone sets";
    734 Error BLOCK_OR_ATTRIBUTE "block written as an attribute, or the reverse";
    735 Error BLOCK_COUNT "too few or too many blocks";
    736 Warning DEPRECATED "what the provider advises against";
    737 Error SECRET_IN_STATE "secret attribute in a state machine";
    738 Error NOT_REPEATED "one of what there is not one for each of";
    739 Error BAD_MODULE "module that cannot be called so";
    740 Error EXCLUSIVE "attributes that exclude one another";
    760 Warning BUCKET_OF_OTHERS "notifications of a bucket of others";
    761 Error NOTIFICATIONS_WHEN "notifications of a bucket under two conditions";
    762 Error NOTIFICATIONS_OVERLAP "notifications that overlap";
    770 Error VIEW_CIRCLE "views that read each other in a circle";
    771 Error VIEW_READS "view that reads what is not refreshed";
    772 Error VIEW_NAME "name of a view";
    773 Warning ANSWER_UNREAD "answer of a function that nobody reads";
    774 Warning NAME_WITHOUT_ENV "name that two environments share";
    775 Warning LOGS_AFTER_FUNCTION "log group that comes after its function";
    776 Error NAME_PREFIX "prefix that no name can begin with";
    785 Error UNTAGGED "kind of resource that cannot be left untagged";
    786 Warning CRAWLED "what a crawler takes for a table";
    // 08 lints
    801 Warning UNUSED_ITEM "unused item";
    802 Warning EMPTY_ENV "environment that sets nothing";
    803 Warning UNUSED_USE "unused import";
    804 Warning UNUSED_ALLOW "`@allow` that keeps nothing back";
    805 Error ALLOW_FORM "form of an `@allow`";
    806 Error ALLOW_CODE "`@allow` of no code";
    807 Error ALLOW_ERROR "`@allow` of an error";
    808 Warning EXPECTS_NOTHING "test that expects nothing";
    809 Error NOT_REDACTED "personal field that cannot be redacted";
    810 Error PAST_REDACTION "way past a redaction";
    811 Warning ENV_WITHOUT "environment without a value that others have";
    812 Warning SAME_OUTAGE "dead letters in the outage that they are for";
    813 Error ENV_INCOMPLETE "environment that cannot be built";
    815 Warning FAIL_PASSES_CATCH "`fail` that no `catch` around it takes";
    816 Warning VARIABLE_TWICE "variable that a container is given twice";
    817 Warning PATH_IN_TEXT "path in a plain text";
    818 Warning CALL_NOT_ALLOWED "call without the permission that it needs";
    819 Warning DATABASE_ROLE "role of a database that may not do what a statement does";
    820 Warning ALARM_NEVER_FIRES "alarm on failures that end as success";
    821 Warning VARIABLE_MISSING "variable that a container is not given";
    // 09 command line
    901 Error UNREADABLE "a file cannot be read";
    902 Error NOT_UTF8 "a file is not UTF-8";
    903 Error UNWRITABLE "something cannot be written";
    904 Error NO_WORKER "the generic binary is missing";
    905 Error NO_PYTHON "Python is missing";
    906 Error BAD_INPUT "an input does not fit the flow";
    907 Error NOTHING_TO_RUN "no such flow";
    908 Error UNKNOWN_ENV "no such environment";
    909 Error BAD_FAULT "a fault, skip or answer names no step";
    910 Error LOCAL_SETUP "the local run could not be set up";
    911 Error NO_SECRET "a secret has no value here";
    912 Error UNKNOWN_CODE "no such code";
    913 Error NO_ITEMS "the file holds no items";
    914 Error WRONG_JSON "JSON that is not what it should be";
    915 Error FORMATTER_FAULT "the formatter would change a program";
    916 Error SETTINGS_TEXT "settings that are not TOML";
    917 Error SETTINGS_KEY "no such setting";
    918 Error SETTINGS_LEVEL "level that a code cannot have";
    919 Error NO_RUN "no such run";
    920 Error NO_RESUME "a run cannot be continued";
    921 Error UNANSWERED "a step waits for an answer";
    922 Error BAD_ANSWER "an answer does not fit";
    940 Error UNUSABLE_BINARY "the generic binary cannot be packed";
}
