"""Generates a package per document, imports it, and calls its operations."""

from __future__ import annotations

import importlib
import multiprocessing
import os
import re
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import attrs

from generator.build import generate_from
from generator.documents import DocumentError, read_document, to_single_line
from generator.naming import NamingError
from generator.normalization import UnsupportedError, get_operation_place
from generator.output import OutputError
from generator.project import GenerationError
from generator.structure import Document, iterate_operations
from specs.round_trips import RoundTrip, run_round_trips

__all__ = ["DocumentResult", "check_document", "check_folder"]

_REJECTIONS: Final = (DocumentError, NamingError, OutputError, UnsupportedError, GenerationError)


@attrs.frozen
class DocumentResult:
    """Result of one document, without its type checks.

    Attributes:
        document: Name of the file.
        package: Name of the package.
        operations: Number of operations.
        rejection: Why no package was generated; empty if it was.
        import_error: Why a module cannot be imported; empty if all can.
        round_trips: Result per operation.
    """

    document: str
    package: str
    operations: int
    rejection: str = ""
    import_error: str = ""
    round_trips: tuple[RoundTrip, ...] = ()

    @property
    def passed(self) -> int:
        """Number of operations that round-trip."""
        return sum(not one.problem for one in self.round_trips)


def check_folder(documents: Iterable[Path], out: Path) -> list[DocumentResult]:
    """Generate a package per document into a folder, import it and call its operations, on all processors."""
    paths = list(documents)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(check_document, paths, [out] * len(paths)))


def check_document(path: Path, out: Path) -> DocumentResult:
    """Generate the package of one document into a folder, import it and call its operations."""
    package = "spec_" + re.sub(r"[^0-9a-z]+", "_", path.stem.lower())
    try:
        document = read_document(path)
    except DocumentError as error:
        return DocumentResult(path.name, package, 0, rejection=to_single_line(error))
    result = DocumentResult(path.name, package, sum(1 for _ in iterate_operations(document)))
    try:
        rejected = generate_from(document, out / package, overlay=None, skip_unsupported=True)
    except _REJECTIONS as error:
        return attrs.evolve(result, rejection=to_single_line(error))
    checked = _check_package(result, document, out)
    if checked.import_error:
        return checked
    skipped = []
    for one in rejected:
        place = get_operation_place(one.path, one.method)
        skipped.append(RoundTrip(place, one.reason.removeprefix(f"{place}: ")))
    trips = (*skipped, *checked.round_trips)
    return attrs.evolve(checked, operations=len(trips), round_trips=trips)


def _check_package(result: DocumentResult, document: Document, out: Path) -> DocumentResult:
    sys.path.insert(0, str(out))
    try:
        for path in sorted((out / result.package).rglob("*.py")):
            importlib.import_module(".".join(path.relative_to(out).with_suffix("").parts).removesuffix(".__init__"))
    except Exception as error:  # whatever an import raises is a result
        return attrs.evolve(result, import_error=f"{type(error).__name__}: {to_single_line(error)}")
    finally:
        sys.path.remove(str(out))
    return attrs.evolve(result, round_trips=tuple(run_round_trips(result.package, document)))
