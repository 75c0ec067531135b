"""Find the operations of a document that the generator does not support, so that the others can be generated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from generator.documents import to_single_line
from generator.normalization import UnsupportedError, get_operation_place
from generator.structure import Document, StructureError, iterate_operations

__all__ = ["RejectedOperation", "remove_unsupported_operations"]


@attrs.frozen
class RejectedOperation:
    """An operation that is not generated.

    Attributes:
        path: Path of the operation.
        method: HTTP method in lower case.
        reason: What is not supported, in one line that names the place.
    """

    path: str
    method: str
    reason: str

    def __str__(self) -> str:
        place = get_operation_place(self.path, self.method)
        reason = self.reason if self.reason.startswith(f"{place}: ") else f"{place}: {self.reason}"
        return f"Skipped {reason}"


def remove_unsupported_operations(
    document: Document, prepare: Callable[[Document], object]
) -> tuple[Document, list[RejectedOperation]]:
    """Return a copy of a document without the operations that are not supported, and these operations.

    If the document as a whole is supported, nothing is removed. Otherwise, each operation is tried alone.

    Args:
        document: Normalized document. It is not modified.
        prepare: Does everything that can reject an operation.

    Raises:
        UnsupportedError: No operation is supported.
    """
    if _find_reason(document, prepare) is None:
        return document, []
    kept: dict[str, dict[str, Any]] = {}
    rejected: list[RejectedOperation] = []
    for path, method, operation in iterate_operations(document):
        reason = _find_reason({**document, "paths": {path: {method: operation}}}, prepare)
        if reason is None:
            kept.setdefault(path, {})[method] = operation
        else:
            rejected.append(RejectedOperation(path, method, reason))
    if not kept:
        raise UnsupportedError(f"no operation is supported; the first one: {rejected[0].reason}")
    return {**document, "paths": kept}, rejected


def _find_reason(document: Document, prepare: Callable[[Document], object]) -> str | None:
    try:
        prepare(document)
    except (UnsupportedError, StructureError) as error:
        return to_single_line(error)
    except RecursionError:
        return "a schema contains itself without end, or is nested too deeply"
    return None
