"""Permissions of files that contain customers' data."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sendcloud_integrations_client.sync import LogStore
from sendcloud_integrations_client.sync.private_files import create_private_file, write_private_text

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no file modes")


@contextmanager
def umask(mask: int) -> Iterator[None]:
    previous = os.umask(mask)
    try:
        yield
    finally:
        os.umask(previous)


def get_mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o777])
async def test_sqlite_files_are_created_for_the_owner_only(mask: int, tmp_path: Path) -> None:
    path = tmp_path / "logs.db"
    with umask(mask):
        async with LogStore(path) as store:
            await store.migrate()
            async with store.writing(), store.reading():
                modes = {name: get_mode(tmp_path / name) for name in os.listdir(tmp_path)}
    assert modes == {"logs.db": 0o600, "logs.db-wal": 0o600, "logs.db-shm": 0o600}


async def test_existing_store_with_wider_permissions_is_reported_once_and_not_changed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "logs.db"
    path.touch()
    path.chmod(0o640)
    async with LogStore(path) as store:
        await store.migrate()
        await store.is_migrated()
        async with store.reading():
            pass
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"the data in {path}: its mode is 640. Run: chmod 600 '{path}'" in record.message
    assert get_mode(path) == 0o640


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
async def test_store_of_the_owner_only_is_not_reported(
    mode: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "logs.db"
    async with LogStore(path) as store:
        await store.migrate()
    path.chmod(mode)
    async with LogStore(path) as store:
        assert await store.is_migrated()
    assert caplog.records == []


def test_written_text_is_private_and_keeps_the_permissions_of_an_existing_file(tmp_path: Path) -> None:
    new, existing = tmp_path / "new.html", tmp_path / "existing.html"
    existing.write_text("a longer old text")
    existing.chmod(0o644)
    with umask(0):
        write_private_text(new, "text é")
        write_private_text(existing, "text é")
    assert (new.read_text("utf-8"), existing.read_text("utf-8")) == ("text é", "text é")
    assert (get_mode(new), get_mode(existing)) == (0o600, 0o644)


def test_existing_file_is_not_created_again(tmp_path: Path) -> None:
    assert create_private_file(tmp_path / "x")
    (tmp_path / "x").write_text("kept")
    assert not create_private_file(tmp_path / "x")
    assert (tmp_path / "x").read_text() == "kept"
