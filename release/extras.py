"""Install the wheel with each extra in a fresh environment, and run a program that uses the extra."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from release.artifacts import Artifacts

__all__ = ["PROGRAMS", "check_extras", "find_environment_python"]

_WORKERS: Final = 2
_CLIENT: Final = (
    "import sendcloud_integrations_client as package\n"
    "for name in package.__all__: getattr(package, name)\n"
    "auth = package.BasicAuth('public', 'secret')\n"
)
# One program per extra; the empty name is an installation without extras.
PROGRAMS: Final = {
    "": _CLIENT + "package.SendcloudIntegrations(auth=auth)",
    "aiohttp": _CLIENT + "package.SendcloudIntegrations(auth=auth, transport='aiohttp')",
    "cli": "import sendcloud_integrations_client.cli.application",
    "http2": _CLIENT + "package.SendcloudIntegrations(auth=auth, http2=True)",
    "postgresql": (
        "from sendcloud_integrations_client.sync import LogStore\nLogStore('postgresql://user@localhost/database')"
    ),
    "redis": (
        "from sendcloud_integrations_client.distributed import RedisRateLimiter\n"
        "RedisRateLimiter('redis://localhost:6379/0')"
    ),
    "report": "from sendcloud_integrations_client.report import gather_figures, render_page",
    "sync": "from sendcloud_integrations_client.sync import LogStore\nLogStore('logs.db')",
    "testing": "from sendcloud_integrations_client.testing import SimulatedSendcloud, serve\nSimulatedSendcloud()",
    "worker": (
        "from sendcloud_integrations_client.sync import LogStore\n"
        "from sendcloud_integrations_client.worker import sync_tasks\n"
        "sync_tasks([], LogStore('postgresql://user@localhost/database'))"
    ),
}


def check_extras(artifacts: Artifacts) -> list[str]:
    """Return the problems of each extra. Takes some minutes, because each one gets its own environment."""
    extras = {str(extra) for extra in artifacts.metadata.provides_extra or ()}
    problems = [f"release/extras.py has no program for the extra {extra}." for extra in sorted(extras - {*PROGRAMS})]
    problems += [f"The metadata has no extra {extra}." for extra in sorted({*PROGRAMS} - extras - {""})]
    with ThreadPoolExecutor(_WORKERS) as pool:
        for found in pool.map(lambda extra: _check_extra(artifacts.wheel, extra), sorted({"", *extras} & {*PROGRAMS})):
            problems += found
    return problems


def find_environment_python(folder: Path) -> Path:
    """Return the path of the interpreter of a virtual environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _check_extra(wheel: Path, extra: str) -> list[str]:
    requirement = f"{wheel}[{extra}]" if extra else str(wheel)
    with tempfile.TemporaryDirectory(prefix="release-") as folder:
        python = str(find_environment_python(Path(folder) / "venv"))
        steps = {
            "create an environment": [sys.executable, "-m", "venv", str(Path(folder) / "venv")],
            "install": [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", requirement],
            "pip check": [python, "-m", "pip", "check", "--disable-pip-version-check"],
            "import": [python, "-I", "-W", "error", "-c", PROGRAMS[extra]],
        }
        if extra in {"cli", "report"}:
            command = str(Path(python).with_name("sendcloud-integrations"))
            steps["run the command"] = [command, "--version"]
        for step, arguments in steps.items():
            done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                name = f"The extra {extra}" if extra else "The package without extras"
                lines = re.sub(r"\s*\n\s*", "; ", (done.stderr or done.stdout).strip())
                return [f"{name} failed to {step}: {lines[-500:]}"]
    return []
