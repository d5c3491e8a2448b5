"""What Lambda's Python runtimes do: import the handler and answer events over the Runtime API."""

import importlib
import json
import os
import sys
import traceback
import types
import urllib.request

sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/"


def post(path: str, value):
    urllib.request.urlopen(urllib.request.Request(api + path, json.dumps(value).encode(), method="POST")).read()


def failure(error: BaseException) -> dict:
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


module, _, name = os.environ["_HANDLER"].rpartition(".")
try:
    handler = getattr(importlib.import_module(module), name)
except Exception as error:
    post("init/error", failure(error))
    sys.exit(1)

while True:
    with urllib.request.urlopen(api + "invocation/next") as answer:
        request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.loads(answer.read())
    context = types.SimpleNamespace(
        aws_request_id=request,
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        invoked_function_arn=answer.headers["Lambda-Runtime-Invoked-Function-Arn"],
    )
    try:
        post(f"invocation/{request}/response", handler(event, context))
    except Exception as error:
        post(f"invocation/{request}/error", failure(error))
