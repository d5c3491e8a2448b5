"""One emulator for all tests."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from deployment import Cloud  # noqa: E402


@pytest.fixture(scope="session")
def cloud(tmp_path_factory):
    assert os.environ.get("FLOWC") and os.environ.get("FLOW_TERRAFORM_PLUGINS"), "tests/aws/run sets what these tests need"
    running = Cloud(tmp_path_factory.mktemp("emulator") / "log")
    yield running
    running.end()
