"""A PostgreSQL of the tests' own, started and thrown away."""

import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

USER, PASSWORD = "flow", "a password of the test"


def programs() -> Path | None:
    """The folder with `initdb`: of the path, or where Debian has it."""
    found = shutil.which("initdb") or next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))), None)
    return Path(found).resolve().parent if found else None


class Postgres:
    def __init__(self):
        folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self.folder, data, password = folder, folder / "data", folder / "password"
        # It does not run as root.
        self.user = {"user": "postgres"} if os.geteuid() == 0 else {}
        folder.chmod(0o755)
        if self.user:
            shutil.chown(folder, "postgres")
        password.write_text(PASSWORD)
        password.chmod(0o644)
        made = ["initdb", "--no-sync", "-A", "scram-sha-256", "-U", USER, "--pwfile", password, "-D", data]
        subprocess.run([programs() / made[0], *made[1:]], check=True, capture_output=True, cwd=folder, **self.user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"]
        self.process = subprocess.Popen(
            [programs() / "postgres", "-D", data, "-p", str(self.port), *(part for one in settings for part in ("-c", one))],
            stdout=subprocess.DEVNULL,
            stderr=(folder / "log").open("w"),
            cwd=folder,
            **self.user,
        )

    endpoint = property(lambda self: f"127.0.0.1:{self.port}")

    def connect(self, seconds: float = 30):
        import psycopg

        until = time.time() + seconds
        while True:
            try:
                return psycopg.connect(host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres", autocommit=True)
            except psycopg.OperationalError:
                if time.time() > until or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text())
                time.sleep(0.2)

    def end(self):
        self.process.terminate()
        self.process.wait(timeout=20)
        shutil.rmtree(self.folder, ignore_errors=True)
