"""The simulated Sendcloud against new random requests in each run, and more of them than in the test suite."""

from __future__ import annotations

from pathlib import Path

from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.support.schemathesis_run import run_schemathesis


async def test_schemathesis_finds_no_violations(tmp_path: Path) -> None:
    exit_code, output = await run_schemathesis(SimulatedSendcloud(), tmp_path, "--max-examples", "100")
    assert exit_code == 0, output
