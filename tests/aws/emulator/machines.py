"""Step Functions: moto's interpreter, with JSONata and the calls that the AWS provider makes."""

import hashlib
import json
import random
import uuid

import jsonata

# What Step Functions adds to JSONata.
# https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html (2026-11)
FUNCTIONS = {
    "parse": json.loads,
    "partition": lambda items, size: [items[at : at + size] for at in range(0, len(items), size)],
    "range": lambda first, last, step: list(range(first, last + (1 if step > 0 else -1), step)),
    "hash": lambda text, algorithm: hashlib.new(algorithm.replace("-", "").lower(), str(text).encode()).hexdigest(),
    "random": lambda seed=None: random.Random(seed).random(),
    "uuid": lambda: str(uuid.uuid4()),
}


def install():
    from moto.core.config import default_user_config
    from moto.stepfunctions.parser.asl.component.common.string import string_expression
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_glue as glue
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
    from moto.stepfunctions.parser.asl.eval import states, variable_store
    from moto.stepfunctions.parser.asl.jsonata import jsonata as bridge
    from moto.stepfunctions.parser.asl.parse import preprocessor
    from moto.stepfunctions.parser.asl.static_analyser import variable_references_static_analyser
    from moto.stepfunctions.responses import StepFunctionResponse

    default_user_config["stepfunctions"]["execute_state_machine"] = True

    def evaluate(expression):
        try:
            program = jsonata.Jsonata(expression)
            for name, function in FUNCTIONS.items():
                program.register_lambda(name, function)
            # Its lists are of a class of its own, which a copy empties.
            return json.loads(json.dumps(program.evaluate(None)))
        except Exception as error:
            raise bridge.JSONataException("UNKNOWN", str(error)) from error

    def declare(bindings):
        """Variables in front of an expression; moto's own does not escape text."""
        return "".join(f"{name}:={json.dumps(value, separators=(',', ':'), default=str)};" for name, value in bindings.items())

    def references(expression):
        """Variables that an expression names. `$` is one inside a predicate, which moto refuses."""
        return {found for found in bridge._PATTERN_VARIABLE_REFERENCE.findall(expression or "") if found not in ("", "$", "$$")}

    bridge._eval_jsonata = evaluate
    # moto's own versions of FUNCTIONS, in JSONata, do not parse.
    string_expression.get_intrinsic_functions_declarations = lambda variable_references: ""
    for module in (bridge, string_expression, variable_references_static_analyser):
        module.extract_jsonata_variable_references = references
    for module in (bridge, states, variable_store):
        module.encode_jsonata_variable_declarations = declare

    # Texts of a definition: moto reads some as they are written, others as Python does.
    plain = preprocessor.Preprocessor._inner_string_of

    def text(parser_rule_context):
        whole = parser_rule_context.getText()
        return json.loads(whole) if whole.startswith('"') and whole.endswith('"') else plain(parser_rule_context)

    preprocessor.Preprocessor._inner_string_of = staticmethod(text)
    preprocessor.from_string_literal = text

    # Jobs of Glue take no task token, and moto waits for one's end.
    glue._SUPPORTED_INTEGRATION_PATTERNS.add(ResourceCondition.WaitForTaskToken)

    def validate_state_machine_definition(self):
        return json.dumps({"result": "OK", "diagnostics": [], "truncated": False})

    def list_state_machine_versions(self):
        return json.dumps({"stateMachineVersions": []})

    StepFunctionResponse.validate_state_machine_definition = validate_state_machine_definition
    StepFunctionResponse.list_state_machine_versions = list_state_machine_versions
