"""Imports of modules that require an extra, without the extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
sys.modules[sys.argv[1]] = None
try:
    __import__(sys.argv[2])
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("missing", "module", "extra"), [("sqlalchemy", "report", "report"), ("aiohttp", "transports.aiohttp", "aiohttp")]
)
def test_import_error_names_the_missing_extra(missing: str, module: str, extra: str) -> None:
    command = [sys.executable, "-c", _SCRIPT, missing, f"sendcloud_integrations_client.{module}"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)

    assert f"pip install 'sendcloud-integrations-client[{extra}]'" in process.stdout
