// The same steps as a CDK application: state machines of 100 steps, each a Lambda call with its timeout and retry, a
// choice and a failure. usage: node app.mjs STEPS (or `cdk synth --app "node app.mjs STEPS"`)
import cdk from "aws-cdk-lib";
import sfn from "aws-cdk-lib/aws-stepfunctions";
import tasks from "aws-cdk-lib/aws-stepfunctions-tasks";
import lambda from "aws-cdk-lib/aws-lambda";

const steps = Number(process.argv[2] ?? 1000);
const OF_A_FLOW = 100;
const app = new cdk.App();
const stack = new cdk.Stack(app, "Large", { env: { region: "us-east-1", account: "123456789012" } });
const loader = lambda.Function.fromFunctionArn(stack, "Loader", "arn:aws:lambda:us-east-1:123456789012:function:load");
for (let first = 0; first < steps; first += OF_A_FLOW) {
  const last = Math.min(first + OF_A_FLOW, steps);
  let next = sfn.Succeed.jsonata(stack, `Done${first}`, { outputs: `{% $rows_${last - 1} %}` });
  for (let n = last - 1; n >= first; n--) {
    const before = n > first ? ` + $rows_${n - 1}` : "";
    const failed = sfn.Fail.jsonata(stack, `Failed${n}`, {
      error: "Load.Failed",
      cause: `{% 'place ${n} on ' & $day & ': ' & $string($rows_${n}) & ' rows before it' %}`,
    });
    const choice = sfn.Choice.jsonata(stack, `Failed${n}?`)
      .when(sfn.Condition.jsonata(`{% $load_${n}.state = 'FAILED' %}`), failed)
      .otherwise(next);
    const load = tasks.LambdaInvoke.jsonata(stack, `Load${n}`, {
      lambdaFunction: loader,
      payload: sfn.TaskInput.fromObject({ place: `place-${n}`, day: "{% $day %}" }),
      taskTimeout: sfn.Timeout.duration(cdk.Duration.minutes(10)),
      retryOnServiceExceptions: false,
      comment: `What place ${n} delivered.`,
      assign: { [`load_${n}`]: "{% $states.result.Payload %}", [`rows_${n}`]: `{% $states.result.Payload.rows${before} %}` },
    });
    load.addRetry({ errors: ["Lambda.ServiceException"], interval: cdk.Duration.seconds(2), maxAttempts: 4, backoffRate: 2 });
    next = load.next(choice);
  }
  const start = sfn.Pass.jsonata(stack, `Start${first}`, { assign: { day: "{% $states.input.day %}" } }).next(next);
  new sfn.StateMachine(stack, `LoadFrom${first}`, { definitionBody: sfn.DefinitionBody.fromChainable(start), queryLanguage: sfn.QueryLanguage.JSONATA });
}
app.synth();
