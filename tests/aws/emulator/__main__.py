"""`python -m emulator --port N --control M`."""

import argparse
import atexit
import os
import signal
import sys

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("--port", type=int, required=True)
arguments.add_argument("--control", type=int, required=True)
given = arguments.parse_args()

endpoint = f"http://127.0.0.1:{given.port}"
os.environ |= {"MOTO_PORT": str(given.port), "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "TEST_SERVER_MODE": "true"}

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402
from werkzeug.serving import run_simple  # noqa: E402

from . import athena, containers, control, events, functions, machines, mappings  # noqa: E402

for part in (functions, containers, mappings, events):
    part.endpoint = endpoint
    part.install()
machines.install()
athena.install()
mappings.watch()
control.serve(given.control)
atexit.register(functions.end)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
application = DomainDispatcherApplication(create_backend_app)
run_simple("127.0.0.1", given.port, control.Outages(application), threaded=True, use_reloader=False)
