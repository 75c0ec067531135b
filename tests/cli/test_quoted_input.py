"""Errors quote what the user typed, but never a secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.terminal.secrets import hide_secrets, quote_value
from sendcloud_integrations_client.testing import SimulatedSendcloud


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("SENDCLOUD_PROFILE", "SENDCLOUD_CONFIG", "SENDCLOUD_DATABASE"):
        monkeypatch.delenv(name, raising=False)


def run(line: str, **env: str) -> Result:
    return CliRunner().invoke(app, line.split(), env=env | {"COLUMNS": "500"})


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ("logs report --since yesterday", "Invalid value 'yesterday' for --since: must be a timestamp"),
        ("logs report --until never", "Invalid value 'never' for --until"),
        ("logs sync --since 999999w", "Invalid value '999999w' for --since: the age is too large"),
        ("logs sync --prune-older-than 1y", "Invalid value '1y' for --prune-older-than: must be an age"),
        ("logs sync --prune-older-than 999999w", "Invalid value '999999w' for --prune-older-than: the age is too"),
        ("logs create 2 --created-at 31/01/2026", "Invalid value '31/01/2026' for --created-at"),
        ("logs sync --since 9999-12-31T23:59-12:00", "'9999-12-31T23:59-12:00' for --since: must be between the years"),
        ("statuses replace 1 --yes --status 3:Packed", "Invalid value '3:Packed' for --status: must be ID=LANG"),
        ("statuses replace 1 --yes --status 3=en:Packed", "'3=en:Packed' for --status: the language must be one of en"),
        ("integrations list --sort name", "'name'"),
        ("integrations show seven", "Invalid value for 'ID': must be an integer of at least 1, not 'seven'."),
        ("integrations show 0", "Invalid value for 'ID': must be an integer of at least 1, not '0'."),
        ("logs show x", "Invalid value for 'LOG': must be an integer of at least 1, not 'x'."),
        ("logs list -i x", "must be an integer of at least 1, not 'x'."),
        ("logs tail --interval soon", "Invalid value for '--interval': must be a number of at least 0.1, not 'soon'."),
        ("logs tail --interval 0", "must be a number of at least 0.1, not 0.0."),
        ("logs tail --last 101", "must be an integer from 0 to 100, not 101."),
        ("simulate --seed x", "Invalid value for '--seed': must be an integer, not 'x'."),
        ("simulate --port 70000", "must be an integer from 0 to 65535, not 70000."),
        ("logs list --limit -5", "must be an integer of at least 0, not -5."),
        ("logs tail --interval nan", "--interval"),  # depending on the version of Typer, it or the command reports this
        ("logs tail --interval inf", "Invalid value 'inf' for --interval"),
        ("logs list --colour never", "--colour"),
        ("logs lst", "'lst'"),
        ("logs list --profile shop-x --config p.toml", "p.toml has no profile 'shop-x'. Available: shop-nl"),
        ("logs list --profile shop-nl --config none.toml", "none.toml does not exist"),
        (f"logs show {2**63}", f"Invalid value for 'LOG': {2**63} is too large for an id."),
        (
            "logs report --since 2026-02-01 --until 2026-01-31",
            "Invalid values '2026-02-01' for --since and '2026-01-31' for --until: --since must be earlier",
        ),
        ("logs report --since 2026-02-01 --until 2026-02-01", "must be earlier"),
        ("logs report --database mysql://u:pa55word@h/d", "Invalid value 'mysql://***@h/d' for --database: Invalid d"),
        ("logs sync --database :memory:", "Invalid value ':memory:' for --database: "),
        ("logs sync --database sqlite:///:memory:", "Invalid value 'sqlite:///:memory:' for --database: "),
        ("logs sync --database postgresql:u:pa55word@h/d", "Invalid value 'postgresql:***@h/d' for --database"),
        ("logs sync postgresql://u:pa55word@h/d", "(postgresql://***@h/d)"),
        ("--profile x logs sync --databas=postgresql://u:pa55word@h/d", "--databas"),
        ("logs report host=h,password=pa55word", "(host=h,password=***"),
    ],
)
def test_error_quotes_the_input_before_any_request(line: str, quoted: str, sendcloud: SimulatedSendcloud) -> None:
    profiles = Path("p.toml")
    profiles.write_text("[shop-nl]\n")
    profiles.chmod(0o600)
    result = run(line)
    assert (result.exit_code, result.stdout) in ((2, ""), (3, ""))
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert quoted in result.stderr
    assert "pa55word" not in result.stderr
    assert len(sendcloud.requests) == 0
    assert [path.name for path in Path().iterdir()] == ["p.toml"]


@pytest.mark.parametrize(
    ("database", "quoted"),
    [
        (".", "error: The database . cannot be used: it is a folder."),
        ("corrupt.db", "error: The database corrupt.db cannot be used: file is not a database."),
        ("sqlite:///corrupt.db", "error: The database sqlite:///corrupt.db cannot be used: file is not a database."),
        ("postgresql://u:pa55word@127.0.0.1:1/d", "error: The database postgresql://u:***@127.0.0.1:1/d cannot be"),
    ],
)
@pytest.mark.parametrize("command", ["logs report", "logs show 5"])
def test_unusable_database_is_one_line(command: str, database: str, quoted: str) -> None:
    corrupt = Path("corrupt.db")
    corrupt.write_bytes(b"no database " * 100)
    corrupt.chmod(0o600)
    result = run(f"{command} --database {database}")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert result.stderr.startswith(quoted)
    assert "LogStore" not in result.stderr
    assert "pa55word" not in run(f"{command} --database {database} --verbose").stderr


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.parametrize(("database", "problem"), [(".", "it is a folder"), ("corrupt.db", "file is not a database")])
def test_sync_checks_the_database_before_any_request(
    database: str, problem: str, sendcloud: SimulatedSendcloud
) -> None:
    corrupt = Path("corrupt.db")
    corrupt.write_bytes(b"no database " * 100)
    corrupt.chmod(0o600)
    result = run(f"logs sync --database {database}")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert result.stderr.startswith(f"error: The database {database} cannot be used: {problem}.")
    assert len(sendcloud.requests) == 0


@pytest.mark.usefixtures("sendcloud_server")
@pytest.mark.sendcloud(integrations=1, logs=1)
def test_missing_folder_of_the_database_is_one_line() -> None:
    expected = "error: The database no/such/x.db cannot be used: its folder does not exist. Pass another path with"
    for option in ("--json", "--dry-run", "--color always"):
        result = run(f"logs sync --database no/such/x.db {option}")
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
        assert result.stderr.startswith(expected)


def test_secrets_of_the_environment_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SENDCLOUD_SECRET_KEY", "an-actual-secret")
    result = run("integrations list an-actual-secret")
    assert result.exit_code == 2
    assert "unexpected extra argument" in result.stderr
    assert "an-actual-secret" not in result.stderr
    assert hide_secrets("x=an-actual-secret") == "x=***"


PASSWORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12).map(
    lambda text: f"S3{text}CRET"
)


@given(
    PASSWORDS,
    st.sampled_from(["postgresql://u:{}@h/d", "mysql:{}@h", "pg:/u:{}@h/d?x=1", "postgresql://h/d?password={}"]),
)
@example("a@b:c/d?e#f", "postgresql://u:{}@h/d")
@example("p@ss", "postgresql://h/d?password={}")
def test_no_part_of_a_password_is_quoted(password: str, url: str) -> None:
    quoted = quote_value(url.format(password))
    assert "S3" not in quoted
    assert "CRET" not in quoted
    assert "***" in quoted


@given(st.text(st.characters(exclude_characters="@:="), max_size=30))
def test_text_without_credentials_is_quoted_unchanged(text: str) -> None:
    assert quote_value(text) == repr(text)


@pytest.mark.parametrize("text", ["logs.db", "C:\\logs.db", "sqlite:///logs.db", "postgresql://host:5432/logs", "9:30"])
def test_url_without_a_password_is_quoted_unchanged(text: str) -> None:
    assert quote_value(text) == repr(text)
