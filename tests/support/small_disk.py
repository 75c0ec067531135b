"""Prunes an SQLite file on a file system with little free space: `python -m tests.support.small_disk FOLDER`.

Runs in a separate mount namespace, as in `unshare --map-root-user --mount`, so the file system disappears with the
process. The folder becomes its mount point. Exits with status 77 if file systems cannot be mounted. Prints the summary
as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, text

from benchmarks.pruning import fill_store
from sendcloud_integrations_client.sync import LogStore, prune_store
from sendcloud_integrations_client.sync.schema import log

SIZE = 200_000_000  # bytes
FREE_SPACE = 20_000_000  # bytes
OLD, NEW = 46_000, 14_000
CANNOT_MOUNT = 77


async def prune(folder: Path) -> dict[str, object]:
    """Fill a store, fill the disk, and prune the store."""
    async with LogStore(folder / "logs.db") as store:
        await fill_store(store, OLD, NEW)
    with (folder / "other-data").open("wb") as other:
        os.posix_fallocate(other.fileno(), 0, shutil.disk_usage(folder).free - FREE_SPACE)
    free, size = shutil.disk_usage(folder).free, (folder / "logs.db").stat().st_size
    async with LogStore(folder / "logs.db") as store:
        summary = await prune_store(store, timedelta(days=30))
        async with store.maintaining() as connection:
            integrity = await connection.scalar(text("PRAGMA integrity_check"))
        async with store.reading() as connection:
            kept = await connection.scalar(select(func.count()).select_from(log))
    return {
        "deleted": summary.deleted,
        "released": summary.released_bytes,
        "size": size,
        "free": free,
        "kept": kept,
        "integrity": integrity,
    }


def main() -> None:
    folder = Path(sys.argv[1])
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        sys.exit(CANNOT_MOUNT)
    print(json.dumps(asyncio.run(prune(folder))))


if __name__ == "__main__":
    main()
