"""The commands on integrations, logs, statuses and mappings, against the simulated Sendcloud."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from sendcloud_integrations_client import SendcloudIntegrations
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.testing import Fault, SimulatedSendcloud

pytestmark = [pytest.mark.usefixtures("sendcloud_server"), pytest.mark.sendcloud(integrations=6, logs=260)]


@pytest.fixture(autouse=True)
def no_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SENDCLOUD_PROFILE", raising=False)
    monkeypatch.delenv("SENDCLOUD_CONFIG", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)  # the test runner may have set it


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=stdin)


def ask(call: Callable[[SendcloudIntegrations], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with SendcloudIntegrations() as client:
            return await call(client)

    return asyncio.run(main())


def operations(sendcloud: SimulatedSendcloud) -> list[str]:
    return [request.operation for request in sendcloud.requests]


def test_integrations_as_json_are_what_the_api_gave() -> None:
    expected = [one.to_dict() for one in ask(lambda client: client.integrations.list(sort="-created_at"))]
    as_array = run("integrations", "list", "--sort", "-created_at", "--json")
    as_lines = run("integrations", "list", "--sort", "-created_at", "--jsonl")
    assert (as_array.exit_code, as_lines.exit_code) == (0, 0)
    assert json.loads(as_array.stdout) == expected
    assert [json.loads(line) for line in as_lines.stdout.splitlines()] == expected


def test_integrations_as_a_table_name_every_shop() -> None:
    result = run("integrations", "list")
    assert result.exit_code == 0
    assert all(f"Integration #{number}" in result.stdout for number in range(1, 7))
    assert "6 integrations" in result.stderr


def test_failing_integrations_alone() -> None:
    every = ask(lambda client: client.integrations.list())
    failing = {one.id for one in every if one.started_failing_at}
    lines = run("integrations", "list", "--failing", "--jsonl").stdout.splitlines()
    assert {json.loads(line)["id"] for line in lines} == failing


def test_one_integration() -> None:
    expected = ask(lambda client: client.integrations.retrieve(2)).to_dict()
    assert json.loads(run("integrations", "show", "2", "--json").stdout) == expected
    assert run("integrations", "show", "2", "--jsonl").stdout.count("\n") == 1
    table = run("integrations", "show", "2").stdout
    assert expected["shop_url"] in table
    assert "shop_name" in table


def test_an_update_changes_what_is_given_and_nothing_else(tmp_path: Path) -> None:
    before = ask(lambda client: client.integrations.retrieve(3)).to_dict()
    file = tmp_path / "changes.json"
    file.write_text('{"shop_name": "From the file", "feedback_type": "none"}')
    options = ("--shop-name", "From the option", "--service-points", "--carrier", "dhl", "--carrier", "ups")
    result = run("integrations", "update", "3", "--file", str(file), *options)
    assert result.exit_code == 0, result.stderr
    after = ask(lambda client: client.integrations.retrieve(3)).to_dict()
    changed = {name: value for name, value in after.items() if before[name] != value and name != "updated_at"}
    wanted = {
        "shop_name": "From the option",
        "feedback_type": "none",
        "service_point_enabled": True,
        "service_point_carriers": ["dhl", "ups"],
    }
    assert changed == {name: value for name, value in wanted.items() if before[name] != value}
    assert after | wanted == after


def test_a_webhook_address_is_set_and_taken_away() -> None:
    assert run("integrations", "update", "3", "--webhook", "--webhook-url", "https://shop.example/h").exit_code == 0
    assert ask(lambda client: client.integrations.retrieve(3)).webhook_url == "https://shop.example/h"
    assert run("integrations", "update", "3", "--no-webhook", "--no-webhook-url").exit_code == 0
    after = ask(lambda client: client.integrations.retrieve(3))
    assert (after.webhook_active, after.webhook_url) == (False, None)
    assert run("integrations", "update", "3", "--webhook-url", "https://x.example", "--no-webhook-url").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("integrations", "update", "3"), "at least 1"),
        (("integrations", "update", "3", "--shop-name", "x" * 251), "at most 250"),
        (("logs", "create", "3"), "base_url"),
        (("statuses", "replace", "1", "--yes"), "--status"),
        (("statuses", "replace", "1", "--yes", "--status", "3"), "ID=LANGUAGE:NAME"),
        (("statuses", "replace", "1", "--yes", "--status", "3=xx:Packed"), "language"),
        (("mapping", "replace", "1", "--yes"), "--delivered"),
        (("integrations", "list", "--json", "--jsonl"), "choose one"),
    ],
)
def test_input_that_breaks_a_rule_is_refused_before_anything_is_sent(
    arguments: tuple[str, ...], said: str, sendcloud: SimulatedSendcloud
) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert operations(sendcloud) == []


@pytest.mark.parametrize("content", ["{", "[1]", '"text"', '{"shop_name": 7, "service_point_enabled": "perhaps"}'])
def test_a_file_that_is_no_such_object_is_refused(content: str, sendcloud: SimulatedSendcloud) -> None:
    result = run("integrations", "update", "3", "--file", "-", stdin=content)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert operations(sendcloud) == []


def test_a_file_that_is_not_there_is_named() -> None:
    result = run("integrations", "update", "3", "--file", "/nowhere/x.json")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "/nowhere/x.json: No such file" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("integrations", "delete", "3"),
        ("statuses", "replace", "1", "--status", "3=en-gb:Packed"),
        ("mapping", "replace", "1", "--delivered", "5"),
    ],
)
def test_what_loses_something_is_refused_where_nobody_can_be_asked(
    arguments: tuple[str, ...], sendcloud: SimulatedSendcloud
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "pass --yes" in result.stderr
    assert operations(sendcloud) == []


def test_a_deletion_that_is_confirmed_on_the_command_line() -> None:
    assert run("integrations", "delete", "3", "--yes").exit_code == 0
    gone = run("integrations", "show", "3")
    assert gone.exit_code == 4
    assert gone.stderr.startswith("error: retrieve_integration")
    assert gone.stderr.count("\n") == 1


def test_all_logs_are_written_as_they_came() -> None:
    expected = ask(_all_logs)
    assert len(expected) == 260
    assert [json.loads(line) for line in run("logs", "list", "--jsonl").stdout.splitlines()] == expected
    assert json.loads(run("logs", "list", "--json").stdout) == expected


async def _all_logs(client: SendcloudIntegrations) -> list[Any]:
    return [log.to_dict() async for log in client.logs.list(page_size=100)]


@pytest.mark.parametrize(("limit", "pages"), [(1, 1), (100, 1), (101, 2), (150, 2), (260, 3), (1000, 3)])
def test_a_limit_asks_for_no_more_pages_than_it_takes(limit: int, pages: int, sendcloud: SimulatedSendcloud) -> None:
    lines = run("logs", "list", "--jsonl", "--limit", str(limit)).stdout.splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == min(limit, 260)
    # The page after may be under way already when enough is there.
    assert pages <= len(operations(sendcloud)) <= pages + 1


def test_logs_of_chosen_integrations() -> None:
    lines = run("logs", "list", "--jsonl", "-i", "2", "-i", "5").stdout.splitlines()
    found = [json.loads(line)["integration_id"] for line in lines]
    every = ask(_all_logs)
    assert sorted(found) == sorted(log["integration_id"] for log in every if log["integration_id"] in (2, 5))


def test_no_logs_are_an_empty_array() -> None:
    integration_without = run("logs", "list", "--json", "--limit", "0", "-i", "999")
    assert integration_without.exit_code == 4
    assert integration_without.stdout == ""


@pytest.mark.sendcloud(integrations=1, logs=0)
def test_an_account_without_logs() -> None:
    assert run("logs", "list", "--json").stdout == "[]\n"
    assert run("logs", "list", "--jsonl").stdout == ""
    assert run("logs", "list").stderr == "0 logs.\n"


def test_the_table_of_logs_shows_the_newest_and_says_that_there_is_more() -> None:
    result = run("logs", "list")
    rows = result.stdout.splitlines()
    assert len(rows) == 1 + 25
    assert rows[1].split()[0] == "260"
    assert "--limit 0 shows all" in result.stderr
    assert len(run("logs", "list", "--limit", "0").stdout.splitlines()) == 1 + 260


def test_a_record_that_cannot_be_read_is_told_of_and_ends_nothing(sendcloud: SimulatedSendcloud) -> None:
    body = {"data": [{"id": 1, "base_url": "x"}, {"id": {}, "base_url": "s3cret"}, {"id": 3, "base_url": "x"}]}
    sendcloud.add_fault(Fault("list_logs", status=200, body=body))
    result = run("logs", "list", "--jsonl", "--limit", "3")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [1, 3]
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "sent record 1 that cannot be read: id should be an integer" in result.stderr
    assert "s3cret" not in result.stderr


def test_what_shops_send_cannot_steer_the_terminal(sendcloud: SimulatedSendcloud) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07[bold red]no markup[/] \r\nnext"
    body = {"data": [{"id": 1, "base_url": "x", "exception": evil, "exception_type": evil, "method": evil}]}
    sendcloud.add_fault(Fault("list_logs", status=200, body=body))
    out = run("logs", "list", "--limit", "1").stdout
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\r" not in out
    assert "[bold red]no markup[/] next" in out


def test_a_log_is_created_from_options_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "log.json"
    file.write_text(json.dumps({"base_url": "https://other.example", "request": {"headers": {"A": "b"}}}))
    options = ("--base-url", "https://shop.example", "--response-code", "503", "--created-at", "2026-01-31T12:00+01:00")
    result = run("logs", "create", "2", "--file", str(file), *options, "--exception", "Closed", "--json")
    assert result.exit_code == 0, result.stderr
    created = json.loads(result.stdout)
    assert created["base_url"] == "https://shop.example"
    assert created["response_code"] == 503
    assert created["request"]["headers"] == {"A": "b"}
    newest = json.loads(run("logs", "list", "--jsonl", "-i", "2", "--limit", "1").stdout)
    assert newest == created


def test_statuses_can_be_written_and_read_back() -> None:
    shown = run("statuses", "list", "1", "--json").stdout
    assert run("statuses", "replace", "1", "--file", "-", "--yes", stdin=shown).exit_code == 0
    assert json.loads(run("statuses", "list", "1", "--json").stdout) == json.loads(shown)

    options = ("--status", "3=en-gb:Packed: by hand", "--status", "3=nl-nl:Ingepakt", "--status", "9=en-gb:Lost")
    assert run("statuses", "replace", "1", *options, "--yes").exit_code == 0
    found = json.loads(run("statuses", "list", "1", "--language", "nl-nl", "--json").stdout)
    assert {one["external_id"]: one["status"] for one in found} == {"3": "Ingepakt", "9": "Lost"}
    assert "Packed: by hand" in json.dumps(found)
    table = run("statuses", "list", "1", "--deleted")
    assert "4-S" in table.stdout
    assert "4 statuses" not in table.stderr


def test_a_mapping_can_be_written_and_read_back() -> None:
    shown = run("mapping", "show", "1", "--json").stdout
    assert run("mapping", "replace", "1", "--file", "-", "--yes", stdin=shown).exit_code == 0
    assert json.loads(run("mapping", "show", "1", "--json").stdout) == json.loads(shown)

    assert run("mapping", "replace", "1", "--delivered", "5", "--cancel", "", "--yes").exit_code == 0
    entries = json.loads(run("mapping", "show", "1", "--jsonl").stdout)["mapping"]
    found = {one["status_category"]: one["external_id"] for one in entries}
    assert found == {"READY_TO_SEND": "3", "IN_TRANSIT": "4-S", "DELIVERED": "5", "CANCEL": None}

    short = json.dumps({"READY_TO_SEND": "5", "IN_TRANSIT": None, "DELIVERED": "5", "CANCEL": None})
    assert run("mapping", "replace", "1", "--file", "-", "--yes", stdin=short).exit_code == 0
    assert "READY_TO_SEND  5" in run("mapping", "show", "1").stdout


def test_a_status_that_the_shop_has_deleted_is_marked() -> None:
    assert "the shop has deleted it" in run("mapping", "show", "1").stdout


def test_wrong_credentials_are_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_SECRET_KEY", "wr0ng-secret")
    result = run("logs", "list")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (3, "", 1)
    assert "401" in result.stderr
    assert "wr0ng" not in result.stderr
    monkeypatch.delenv("SENDCLOUD_SECRET_KEY")
    monkeypatch.delenv("SENDCLOUD_PUBLIC_KEY")
    none = run("integrations", "list")
    assert none.exit_code == 3
    assert "SENDCLOUD_PUBLIC_KEY" in none.stderr


def test_a_server_that_fails_is_exit_code_1(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.fail_next("retrieve_integration", status=400)
    result = run("integrations", "show", "2")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


def test_nobody_foresaw_this(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("s3cret")

    monkeypatch.setattr("sendcloud_integrations_client.cli.integrations.choose_account", fail)
    quiet = run("integrations", "show", "2")
    assert (quiet.exit_code, quiet.stderr.count("\n")) == (1, 1)
    assert "s3cret" not in quiet.stderr
    assert "Traceback" in run("integrations", "show", "2", "--verbose").stderr


def test_verbose_shows_the_log_of_the_client() -> None:
    assert "retrieve_integration" in run("integrations", "show", "2", "--verbose").stderr
    assert run("integrations", "show", "2").stderr == ""


def test_a_narrow_terminal_gets_fewer_columns_and_still_the_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    head, row = run("logs", "list", "--limit", "1").stdout.splitlines()
    assert len(row) <= 80
    assert "method" not in head
    assert len(row.rstrip()) > 60
