"""What a test asks of the emulator beside AWS, as JSON over HTTP.

GET  /invocations              every invocation of a function, oldest first
GET  /tasks                    every task of ECS that ended
POST /environment {"function": NAME, "set": {NAME: VALUE}}   added to the function's environment; new processes see it
POST /image {"repository": NAME, "command": [...], "environment": {}, "directory": PATH}   what runs tasks of this image
POST /outage {"service": "s3", "seconds": 3, "method": "PUT", "path": "errors/"}   the service answers 503 meanwhile, to requests
                               whose path has this in it; the last two may be left out, and all ends at once with seconds 0
"""

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import containers, functions

_outages: list[dict] = []


class Outages:
    """The WSGI application behind, but for services that are out."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        now = time.time()
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        for outage in list(_outages):
            if now > outage["until"]:
                _outages.remove(outage)
            elif (
                scope
                and scope[1] == outage["service"]
                and outage.get("method") in (None, environ["REQUEST_METHOD"])
                and outage.get("path", "") in environ["PATH_INFO"]
            ):
                outage["refused"] += 1
                start_response("503 Service Unavailable", [("Content-Type", "text/plain"), ("Content-Length", "0")])
                return [b""]
        return self.application(environ, start_response)


class _Api(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def _answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self._answer({"/invocations": functions.invocations, "/tasks": containers.tasks, "/outages": _outages}.get(self.path))

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/environment":
            functions.extra_environment.setdefault(asked["function"], {}).update(asked["set"])
        elif self.path == "/image":
            containers.images[asked["repository"]] = asked
        elif self.path == "/outage":
            if not asked["seconds"]:
                _outages.clear()
            _outages.append({"refused": 0, "until": time.time() + asked["seconds"], **asked})
        self._answer({})


def serve(port: int):
    server = ThreadingHTTPServer(("127.0.0.1", port), _Api)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
