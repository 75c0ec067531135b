"""Import of `sendcloud_integrations_client.report` without its extras."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys
sys.modules["sqlalchemy"] = None
try:
    import sendcloud_integrations_client.report
except ImportError as error:
    print(error)
"""


def test_import_error_names_the_missing_extra() -> None:
    process = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)

    assert "pip install 'sendcloud-integrations-client[" in process.stdout
