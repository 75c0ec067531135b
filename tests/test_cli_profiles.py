"""Profiles: whose credentials a command takes, and that nobody else can read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sendcloud_integrations_client import ConfigurationError
from sendcloud_integrations_client.cli.accounts import choose_account, choose_accounts, known_profiles
from sendcloud_integrations_client.cli.application import app
from sendcloud_integrations_client.cli.profiles import default_config, load_profiles

TWO = """
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

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no modes of files")


@pytest.fixture(autouse=True)
def bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def written(path: Path, content: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(mode)
    return path


def test_profiles_in_their_order(tmp_path: Path) -> None:
    found = load_profiles(written(tmp_path / "p.toml", TWO))
    assert list(found) == ["shop-nl", "shop-de"]
    assert found["shop-nl"].base_url is None
    assert found["shop-de"].base_url == "https://api.example/v3"
    assert repr(found["shop-nl"].auth) == "BasicAuth(public_key='pub-…')"
    assert "https://api.example/token" in repr(found["shop-de"].auth)
    assert "s3cret" not in repr(found)


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602, 0o644, 0o666, 0o610])
def test_a_file_that_others_can_touch_is_refused_and_says_how_to_mend_it(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "p.toml", TWO, mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_profiles(path)
    path.chmod(0o600)
    assert load_profiles(path)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "p.toml", TWO)
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigurationError, match="another user"):
        load_profiles(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[a\n", "no TOML"),
        ('public_key = "x"\n', "outside of a profile"),
        ('[a]\npublic_key = "s3cret-1"\n', "needs public_key and secret_key"),
        ('[a]\npublic_key = "x"\nsecret_key = "y"\nclient_id = "s3cret-1"\n', "only one of the two"),
        ('[a]\npublic_key = "x"\nsecret_key = 7\n', "must be text"),
        ('[a]\npublic_key = "x"\nsecret_key = ""\n', "secret_key is empty"),
        ('[a]\npublic_key = "x"\nsecret = "s3cret-1"\n', "unknown key 'secret'"),
        ('[a]\npublic_key = "x"\nsecret_key = "y"\ntoken_url = "https://x"\n', "goes with client_id"),
        ('[a]\npublic_key = "x"\nsecret_key = "y"\nbase_url = "http://api.example"\n', "https://"),
        ('[a]\npublic_key = "x"\nsecret_key = "y"\nbase_url = "https://u:s3cret-1@api.example"\n', "password"),
    ],
)
def test_a_profile_that_cannot_work_is_refused_without_its_secret(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dict(load_profiles(written(tmp_path / "p.toml", content)))
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_the_usual_place_is_the_configuration_folder_of_the_user(tmp_path: Path) -> None:
    assert default_config().name == "profiles.toml"
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert default_config() == tmp_path / "config" / "sendcloud-integrations" / "profiles.toml"


def test_a_profile_that_cannot_work_does_not_stand_in_the_way_of_another(tmp_path: Path) -> None:
    path = written(tmp_path / "p.toml", TWO + '\n[broken]\npublic_key = "half of a pair"\n')
    assert choose_account("shop-nl", path).name == "shop-nl"
    assert [one.name for one in choose_accounts(["shop-de"], every=False, config=path)] == ["shop-de"]
    with pytest.raises(ConfigurationError, match=r"'broken'.*needs public_key and secret_key"):
        choose_account("broken", path)
    with pytest.raises(ConfigurationError, match="'broken'"):
        choose_accounts([], every=True, config=path)


def test_a_mark_that_editors_write_first_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path / "p.toml", "\ufeff" + TWO)
    assert list(load_profiles(path)) == ["shop-nl", "shop-de"]


def test_the_environment_goes_before_a_profile_that_nobody_named(monkeypatch: pytest.MonkeyPatch) -> None:
    written(default_config(), TWO)
    monkeypatch.setenv("SENDCLOUD_PUBLIC_KEY", "x")
    assert choose_account(None, None).auth is None
    assert choose_account("shop-nl", None).name == "shop-nl"


def test_the_profile_called_default_or_the_only_one_is_taken(tmp_path: Path) -> None:
    path = written(default_config(), TWO)
    with pytest.raises(ConfigurationError, match="shop-nl, shop-de"):
        choose_account(None, None)
    written(path, TWO + '\n[default]\npublic_key = "a"\nsecret_key = "b"\n')
    assert choose_account(None, None).name == "default"
    written(path, '[only]\npublic_key = "a"\nsecret_key = "b"\n')
    assert choose_account(None, None).name == "only"
    other = written(tmp_path / "other.toml", TWO)
    assert choose_account("shop-de", other).base_url == "https://api.example/v3"


def test_without_any_credentials_both_ways_to_give_them_are_told() -> None:
    with pytest.raises(ConfigurationError, match=r"SENDCLOUD_PUBLIC_KEY.*profiles\.toml"):
        choose_account(None, None)
    with pytest.raises(ConfigurationError, match="no file of profiles"):
        choose_account("shop-nl", None)


def test_many_accounts(tmp_path: Path) -> None:
    path = written(tmp_path / "p.toml", TWO)
    assert [one.name for one in choose_accounts([], every=True, config=path)] == ["shop-nl", "shop-de"]
    named = choose_accounts(["shop-de", "shop-nl", "shop-de"], every=False, config=path)
    assert [one.name for one in named] == ["shop-de", "shop-nl"]
    with pytest.raises(ConfigurationError, match="no profile 'x'"):
        choose_accounts(["x"], every=False, config=path)
    with pytest.raises(ConfigurationError, match="holds no profile"):
        choose_accounts([], every=True, config=written(tmp_path / "empty.toml", ""))


def test_completion_offers_the_profiles_and_survives_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    path = written(tmp_path / "p.toml", TWO)
    assert known_profiles(path) == ["shop-nl", "shop-de"]
    assert known_profiles(written(path, "[")) == []
    assert known_profiles(tmp_path / "none.toml") == []


def test_a_command_takes_the_profile_that_it_is_told(
    sendcloud_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    profile = f'[one]\npublic_key = "public"\nsecret_key = "secret"\nbase_url = "{sendcloud_server}"\n'
    other = f'[two]\npublic_key = "public"\nsecret_key = "wr0ng"\nbase_url = "{sendcloud_server}"\n'
    path = written(tmp_path / "p.toml", profile + other)
    one = CliRunner().invoke(app, ["integrations", "list", "--profile", "one", "--config", str(path)])
    assert one.exit_code == 0, one.stderr
    two = CliRunner().invoke(
        app, ["integrations", "list"], env={"SENDCLOUD_PROFILE": "two", "SENDCLOUD_CONFIG": str(path)}
    )
    assert two.exit_code == 3
    assert "wr0ng" not in two.output


@posix
def test_a_command_refuses_a_file_that_others_can_read(tmp_path: Path) -> None:
    path = written(tmp_path / "p.toml", TWO, 0o644)
    result = CliRunner().invoke(app, ["integrations", "list", "--profile", "shop-nl", "--config", str(path)])
    assert (result.exit_code, result.stderr.count("\n")) == (3, 1)
    assert f"chmod 600 '{path}'" in result.stderr
    assert "s3cret" not in result.output
