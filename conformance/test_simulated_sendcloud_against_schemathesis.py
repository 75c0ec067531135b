"""The simulated Sendcloud against more requests than the test suite has time for, new ones each time."""

from __future__ import annotations

from pathlib import Path

from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.test_conformance import schemathesis


async def test_schemathesis_finds_nothing_wrong(tmp_path: Path) -> None:
    code, output = await schemathesis(SimulatedSendcloud(), tmp_path, "--max-examples", "100")
    assert code == 0, output
