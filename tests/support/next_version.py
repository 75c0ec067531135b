"""A copy of the package that differs as a newer version could, to run beside the version under test."""

from __future__ import annotations

import shutil
from pathlib import Path

import sendcloud_integrations_client

__all__ = ["create_next_version"]

_CHANGES = {
    "worker/process.py": {'"Worker started: %d slots."': '"Next worker started: %d slots."'},
    "worker/tasks.py": {
        '"Sync of account %s: %d new logs': '"Next sync of account %s: %d new logs',
        "defer_async(account=account)": 'defer_async(account=account, source="account")',
        "account: str, **arguments: object": 'account: str, source: str = "account", **arguments: object',
    },
    "worker/account_state.py": {
        'Column("is_permanent", Boolean),': 'Column("is_permanent", Boolean), Column("priority", Integer),',
        "    is_permanent: bool | None\n": "    is_permanent: bool | None\n    priority: int | None\n",
        "    await connection.run_sync(_metadata.create_all)\n": (
            "    await connection.run_sync(_metadata.create_all)\n"
            "    await connection.exec_driver_sql(\n"
            '        "ALTER TABLE worker_account ADD COLUMN IF NOT EXISTS priority integer NOT NULL DEFAULT 0"\n'
            "    )\n"
        ),
    },
}
_MIGRATION = '''"""Add the severity of logs."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("log", Column("severity", Text))
'''


def create_next_version(folder: Path, *, migrates: bool) -> Path:
    """Create the package of the next version: its jobs have one more argument, and its table one more column.

    Args:
        folder: Folder for the package. It must be empty.
        migrates: Whether the version also migrates the tables of the logs.

    Returns:
        The folder, for `PYTHONPATH`.
    """
    source = Path(sendcloud_integrations_client.__file__).parent
    package = folder / source.name
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    changes = dict(_CHANGES)
    if migrates:
        changes["sync/store.py"] = {'SCHEMA_REVISION: Final = "0004"': 'SCHEMA_REVISION: Final = "0005"'}
        (package / "sync" / "migrations" / "versions" / "severity.py").write_text(_MIGRATION)
    for name, replacements in changes.items():
        text = (package / name).read_text()
        for old, new in replacements.items():
            assert text.count(old) == 1, f"{name} does not contain this text once: {old}"
            text = text.replace(old, new)
        (package / name).write_text(text)
    return folder
