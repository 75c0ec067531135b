"""Generate, import, type-check and call every document of a folder: `python -m specs FOLDER`.

Prints one line per document, and one line per operation that does not round-trip. Exit codes: 0 the goal is met; 1 a
document is rejected, a package does not import or type-check, or fewer than 98 percent of the operations round-trip;
2 no document was found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from specs.documents import DocumentResult, check_folder
from specs.type_checks import TypeErrors, check_types

__all__ = ["main"]

_GOAL: Final = 0.98
_SUFFIXES: Final = frozenset({".yml", ".yaml", ".json"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the documents of a folder and print the results.

    Returns:
        Exit code; see the module.
    """
    parser = argparse.ArgumentParser(prog="python -m specs", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="folder of OpenAPI documents")
    options = parser.parse_args(arguments)
    documents = sorted(path for path in options.folder.glob("*") if path.suffix in _SUFFIXES)
    if not documents:
        print(f"{options.folder}: no OpenAPI document (*.yml, *.yaml, *.json) was found.", file=sys.stderr)
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="specs-") as folder:
        results = check_folder(documents, Path(folder))
        errors = check_types(Path(folder), [one.package for one in results if not one.rejection])
    is_met = _print_results(results, errors)
    print(f"{time.monotonic() - started:.0f} s")
    return 0 if is_met else 1


def _print_results(results: Sequence[DocumentResult], errors: TypeErrors) -> bool:
    """Print the table and the reasons; return whether the goal is met."""
    width = max(len(one.document) for one in results)
    print(f"{'document':{width}}  generated  imports  mypy  pyright  operations")
    for one in results:
        states = [not one.rejection, not one.rejection and not one.import_error]
        states += [not one.rejection and one.package not in found for found in (errors.mypy, errors.pyright)]
        generated, imports, mypy, pyright = ("yes" if state else "no" for state in states)
        calls = f"{one.passed}/{one.operations}"
        print(f"{one.document:{width}}  {generated:9}  {imports:7}  {mypy:4}  {pyright:7}  {calls}")
    for one in results:
        reasons = [
            one.rejection,
            one.import_error,
            *(found.get(one.package) for found in (errors.mypy, errors.pyright)),
        ]
        for reason in filter(None, reasons):
            print(f"{one.document}: {reason}")
        for trip in one.round_trips:
            if trip.problem:
                print(f"{one.document}: {trip.operation}: {trip.problem}")
    total, passed = sum(one.operations for one in results), sum(one.passed for one in results)
    count = sum(not one.rejection for one in results)
    share = passed / total if total else 0.0
    print(f"{count} of {len(results)} documents generated; {passed} of {total} operations round-trip ({share:.1%}).")
    has_failed = any(one.rejection or one.import_error for one in results)
    return share >= _GOAL and not errors.mypy and not errors.pyright and not has_failed


if __name__ == "__main__":
    sys.exit(main())
