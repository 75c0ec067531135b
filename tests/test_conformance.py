"""The simulated Sendcloud is held to the contract: by Schemathesis, and in each answer that any test gets of it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import orjson
import pytest

from sendcloud_integrations_client.testing import SimulatedSendcloud, serve
from sendcloud_integrations_client.testing.messages import JSON, Answer, Request, json_answer
from tests.wire_contract import document, violations

ROOT = Path(__file__).parent.parent


async def schemathesis(server: SimulatedSendcloud, folder: Path, *options: str) -> tuple[int | None, str]:
    """Run Schemathesis against a server, with the contract as it is and all its checks; exit code and output."""
    contract = folder / "contract.json"
    contract.write_bytes(orjson.dumps(document()))
    async with serve(server) as base_url:
        run = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", str(contract), "--url", base_url),
            *("--auth", "public:secret", "--checks", "all", "--max-examples", "15", "--workers", "1", *options),
            cwd=folder,
            env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await run.communicate()
    return run.returncode, output.decode()


async def test_schemathesis_finds_nothing_wrong(tmp_path: Path) -> None:
    # The same requests each time; `make conformance` sends others.
    code, output = await schemathesis(SimulatedSendcloud(), tmp_path, "--seed", "1")
    assert code == 0, output
    assert "Tested: 11" in output
    assert re.search(r"Stateful \(in .*\)", output)
    passed = re.search(r"(\d+) generated, (\d+) passed", output)
    assert passed is not None, output
    assert passed[1] == passed[2]
    assert int(passed[1]) > 500


class Careless(SimulatedSendcloud):
    """Asks for no credentials, takes a page_size past the limit, forgets a field of each log, and deletes nothing."""

    def _answer(self, request: Request, methods: dict[str, str]) -> Answer:
        if request.operation == "list_logs" and request.query.get("page_size", "1").isdigit():
            return json_answer(200, {"data": [{"id": 1}]})
        if request.operation == "delete_integration" and request.id != "1":
            return Answer(204)
        return super()._answer(request, methods)


async def test_schemathesis_finds_what_is_wrong(tmp_path: Path) -> None:
    code, output = await schemathesis(Careless(), tmp_path, "--seed", "1", "--phases", "coverage,stateful")
    assert code == 1
    assert set(re.findall(r"- (ST\d+) ", output)) == {
        "ST108",  # an answer violates its schema
        "ST201",  # a request that violates its schema is accepted
        "ST301",  # what was deleted is still there
        "ST401",  # credentials are not asked for
    }


@pytest.mark.parametrize(
    ("operation", "answer", "said"),
    [
        ("list_logs", json_answer(200, {"data": []}), []),
        ("list_logs", json_answer(418, {}), ["list_logs: 418 is not declared"]),
        ("list_logs", Answer(200, b"[]", ((b"content-type", b"text/csv"),)), ["list_logs 200: is of type text/csv"]),
        ("delete_integration", Answer(204, b"{}"), ["delete_integration 204: has a body"]),
        (
            "list_logs",
            Answer(200, b'{"data":[]}', (JSON, (b"x-cursor", b"1"))),
            ["list_logs 200: the header x-cursor is not declared"],
        ),
        (
            "list_logs",
            json_answer(200, {"data": [{"base_url": "https://shop.example", "created_at": "yesterday"}]}),
            ['list_logs 200: "yesterday" is not a "date-time" at ["data", 0, "created_at"]'],
        ),
    ],
)
def test_an_answer_is_held_to_the_contract(operation: str, answer: Answer, said: list[str]) -> None:
    assert [line.replace("'", '"') for line in violations(operation, answer)] == said
