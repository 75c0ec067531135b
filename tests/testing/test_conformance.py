"""The simulated Sendcloud matches the OpenAPI document: Schemathesis, and validation of responses."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sendcloud_integrations_client.testing import SimulatedSendcloud
from sendcloud_integrations_client.testing.messages import JSON, Request, SimulatedResponse, build_json_response
from tests.support.schemathesis_run import run_schemathesis
from tests.support.wire_contract import find_violations

# A fixed time, so that each run sends the same requests.
NOON = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.long
async def test_schemathesis_finds_no_violations(tmp_path: Path) -> None:
    # A fixed seed sends the same requests in each run; `make conformance` sends new ones.
    exit_code, output = await run_schemathesis(SimulatedSendcloud(now=lambda: NOON), tmp_path, "--seed", "1")
    assert exit_code == 0, output
    assert "Tested: 11" in output
    assert re.search(r"Stateful \(in .*\)", output)
    passed = re.search(r"(\d+) generated, (\d+) passed", output)
    assert passed is not None, output
    assert passed[1] == passed[2]
    assert int(passed[1]) > 500


class FaultySendcloud(SimulatedSendcloud):
    """Ignores credentials, accepts an invalid page_size, omits required fields of logs, and deletes no integrations."""

    def _respond(self, request: Request, methods: dict[str, str]) -> SimulatedResponse:
        if request.operation == "list_logs" and request.query.get("page_size", "1").isdigit():
            return build_json_response(200, {"data": [{"id": 1}]})
        if request.operation == "delete_integration" and request.id != "1":
            return SimulatedResponse(204)
        return super()._respond(request, methods)


@pytest.mark.long
async def test_schemathesis_finds_violations_of_a_faulty_server(tmp_path: Path) -> None:
    options = ("--seed", "2", "--phases", "coverage,stateful", "--max-examples", "60")
    exit_code, output = await run_schemathesis(FaultySendcloud(now=lambda: NOON), tmp_path, *options)
    assert exit_code == 1
    assert set(re.findall(r"- (ST\d+) ", output)) == {
        "ST108",  # a response violates its schema
        "ST201",  # a request that violates its schema is accepted
        "ST301",  # a deleted resource still exists
        "ST401",  # credentials are not required
    }


@pytest.mark.parametrize(
    ("operation", "response", "messages"),
    [
        ("list_logs", build_json_response(200, {"data": []}), []),
        ("list_logs", build_json_response(418, {}), ["list_logs: 418 is not declared"]),
        (
            "list_logs",
            SimulatedResponse(200, b"[]", ((b"content-type", b"text/csv"),)),
            ["list_logs 200: is of type text/csv"],
        ),
        ("delete_integration", SimulatedResponse(204, b"{}"), ["delete_integration 204: has a body"]),
        (
            "list_logs",
            SimulatedResponse(200, b'{"data":[]}', (JSON, (b"x-cursor", b"1"))),
            ["list_logs 200: the header x-cursor is not declared"],
        ),
        (
            "list_logs",
            build_json_response(200, {"data": [{"base_url": "https://shop.example", "created_at": "yesterday"}]}),
            ['list_logs 200: "yesterday" is not a "date-time" at ["data", 0, "created_at"]'],
        ),
    ],
)
def test_find_violations_reports_each_violation(
    operation: str, response: SimulatedResponse, messages: list[str]
) -> None:
    assert [line.replace("'", '"') for line in find_violations(operation, response)] == messages
