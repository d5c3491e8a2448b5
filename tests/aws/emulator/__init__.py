"""An AWS on this machine, for tests: moto's server, with what it leaves out filled in.

`python -m emulator --port N --control M` serves it until it is killed. The parts:

functions.py   Lambda functions as processes over the Runtime API, from the zip that was deployed
mappings.py    event source mappings: batches of queues and streams, partial failures, filters, retries; notifications of S3
machines.py    Step Functions: JSONata, validation, versions
athena.py      Athena: saved queries
containers.py  tasks of ECS as processes
control.py     what a test asks for beside AWS: outages, environment of functions, a log of invocations
"""
