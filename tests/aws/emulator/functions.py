"""Lambda functions: the deployed zip, unpacked once, started as a process that speaks the Runtime API.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (2026-11). One process answers one invocation at a time and is
kept for the next; as many are started as invocations run at once. A function that is late is killed, as Lambda does.
"""

import base64
import io
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Set by the launcher.
endpoint = ""
# What control.py adds to functions' environments, by name.
extra_environment: dict[str, dict[str, str]] = {}
# Every invocation, oldest first.
invocations: list[dict] = []

_code: dict[str, Path] = {}
_idle: dict[tuple, list["Instance"]] = defaultdict(list)
_lock = threading.Lock()
_PYTHON = Path(__file__).with_name("python_runtime.py")


class Instance:
    """An execution environment: a process and the Runtime API that it asks for work."""

    def __init__(self, folder: Path, command: list[str], environment: dict[str, str]):
        self.work: queue.Queue = queue.Queue()
        self.answers: queue.Queue = queue.Queue()
        outer = self

        class Api(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, code: int, body: bytes = b"{}", headers: dict | None = None):
                self.send_response(code)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                request, deadline, arn, event = outer.work.get()
                self.answer(
                    200,
                    event,
                    {
                        "Lambda-Runtime-Aws-Request-Id": request,
                        "Lambda-Runtime-Deadline-Ms": str(int(deadline * 1000)),
                        "Lambda-Runtime-Invoked-Function-Arn": arn,
                        "Content-Type": "application/json",
                    },
                )

            def do_POST(self):
                if self.headers.get("Transfer-Encoding") == "chunked":
                    body = b""
                    while size := int(self.rfile.readline().strip() or b"0", 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.answers.put((self.path.endswith("/response"), body))
                self.answer(202)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment | {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}"},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def invoke(self, event: bytes, arn: str, timeout: float) -> tuple[bool, bytes, bool]:
        """Whether it succeeded, the payload, and whether the environment is still good."""
        began = time.time()
        self.work.put((str(uuid.uuid4()), began + timeout, arn, event))
        while True:
            try:
                good, body = self.answers.get(timeout=0.05)
                return good, body, True
            except queue.Empty:
                code = self.process.poll()
                if code is not None and self.answers.empty():
                    return False, _error("Runtime.ExitError", f"Runtime exited with error: exit status {code}"), False
                if time.time() - began > timeout:
                    self.end()
                    return False, _error("Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds"), False

    def written(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def end(self):
        self.process.kill()
        self.process.wait()
        self.server.shutdown()


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _folder(function) -> Path:
    digest = function.code_sha_256
    with _lock:
        if digest not in _code:
            folder = Path(tempfile.mkdtemp(prefix="function-"))
            with zipfile.ZipFile(io.BytesIO(_bytes(function))) as archive:
                for entry in archive.infolist():
                    target = Path(archive.extract(entry, folder))
                    mode = entry.external_attr >> 16
                    if mode:
                        target.chmod(mode & 0o777)
            _code[digest] = folder
        return _code[digest]


def _bytes(function) -> bytes:
    if getattr(function, "code_bytes", None):
        return function.code_bytes
    return base64.b64decode(function.code["ZipFile"])


def _environment(function, folder: Path) -> dict[str, str]:
    own = {
        "PATH": os.environ["PATH"],
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(folder),
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }
    named = {name: str(value) for name, value in function.environment_vars.items()}
    return own | named | extra_environment.get(function.function_name, {})


def invoke(function, event: bytes) -> tuple[bool, bytes]:
    """Whether it succeeded, and its payload."""
    folder = _folder(function)
    environment = _environment(function, folder)
    python = function.run_time.startswith("python")
    command = [sys.executable, str(_PYTHON)] if python else ["./bootstrap"]
    key = (function.function_name, function.code_sha_256, tuple(sorted(environment.items())))
    with _lock:
        instance = _idle[key].pop() if _idle[key] else None
    cold = instance is None
    instance = instance or Instance(folder, command, environment)
    began = time.time()
    good, body, alive = instance.invoke(event, function.function_arn, float(function.timeout))
    record = {
        "function": function.function_name,
        "event": event.decode(errors="replace"),
        "good": good,
        "answer": body.decode(errors="replace"),
        "cold": cold,
        "seconds": time.time() - began,
    }
    if not good:
        record["log"] = instance.written()[-8000:]
    with _lock:
        invocations.append(record)
        if alive:
            _idle[key].append(instance)
    return good, body


def end():
    """Ends every process."""
    with _lock:
        for instances in _idle.values():
            for instance in instances:
                instance.end()
        _idle.clear()


def install():
    """Makes moto's functions ours."""
    from moto.awslambda.models import LambdaFunction

    def _invoke_lambda(self, event=None):
        if not isinstance(event, (str, bytes)):
            event = json.dumps(event if event is not None else {})
        good, body = invoke(self, event.encode() if isinstance(event, str) else event)
        return body.decode(), not good, ""

    LambdaFunction._invoke_lambda = _invoke_lambda
