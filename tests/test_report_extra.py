"""`import sendcloud_integrations_client.report` where the extras are not installed."""

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


def test_it_names_the_extra() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True)

    assert "pip install 'sendcloud-integrations-client[" in done.stdout
