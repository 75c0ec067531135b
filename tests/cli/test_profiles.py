"""Profiles: choice of the credentials, validation, and file permissions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sendcloud_integrations_client import ConfigurationError
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.input.accounts import (
    choose_account,
    choose_accounts,
    get_default_config_path,
    list_profile_names,
)
from sendcloud_integrations_client.profiles import load_profiles

TWO_PROFILES = """
[shop-nl]
public_key = "pub-nl"
secret_key = "s3cret-nl"

[shop-de]
client_id = "id-de"
client_secret = "s3cret-de"
base_url = "https://api.example/v3"
token_url = "https://api.example/token"
"""

VARIABLES = [
    "SENDCLOUD_PUBLIC_KEY",
    "SENDCLOUD_SECRET_KEY",
    "SENDCLOUD_CLIENT_ID",
    "SENDCLOUD_CLIENT_SECRET",
    "SENDCLOUD_BASE_URL",
    "SENDCLOUD_PROFILE",
    "SENDCLOUD_CONFIG",
]

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no file modes")


@pytest.fixture(autouse=True)
def without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def write_file(path: Path, content: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


def test_load_profiles_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    found = load_profiles(write_file(tmp_path / "p.toml", TWO_PROFILES))
    assert list(found) == ["shop-nl", "shop-de"]
    assert found["shop-nl"].base_url is None
    assert found["shop-de"].base_url == "https://api.example/v3"
    assert repr(found["shop-nl"].auth) == "BasicAuth(public_key='pub-…')"
    assert "https://api.example/token" in repr(found["shop-de"].auth)
    assert "s3cret" not in repr(found)


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602, 0o644, 0o666, 0o610])
def test_profile_file_accessible_to_others_is_rejected_with_the_fix(tmp_path: Path, mode: int) -> None:
    path = write_file(tmp_path / "p.toml", TWO_PROFILES, mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_profiles(path)
    path.chmod(0o600)
    assert load_profiles(path)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can change the owner of a file")
def test_profile_file_of_another_user_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_file(tmp_path / "p.toml", TWO_PROFILES)
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigurationError, match="another user"):
        load_profiles(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[a\n", "not valid TOML"),
        ('public_key = "x"\n', "outside of a profile"),
        ('[a]\npublic_key = "s3cret-1"\n', "Set public_key and secret_key"),
        ('[a]\npublic_key = "x"\nsecret_key = "y"\nclient_id = "s3cret-1"\n', "exactly one pair"),
        ('[a]\npublic_key = "x"\nsecret_key = 7\n', "secret_key must be a string in quotes"),
        ('[a]\npublic_key = "x"\nsecret_key = ""\n', "Invalid secret_key: must not be empty"),
        ('[a]\npublic_key = "x"\nsecret = "s3cret-1"\n', "unknown key 'secret'"),
        ('[a]\npublic_key = "x"\nsecret_key = "y"\ntoken_url = "https://x"\n', "requires client_id"),
        ('[a]\npublic_key = "x"\nsecret_key = "y"\nbase_url = "http://api.example"\n', "https://"),
        ('[a]\npublic_key = "x"\nsecret_key = "y"\nbase_url = "https://u:s3cret-1@api.example"\n', "password"),
    ],
)
def test_invalid_profile_is_rejected_without_showing_its_secret(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dict(load_profiles(write_file(tmp_path / "p.toml", content)))
    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_default_config_path_is_in_the_user_configuration_folder(tmp_path: Path) -> None:
    assert get_default_config_path().name == "profiles.toml"
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert get_default_config_path() == tmp_path / "config" / "sendcloud-integrations" / "profiles.toml"


def test_invalid_profile_does_not_affect_other_profiles(tmp_path: Path) -> None:
    path = write_file(tmp_path / "p.toml", TWO_PROFILES + '\n[broken]\npublic_key = "half of a pair"\n')
    assert choose_account("shop-nl", path).name == "shop-nl"
    assert [account.name for account in choose_accounts(["shop-de"], all_profiles=False, config=path)] == ["shop-de"]
    with pytest.raises(ConfigurationError, match=r"'broken'.*Set public_key and secret_key"):
        choose_account("broken", path)
    with pytest.raises(ConfigurationError, match="'broken'"):
        choose_accounts([], all_profiles=True, config=path)


def test_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    path = write_file(tmp_path / "p.toml", "\ufeff" + TWO_PROFILES)
    assert list(load_profiles(path)) == ["shop-nl", "shop-de"]


def test_environment_takes_precedence_unless_a_profile_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(get_default_config_path(), TWO_PROFILES)
    monkeypatch.setenv("SENDCLOUD_PUBLIC_KEY", "x")
    assert choose_account(None, None).auth is None
    assert choose_account("shop-nl", None).name == "shop-nl"


def test_profile_named_default_or_the_only_profile_is_used(tmp_path: Path) -> None:
    path = write_file(get_default_config_path(), TWO_PROFILES)
    with pytest.raises(ConfigurationError, match="shop-nl, shop-de"):
        choose_account(None, None)
    write_file(path, TWO_PROFILES + '\n[default]\npublic_key = "a"\nsecret_key = "b"\n')
    assert choose_account(None, None).name == "default"
    write_file(path, '[only]\npublic_key = "a"\nsecret_key = "b"\n')
    assert choose_account(None, None).name == "only"
    other = write_file(tmp_path / "other.toml", TWO_PROFILES)
    assert choose_account("shop-de", other).base_url == "https://api.example/v3"


def test_missing_credentials_error_names_environment_and_profile_file() -> None:
    with pytest.raises(ConfigurationError, match=r"SENDCLOUD_PUBLIC_KEY.*profiles\.toml"):
        choose_account(None, None)
    with pytest.raises(ConfigurationError, match="Profile file not found"):
        choose_account("shop-nl", None)


def test_choose_accounts_returns_each_named_profile_once(tmp_path: Path) -> None:
    path = write_file(tmp_path / "p.toml", TWO_PROFILES)
    assert [account.name for account in choose_accounts([], all_profiles=True, config=path)] == ["shop-nl", "shop-de"]
    named = choose_accounts(["shop-de", "shop-nl", "shop-de"], all_profiles=False, config=path)
    assert [account.name for account in named] == ["shop-de", "shop-nl"]
    with pytest.raises(ConfigurationError, match="no profile 'x'"):
        choose_accounts(["x"], all_profiles=False, config=path)
    with pytest.raises(ConfigurationError, match="has no profile"):
        choose_accounts([], all_profiles=True, config=write_file(tmp_path / "empty.toml", ""))


def test_list_profile_names_is_empty_for_an_unusable_file(tmp_path: Path) -> None:
    path = write_file(tmp_path / "p.toml", TWO_PROFILES)
    assert list_profile_names(path) == ["shop-nl", "shop-de"]
    assert list_profile_names(write_file(path, "[")) == []
    assert list_profile_names(tmp_path / "none.toml") == []


def test_command_uses_the_profile_from_option_or_environment(
    sendcloud_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    profile = f'[one]\npublic_key = "public"\nsecret_key = "secret"\nbase_url = "{sendcloud_server}"\n'
    other = f'[two]\npublic_key = "public"\nsecret_key = "wr0ng"\nbase_url = "{sendcloud_server}"\n'
    path = write_file(tmp_path / "p.toml", profile + other)
    one = CliRunner().invoke(app, ["integrations", "list", "--profile", "one", "--config", str(path)])
    assert one.exit_code == 0, one.stderr
    two = CliRunner().invoke(
        app, ["integrations", "list"], env={"SENDCLOUD_PROFILE": "two", "SENDCLOUD_CONFIG": str(path)}
    )
    assert two.exit_code == 3
    assert "wr0ng" not in two.output


@posix
def test_command_rejects_a_profile_file_readable_by_others(tmp_path: Path) -> None:
    path = write_file(tmp_path / "p.toml", TWO_PROFILES, 0o644)
    result = CliRunner().invoke(app, ["integrations", "list", "--profile", "shop-nl", "--config", str(path)])
    assert (result.exit_code, result.stderr.count("\n")) == (3, 1)
    assert f"chmod 600 '{path}'" in result.stderr
    assert "s3cret" not in result.output
