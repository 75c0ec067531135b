"""Accounts of workers: a profile file that changes, lists and functions."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sendcloud_integrations_client import BasicAuth
from sendcloud_integrations_client.errors import ConfigurationError
from sendcloud_integrations_client.profiles import Account
from sendcloud_integrations_client.worker import ProfileFile
from sendcloud_integrations_client.worker.account_source import read_accounts

PROFILE = '[{}]\npublic_key = "p"\nsecret_key = "{}"\n'


def replace(path: Path, text: str) -> None:
    """Replace a file as a whole, as Kubernetes does with a mounted secret."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.chmod(0o600)
    os.replace(new, path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "profiles.toml"
    replace(path, PROFILE.format("one", "s"))
    return path


async def test_a_changed_file_is_read_again(path: Path) -> None:
    source = ProfileFile(path)
    first = await read_accounts(source)
    assert (await read_accounts(source))["one"] is first["one"]
    replace(path, PROFILE.format("one", "rotated") + PROFILE.format("two", "s"))
    second = await read_accounts(source)
    assert list(second) == ["one", "two"]
    assert len(second) == 2
    assert second["one"] is not first["one"]


async def test_an_invalid_file_leaves_the_accounts_in_use(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = ProfileFile(path)
    replace(path, "not [ TOML")
    assert list(await read_accounts(source)) == ["one"]
    assert list(await read_accounts(source)) == ["one"]
    assert caplog.text.count("was not read again") == 1
    os.remove(path)
    assert list(await read_accounts(source)) == ["one"]
    replace(path, PROFILE.format("two", "s"))
    assert list(await read_accounts(source)) == ["two"]


async def test_reload_reads_an_unchanged_file(path: Path) -> None:
    source = ProfileFile(path)
    first = (await read_accounts(source))["one"]
    source.reload()
    assert (await read_accounts(source))["one"] is not first


async def test_a_missing_file_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ProfileFile(tmp_path / "missing.toml")


async def test_lists_mappings_and_functions_are_sources() -> None:
    account = Account("one", BasicAuth("p", "s"))

    async def load() -> list[Account]:
        return [account]

    for source in ([account], {"one": account}, lambda: [account], load):
        assert await read_accounts(source) == {"one": account}


async def test_two_accounts_with_one_name_are_rejected() -> None:
    with pytest.raises(ConfigurationError, match="two have the name 'one'"):
        await read_accounts([Account("one"), Account("one")])
