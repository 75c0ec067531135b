"""Commands for integrations, logs, order statuses and status mappings, against the simulated Sendcloud."""

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
def without_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SENDCLOUD_PROFILE", raising=False)
    monkeypatch.delenv("SENDCLOUD_CONFIG", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)  # the test runner may have set it


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=stdin)


def call_api(call: Callable[[SendcloudIntegrations], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with SendcloudIntegrations() as client:
            return await call(client)

    return asyncio.run(main())


def get_operations(sendcloud: SimulatedSendcloud) -> list[str]:
    return [request.operation for request in sendcloud.requests]


def test_integrations_list_as_json_equals_the_api_response() -> None:
    expected = [
        integration.to_dict() for integration in call_api(lambda client: client.integrations.list(sort="-created_at"))
    ]
    as_array = run("integrations", "list", "--sort", "-created_at", "--json")
    as_lines = run("integrations", "list", "--sort", "-created_at", "--jsonl")
    assert (as_array.exit_code, as_lines.exit_code) == (0, 0)
    assert json.loads(as_array.stdout) == expected
    assert [json.loads(line) for line in as_lines.stdout.splitlines()] == expected


def test_integrations_list_as_table_shows_every_shop(sendcloud: SimulatedSendcloud) -> None:
    for number in range(1, 7):
        sendcloud.set_integration(number, shop_name=f"Shop {number}")
    result = run("integrations", "list")
    assert result.exit_code == 0
    assert all(f"Shop {number}" in result.stdout for number in range(1, 7))
    assert "6 integrations" in result.stderr


def test_integrations_list_with_failing_shows_only_failing_integrations() -> None:
    integrations = call_api(lambda client: client.integrations.list())
    failing = {integration.id for integration in integrations if integration.started_failing_at}
    lines = run("integrations", "list", "--failing", "--jsonl").stdout.splitlines()
    assert {json.loads(line)["id"] for line in lines} == failing


def test_integrations_show_prints_one_integration() -> None:
    expected = call_api(lambda client: client.integrations.retrieve(2)).to_dict()
    assert json.loads(run("integrations", "show", "2", "--json").stdout) == expected
    assert run("integrations", "show", "2", "--jsonl").stdout.count("\n") == 1
    table = run("integrations", "show", "2").stdout
    assert expected["shop_url"] in table
    assert "shop_name" in table


def test_integrations_update_changes_only_the_passed_fields(tmp_path: Path) -> None:
    before = call_api(lambda client: client.integrations.retrieve(3)).to_dict()
    file = tmp_path / "changes.json"
    file.write_text('{"shop_name": "From the file", "feedback_type": "none"}')
    options = ("--shop-name", "From the option", "--service-points", "--carrier", "dhl", "--carrier", "ups")
    result = run("integrations", "update", "3", "--file", str(file), *options)
    assert result.exit_code == 0, result.stderr
    after = call_api(lambda client: client.integrations.retrieve(3)).to_dict()
    changed = {name: value for name, value in after.items() if before[name] != value and name != "updated_at"}
    expected = {
        "shop_name": "From the option",
        "feedback_type": "none",
        "service_point_enabled": True,
        "service_point_carriers": ["dhl", "ups"],
    }
    assert changed == {name: value for name, value in expected.items() if before[name] != value}
    assert after | expected == after


def test_integrations_update_sets_and_removes_the_webhook_url() -> None:
    assert run("integrations", "update", "3", "--webhook", "--webhook-url", "https://shop.example/h").exit_code == 0
    assert call_api(lambda client: client.integrations.retrieve(3)).webhook_url == "https://shop.example/h"
    assert run("integrations", "update", "3", "--no-webhook", "--no-webhook-url").exit_code == 0
    after = call_api(lambda client: client.integrations.retrieve(3))
    assert (after.webhook_active, after.webhook_url) == (False, None)
    assert run("integrations", "update", "3", "--webhook-url", "https://x.example", "--no-webhook-url").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("integrations", "update", "3"), "at least one"),
        (("integrations", "update", "3", "--shop-name", "x" * 251), "at most 250"),
        (("logs", "create", "3"), "--base-url"),
        (("statuses", "replace", "1", "--yes"), "--status"),
        (("statuses", "replace", "1", "--yes", "--status", "3"), "ID=LANGUAGE:NAME"),
        (("statuses", "replace", "1", "--yes", "--status", "3=xx:Packed"), "language"),
        (("mapping", "replace", "1", "--yes"), "--delivered"),
        (("integrations", "list", "--json", "--jsonl"), "Choose one"),
    ],
)
def test_invalid_input_is_rejected_before_any_request(
    arguments: tuple[str, ...], message: str, sendcloud: SimulatedSendcloud
) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert get_operations(sendcloud) == []


@pytest.mark.parametrize("content", ["{", "[1]", '"text"', '{"shop_name": 7, "service_point_enabled": "perhaps"}'])
def test_invalid_input_file_is_rejected(content: str, sendcloud: SimulatedSendcloud) -> None:
    result = run("integrations", "update", "3", "--file", "-", stdin=content)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert get_operations(sendcloud) == []


@pytest.mark.parametrize(
    ("arguments", "content", "message"),
    [
        (
            ("integrations", "update", "3"),
            '{"shopname": "x"}',
            "unknown key 'shopname'. Allowed keys: shop_name, shop_url,",
        ),
        (("logs", "create", "3"), '{"base_url": "x", "status": 500}', "unknown key 'status'. Allowed keys: base_url,"),
        (
            ("logs", "create", "3"),
            '{"base_url": "x", "request": {"body": 1}}',
            "unknown key 'body' in request. Allowed",
        ),
        (
            ("statuses", "replace", "1", "--yes"),
            '[{"external_id": "3", "translations": [{"status": "Sent", "lang": "en-gb", "language": "en-gb"}]}]',
            "unknown key 'lang' in statuses[0].translations[0]. Allowed keys: status, language.",
        ),
        (
            ("mapping", "replace", "1", "--yes"),
            '[{"status_category": "DELIVERED", "external_id": "5", "extra": 1}]',
            "unknown key 'extra' in mapping[0]",
        ),
        (
            ("mapping", "replace", "1", "--yes"),
            '{"READY_TO_SEND": null, "IN_TRANSIT": null, "DELIVRED": "5", "CANCEL": null}',
            "status_category",
        ),
    ],
)
def test_unknown_key_in_an_input_file_is_rejected_with_the_allowed_keys(
    arguments: tuple[str, ...], content: str, message: str, sendcloud: SimulatedSendcloud
) -> None:
    result = run(*arguments, "--file", "-", stdin=content)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr
    assert get_operations(sendcloud) == []


def test_headers_and_payload_in_an_input_file_can_have_any_keys() -> None:
    content = {"base_url": "https://x.example", "request": {"headers": {"X-Any": "1"}, "payload": {"any": {"key": []}}}}
    result = run("logs", "create", "3", "--file", "-", "--json", stdin=json.dumps(content))
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["request"] == content["request"]


def test_missing_input_file_is_named_in_the_error() -> None:
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
def test_destructive_command_without_terminal_requires_yes(
    arguments: tuple[str, ...], sendcloud: SimulatedSendcloud
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Pass --yes" in result.stderr
    assert get_operations(sendcloud) == []


def test_integrations_delete_with_yes_deletes_without_prompt() -> None:
    assert run("integrations", "delete", "3", "--yes").exit_code == 0
    result = run("integrations", "show", "3")
    assert result.exit_code == 4
    assert result.stderr.startswith("error: retrieve_integration")
    assert result.stderr.count("\n") == 1


def test_logs_list_as_json_equals_the_api_response() -> None:
    expected = call_api(_list_all_logs)
    assert len(expected) == 260
    assert [json.loads(line) for line in run("logs", "list", "--jsonl").stdout.splitlines()] == expected
    assert json.loads(run("logs", "list", "--json").stdout) == expected


async def _list_all_logs(client: SendcloudIntegrations) -> list[Any]:
    return [log.to_dict() async for log in client.logs.list(page_size=100)]


@pytest.mark.parametrize(("limit", "pages"), [(1, 1), (100, 1), (101, 2), (150, 2), (260, 3), (1000, 3)])
def test_logs_list_limit_requests_no_unnecessary_pages(limit: int, pages: int, sendcloud: SimulatedSendcloud) -> None:
    lines = run("logs", "list", "--jsonl", "--limit", str(limit)).stdout.splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == min(limit, 260)
    # One prefetched page can be in flight when the limit is reached.
    assert pages <= len(get_operations(sendcloud)) <= pages + 1


def test_logs_list_with_integration_filters_by_integration() -> None:
    lines = run("logs", "list", "--jsonl", "-i", "2", "-i", "5").stdout.splitlines()
    found = [json.loads(line)["integration_id"] for line in lines]
    logs = call_api(_list_all_logs)
    assert sorted(found) == sorted(log["integration_id"] for log in logs if log["integration_id"] in (2, 5))


def test_logs_list_of_unknown_integration_is_exit_code_4() -> None:
    result = run("logs", "list", "--json", "--limit", "0", "-i", "999")
    assert result.exit_code == 4
    assert result.stdout == ""


@pytest.mark.sendcloud(integrations=1, logs=0)
def test_logs_list_of_account_without_logs_is_empty() -> None:
    assert run("logs", "list", "--json").stdout == "[]\n"
    assert run("logs", "list", "--jsonl").stdout == ""
    assert run("logs", "list").stderr == "0 logs.\n"


def test_logs_list_as_table_shows_the_newest_logs_and_how_to_show_all() -> None:
    result = run("logs", "list")
    rows = result.stdout.splitlines()
    assert len(rows) == 1 + 25
    assert rows[1].split()[0] == "260"
    assert "Pass --limit 0 to show all" in result.stderr
    assert len(run("logs", "list", "--limit", "0").stdout.splitlines()) == 1 + 260


def test_undecodable_record_is_reported_and_skipped(sendcloud: SimulatedSendcloud) -> None:
    body = {"data": [{"id": 1, "base_url": "x"}, {"id": {}, "base_url": "s3cret"}, {"id": 3, "base_url": "x"}]}
    sendcloud.add_fault(Fault("list_logs", status=200, body=body))
    result = run("logs", "list", "--jsonl", "--limit", "3")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [1, 3]
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "record 1 cannot be decoded: id must be an integer" in result.stderr
    assert "s3cret" not in result.stderr


def test_escape_sequences_in_records_do_not_reach_the_terminal(sendcloud: SimulatedSendcloud) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07[bold red]no markup[/] \r\nnext"
    body = {
        "data": [
            {
                "id": 1,
                "base_url": "x",
                "exception": hostile,
                "exception_type": hostile,
                "method": hostile,
            }
        ]
    }
    sendcloud.add_fault(Fault("list_logs", status=200, body=body))
    out = run("logs", "list", "--limit", "1").stdout
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "\r" not in out
    assert "[bold red]no markup[/] next" in out


def test_logs_create_combines_options_and_file(tmp_path: Path) -> None:
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


def test_statuses_replace_accepts_the_output_of_statuses_list() -> None:
    shown = run("statuses", "list", "1", "--json").stdout
    assert run("statuses", "replace", "1", "--file", "-", "--yes", stdin=shown).exit_code == 0
    assert json.loads(run("statuses", "list", "1", "--json").stdout) == json.loads(shown)

    options = ("--status", "3=en-gb:Packed: by hand", "--status", "3=nl-nl:Ingepakt", "--status", "9=en-gb:Lost")
    assert run("statuses", "replace", "1", *options, "--yes").exit_code == 0
    found = json.loads(run("statuses", "list", "1", "--language", "nl-nl", "--json").stdout)
    assert {status["external_id"]: status["status"] for status in found} == {"3": "Ingepakt", "9": "Lost"}
    assert "Packed: by hand" in json.dumps(found)
    table = run("statuses", "list", "1", "--deleted")
    assert "4-S" in table.stdout
    assert "4 statuses" not in table.stderr


def test_mapping_replace_accepts_the_output_of_mapping_show() -> None:
    shown = run("mapping", "show", "1", "--json").stdout
    assert run("mapping", "replace", "1", "--file", "-", "--yes", stdin=shown).exit_code == 0
    assert json.loads(run("mapping", "show", "1", "--json").stdout) == json.loads(shown)

    assert run("mapping", "replace", "1", "--delivered", "5", "--cancel", "", "--yes").exit_code == 0
    entries = json.loads(run("mapping", "show", "1", "--jsonl").stdout)["mapping"]
    found = {entry["status_category"]: entry["external_id"] for entry in entries}
    assert found == {"READY_TO_SEND": "3", "IN_TRANSIT": "4-S", "DELIVERED": "5", "CANCEL": None}

    short = json.dumps({"READY_TO_SEND": "5", "IN_TRANSIT": None, "DELIVERED": "5", "CANCEL": None})
    assert run("mapping", "replace", "1", "--file", "-", "--yes", stdin=short).exit_code == 0
    assert "READY_TO_SEND  5" in run("mapping", "show", "1").stdout


def test_mapping_show_marks_a_status_deleted_in_the_shop() -> None:
    assert "deleted in the shop" in run("mapping", "show", "1").stdout


def test_wrong_or_missing_credentials_are_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_SECRET_KEY", "wr0ng-secret")
    result = run("logs", "list")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (3, "", 1)
    assert "401" in result.stderr
    assert "wr0ng" not in result.stderr
    monkeypatch.delenv("SENDCLOUD_SECRET_KEY")
    monkeypatch.delenv("SENDCLOUD_PUBLIC_KEY")
    without_credentials = run("integrations", "list")
    assert without_credentials.exit_code == 3
    assert "SENDCLOUD_PUBLIC_KEY" in without_credentials.stderr


def test_server_error_is_exit_code_1(sendcloud: SimulatedSendcloud) -> None:
    sendcloud.fail_next("retrieve_integration", status=400)
    result = run("integrations", "show", "2")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)


def test_unexpected_error_is_one_line_and_a_traceback_with_verbose(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("s3cret")

    monkeypatch.setattr("sendcloud_integrations_client.cli.input.option_groups.choose_account", fail)
    quiet = run("integrations", "show", "2")
    assert (quiet.exit_code, quiet.stderr.count("\n")) == (1, 1)
    assert "s3cret" not in quiet.stderr
    assert "Traceback" in run("integrations", "show", "2", "--verbose").stderr


def test_verbose_shows_the_client_log() -> None:
    assert "retrieve_integration" in run("integrations", "show", "2", "--verbose").stderr
    assert run("integrations", "show", "2").stderr == ""


def test_narrow_terminal_shows_fewer_columns_including_the_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    head, row = run("logs", "list", "--limit", "1").stdout.splitlines()
    assert len(row) <= 80
    assert "method" not in head
    assert len(row.rstrip()) > 60
