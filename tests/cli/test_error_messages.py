"""Error messages of commands name options and variables, never arguments of the Python library."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner, Result

from sendcloud_integrations_client import errors
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.terminal.error_messages import describe_error, describe_rule
from sendcloud_integrations_client.cli.terminal.usage_errors import print_usage_error
from sendcloud_integrations_client.errors import APIError, APIStatusError, ResponseDecodeError
from sendcloud_integrations_client.testing import SimulatedSendcloud
from tests.cli.test_processes import run_on_terminal

pytestmark = [pytest.mark.usefixtures("sendcloud_server"), pytest.mark.sendcloud(integrations=3, logs=5)]

PYTHON_WORDS = re.compile(r"\w=(?!\d)|\bargument\b|Error\b(?! \()|\b(None|True|False|str|dict|int|body|base_url)\b")


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


def run(line: str, stdin: str | None = None, **env: str) -> Result:
    result = CliRunner().invoke(app, line.split(), input=stdin, env=env)
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)
    return result


@pytest.mark.parametrize(
    ("line", "stdin", "message"),
    [
        (
            "integrations update 2",
            None,
            "Invalid options: no setting to update. Pass at least one, such as --shop-name",
        ),
        ("integrations update 2 --file -", "{}", "Invalid options: no setting to update."),
        (
            "integrations update 2 --shop-name " + "x" * 251,
            None,
            "--shop-name must have at most 250 characters, got 251",
        ),
        ("integrations update 2 --file -", '{"shop_name": ""}', "shop_name must have at least 1 character, got 0"),
        ("integrations update 2 --file -", '{"shop_name": 3}', "shop_name must be text, not an integer"),
        ("logs create 2", None, "--base-url is required"),
        ("logs create 2 --file -", "{}", "base_url is required"),
        ("logs create 2 --base-url x --response-code -1", None, "--response-code must be at least 0, got -1"),
        ("statuses replace 1 --yes --file -", '[{"external_id": "3"}]', "statuses[0].translations is required"),
        ("mapping replace 1 --yes --file -", '{"CANCEL": "b"}', "mapping must have at least 4 items, got 1"),
    ],
)
def test_invalid_input_names_the_option(
    line: str, stdin: str | None, message: str, sendcloud: SimulatedSendcloud
) -> None:
    result = run(line, stdin)
    assert result.exit_code == 2
    prefix = "" if message.startswith("Invalid") else "Invalid input: "
    assert result.stderr.startswith(f"error: {prefix}{message}")
    assert len(sendcloud.requests) == 0


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SENDCLOUD_BASE_URL", "http://shop.example/api", "Invalid SENDCLOUD_BASE_URL: http://shop.example would send"),
        ("SENDCLOUD_BASE_URL", "nonsense", "Invalid SENDCLOUD_BASE_URL: must be an absolute https:// URL."),
        ("SENDCLOUD_PUBLIC_KEY", "a:b", "Invalid SENDCLOUD_PUBLIC_KEY: must not contain"),
        ("SENDCLOUD_SECRET_KEY", "a\tb", "Invalid SENDCLOUD_SECRET_KEY: "),
    ],
)
def test_invalid_environment_names_the_variable(variable: str, value: str, message: str) -> None:
    result = run("integrations list", **{variable: value})
    assert result.exit_code == 3
    assert result.stderr.startswith(f"error: {message}")
    assert not PYTHON_WORDS.search(result.stderr)


def test_invalid_token_url_names_the_variable() -> None:
    environment = {"SENDCLOUD_PUBLIC_KEY": "", "SENDCLOUD_SECRET_KEY": ""}
    environment |= {"SENDCLOUD_CLIENT_ID": "id", "SENDCLOUD_CLIENT_SECRET": "x"}
    result = run("integrations list", **environment, SENDCLOUD_TOKEN_URL="http://shop.example/token")
    assert (result.exit_code, "Invalid SENDCLOUD_TOKEN_URL: http://shop.example" in result.stderr) == (3, True)
    assert not PYTHON_WORDS.search(result.stderr)


def test_insecure_url_of_a_profile_names_its_key() -> None:
    path = Path("p.toml")
    path.write_text('[x]\npublic_key = "a"\nsecret_key = "b"\nbase_url = "http://shop.example"\n')
    path.chmod(0o600)
    result = run("--config p.toml integrations list")
    assert result.exit_code == 3
    assert "Invalid profile 'x' in p.toml: Invalid base_url: http://shop.example would" in result.stderr
    assert "allow_insecure_http" not in result.stderr


@pytest.mark.parametrize(
    "kind",
    [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, APIError) and value is not APIError
    ],
)
def test_advice_names_no_python_arguments(kind: type[APIError]) -> None:
    status = {"status_code": 400} if issubclass(kind, APIStatusError) else {}
    message = describe_error(kind("reason", operation="list_logs", **status))  # type: ignore[arg-type]
    assert message.startswith("list_logs failed: reason.")
    assert not PYTHON_WORDS.search(message)


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("no complete response within total_timeout=120 seconds", "no complete response within 120 seconds"),
        ("no data received within timeout=0.5 seconds", "no data received within 0.5 seconds"),
        ("the body is larger than max_response_bytes=5", "the body is larger than 5"),
    ],
)
def test_limits_are_not_named_as_arguments(reason: str, expected: str) -> None:
    assert describe_error(APIError(reason)) == f"{expected}."


@pytest.mark.parametrize(
    "advice",
    [
        "Request smaller pages, or increase max_response_bytes= if the size is expected.",
        "Check base_url, and proxies between this client and Sendcloud.",
        "Report it to the maintainers; pass on_decode_error= to skip such records.",
        "Check the network and token_url.",
    ],
)
def test_advice_of_a_single_error_names_no_python_arguments(advice: str) -> None:
    error = ResponseDecodeError("reason")
    error.advice = advice
    message = describe_error(error)
    assert not PYTHON_WORDS.search(message)
    assert ("_URL or the profile" in message) is ("url" in advice)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("must be an integer, not str", "must be an integer, not text"),
        ("must be one of a, b", "must be one of a, b"),
        ("must be text, not NoneType", "must be text, not null"),
        ("must be text, not Decimal", "must be text, not Decimal"),
        ("must have at most 3 items, got 4", "must have at most 3 items, got 4"),
    ],
)
def test_rules_name_json_types(rule: str, expected: str) -> None:
    assert describe_rule(rule) == expected


@pytest.mark.parametrize("line", ["--color never logs lst", "logs list --color always --no-such", "integrations show"])
def test_usage_error_on_a_terminal_is_one_plain_line(line: str) -> None:
    code, shown = run_on_terminal(line.split(), b"", keep_styles=True)
    assert code == 2
    assert shown.strip().startswith("error: ")
    assert "--help" in shown
    assert (shown.strip().count("\n"), "\x1b" in shown, "╭" in shown) == (0, False, False)


@pytest.mark.parametrize("line", ["", "logs"])
def test_help_without_arguments_is_not_an_error(line: str) -> None:
    result = CliRunner().invoke(app, line.split())
    assert result.exit_code == 2
    assert "Usage: " in result.output
    assert "error: " not in result.output


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("logs lst", "No such command 'lst'. Did you mean 'list'? Run sendcloud-integrations logs --help to see"),
        ("logs list --limit x", "must be an integer of at least 0, not 'x'. Run"),
        ("logs list --limit -1", "must be an integer of at least 0, not -1. Run"),
        ("logs tail --interval x", "must be a number of at least 0.1, not 'x'. Run"),
        ("logs sync --concurrency 101", "must be an integer from 1 to 100, not 101. Run"),
        ("simulate --seed x", "must be an integer, not 'x'. Run"),
        ("logs sync --if-running x", "'--if-running': 'x' is not one of 'skip', 'wait', 'take-over'. Run"),
        ("logs sync --every 0s", "Invalid value 0 for --every: must be longer than 0"),
    ],
)
def test_usage_error_names_the_rule(line: str, message: str) -> None:
    result = run(line)
    assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


class _ValidationError(Exception):
    """What Typer sets as the cause of an invalid value from version 0.28 on."""

    def errors(self) -> list[dict[str, object]]:
        return [{"input": self.args[0]}]


@pytest.mark.parametrize(
    ("message", "value", "limits", "expected"),
    [
        ("Value error, 'x' is not one of 'a', 'b'.", "x", (None, None), "'x' is not one of 'a', 'b'."),
        ("Input should be a valid integer, unable to parse", "x", (None, None), "must be an integer, not 'x'."),
        ("Input should be a valid number, unable", "x", (0.5, None), "must be a number of at least 0.5, not 'x'."),
        ("Input should be greater than or equal to 1", "-2", (1, None), "must be an integer of at least 1, not -2."),
        ("Input should be greater than or equal to 0.5", "0", (0.5, 2), "must be a number from 0.5 to 2, not 0.0."),
        ("Input should be less than or equal to 9", "10", (1, 9), "must be an integer from 1 to 9, not 10."),
    ],
)
def test_messages_of_pydantic_are_rewritten(
    message: str,
    value: str,
    limits: tuple[float | None, float | None],
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = typer.BadParameter(message)
    error.param = SimpleNamespace(min=limits[0], max=limits[1], get_error_hint=lambda *_: "'--option'")  # type: ignore[assignment]
    error.__cause__ = _ValidationError(value)
    print_usage_error(error)
    assert capsys.readouterr().err == f"error: Invalid value for '--option': {expected}\n"


def test_usage_errors_are_raised_outside_of_standalone_mode() -> None:
    result = CliRunner().invoke(app, ["logs", "lst"], standalone_mode=False)
    assert "No such command" in str(result.exception)
