"""Build the wheel and the source distribution into dist/, and check them. Same as `make release-check`.

Prints one line per check. The exit code is 1 if a check finds a problem.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from release.artifacts import (
    Artifacts,
    build,
    check_metadata,
    check_project_url,
    check_readme,
    check_sdist_contents,
    check_wheel_contents,
)
from release.changelog import check_changelog
from release.extras import check_extras

_ROOT: Final = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Run all checks.

    Args:
        arguments: Command-line arguments; defaults to those of the process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m release", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tag", default="", help="tag of the release, such as v0.2.0: also checks the date")
    parser.add_argument("--folder", default=_ROOT / "dist", type=Path, help="folder of the distributions")
    options = parser.parse_args(arguments)
    try:
        artifacts = build(_ROOT, options.folder)
    except subprocess.CalledProcessError as error:
        print(f"The build failed:\n{error.stderr or error.stdout}", file=sys.stderr)
        return 1
    print(f"Built {artifacts.wheel.name} and {artifacts.sdist.name}.")
    return 1 if run_checks(artifacts, options.tag) else 0


def run_checks(artifacts: Artifacts, tag: str = "") -> list[str]:
    """Print the result of each check, and return the problems."""
    checks: dict[str, Callable[[], list[str]]] = {
        "metadata": lambda: check_metadata(artifacts),
        "files in the wheel": lambda: check_wheel_contents(artifacts, _ROOT),
        "files in the source distribution": lambda: check_sdist_contents(artifacts, _ROOT),
        "README as HTML": lambda: check_readme(artifacts.metadata),
        "version and changelog": lambda: check_changelog(
            (_ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), str(artifacts.metadata.version), tag
        ),
        "extras in fresh environments": lambda: check_extras(artifacts),
        "project URL": lambda: check_project_url(artifacts.metadata),
    }
    problems: list[str] = []
    for name, check in checks.items():
        found = check()
        print(f"{'failed' if found else 'ok':8}{name}", flush=True)
        problems += found
    for problem in problems:
        print(problem, file=sys.stderr)
    return problems


if __name__ == "__main__":
    sys.exit(main())
