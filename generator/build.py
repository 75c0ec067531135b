"""Generate the package from an OpenAPI document, for `make generate` and `make check-generated`."""

from __future__ import annotations

import filecmp
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from generator.base_urls import find_untrusted_origins, get_trusted_origins, plan_server
from generator.clashes import Clash, format_clashes
from generator.client_plan import plan_client
from generator.document_model import DocumentModelError
from generator.documents import DocumentError, parse_yaml, read_document, to_single_line, validate
from generator.model_plans import build_class_plans
from generator.naming import name_document
from generator.normalization import UnsupportedError, normalize
from generator.output import replace_folder, write_folder
from generator.overlay import apply_overlay
from generator.plans import build_plans
from generator.project import ClientProject
from generator.security import plan_security
from generator.structure import Document, StructureError, resolve
from generator.support_checks import check_supported
from generator.unsupported_operations import RejectedOperation, remove_unsupported_operations

__all__ = [
    "GENERATED",
    "OPENAPI_DOCUMENT",
    "OVERLAY",
    "apply_project_overlay",
    "find_differences",
    "generate",
    "generate_from",
    "name_read_document",
    "prepare_document",
    "read_overlay",
    "replace_folder",
]

_ROOT: Final = Path(__file__).resolve().parent.parent
OPENAPI_DOCUMENT: Final = _ROOT / "openapi" / "sendcloud-v3-integrations.yml"
GENERATED: Final = _ROOT / "sendcloud_integrations_client" / "generated"
OVERLAY: Final = _ROOT / "openapi" / "overlay.yml"
_TEMPLATES: Final = _ROOT / "openapi" / "templates"
_TOO_DEEP: Final = "a schema contains itself without end, or is nested too deeply"


def generate(
    source: str | Path,
    out: Path,
    *,
    overlay: Path | None = OVERLAY,
    has_client: bool = True,
    skip_unsupported: bool = False,
    notify: Callable[[str], None] | None = None,
) -> list[RejectedOperation]:
    """Generate the package for an OpenAPI document.

    Args:
        source: Path or URL of the document.
        out: Folder of the package: new, empty, or generated before. It is replaced only if the generation succeeds.
        overlay: Path of the overlay; None applies no overlay. Defaults to `openapi/overlay.yml`.
        has_client: Whether the package has a client class. The client of our document is written by hand. Defaults to
            True.
        skip_unsupported: Whether operations that are not supported are skipped. Defaults to False: one such operation
            raises an error, and nothing is generated.
        notify: Called with each message about the result: operations that were skipped, names that were taken, origins
            that are not trusted.

    Returns:
        The operations that were skipped.

    Raises:
        DocumentError: The document cannot be read, or is not valid OpenAPI before or after the overlay is applied.
        OverlayError: An action of the overlay does not match the document.
        NamingError: The overlay sets a name that is invalid or taken.
        UnsupportedError: The document contains a construct that is not supported.
        OutputError: The folder contains other files, or cannot be written.
        GenerationError: The generated code is not valid, which is a bug of the generator.
    """
    return generate_from(
        read_document(source),
        out,
        overlay=overlay,
        has_client=has_client,
        skip_unsupported=skip_unsupported,
        notify=notify,
    )


def generate_from(
    document: Document,
    out: Path,
    *,
    overlay: Path | None = OVERLAY,
    has_client: bool = True,
    is_strict: bool = True,
    skip_unsupported: bool = False,
    notify: Callable[[str], None] | None = None,
) -> list[RejectedOperation]:
    """Generate the package for a document that was read before. See `generate`.

    With `is_strict=False`, actions of the overlay that match nothing are skipped.
    """
    actions = read_overlay(overlay)
    # An origin that our own overlay trusts is trusted in every document.
    trusted = get_trusted_origins(actions) | get_trusted_origins(read_overlay(OVERLAY))
    applied = document if actions is None else _apply(document, actions, is_strict=is_strict)
    clashes: list[Clash] = []
    with write_folder(out) as fresh:
        try:
            normalized, rejected = _normalize(applied, skip_unsupported=skip_unsupported)
            named, server = _name(normalized, clashes), plan_server(applied, trusted)
            client = plan_client(normalized) if has_client else None
            project = ClientProject(named, server, client, _TEMPLATES, fresh)
        except DocumentModelError as error:
            raise DocumentError(f"{to_single_line(error)}. openapi-python-client does not support it.") from error
        project.build()
    if notify is not None:
        for message in [*map(str, rejected), *_describe_origins(applied, trusted), *format_clashes(clashes)]:
            notify(message)
    return rejected


def prepare_document(source: str | Path) -> dict[str, Any]:
    """Return the document at a path or URL, with the overlay applied and all schemas and operations named."""
    return _name(_normalize(apply_project_overlay(read_document(source)))[0], [])


def name_read_document(document: Document, *, skip_unsupported: bool = False) -> Document:
    """Return a document that was read before, without an overlay, with all schemas and operations named."""
    return _name(_normalize(document, skip_unsupported=skip_unsupported)[0], [])


def apply_project_overlay(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of `document` with `openapi/overlay.yml` applied."""
    return _apply(document, parse_yaml(OVERLAY.read_bytes(), OVERLAY.name))


def read_overlay(path: Path | None) -> dict[str, Any] | None:
    """Return the overlay at a path; None for None."""
    if path is None:
        return None
    overlay: dict[str, Any] = parse_yaml(path.read_bytes(), path.name)
    return overlay


def find_differences(one: Path, other: Path) -> list[str]:
    """Return the relative paths of files whose bytes differ between two folders, without `__pycache__`."""
    names = sorted(set(_iterate_files(one)) | set(_iterate_files(other)))
    return [
        name
        for name in names
        if not (one / name).is_file()
        or not (other / name).is_file()
        or not filecmp.cmp(one / name, other / name, shallow=False)
    ]


def _apply(document: Document, actions: dict[str, Any], *, is_strict: bool = True) -> Document:
    applied: Document = apply_overlay(document, actions, strict=is_strict)
    validate(applied, "the document with the overlay")
    return applied


def _normalize(document: Document, *, skip_unsupported: bool = False) -> tuple[Document, list[RejectedOperation]]:
    """Return the normalized document, and the operations that were skipped."""
    try:
        if not skip_unsupported:
            return normalize(document), []
        supported, rejected = remove_unsupported_operations(normalize(document, skip_trace=True), _prepare)
        traces = [path for path, item in document.get("paths", {}).items() if "trace" in resolve(document, item)]
        return supported, [
            *rejected,
            *(RejectedOperation(path, "trace", "the method TRACE is not supported") for path in traces),
        ]
    except StructureError as error:
        raise UnsupportedError(to_single_line(error)) from error
    except RecursionError:
        raise UnsupportedError(_TOO_DEEP) from None


def _prepare(normalized: Document) -> None:
    """Do everything that can reject an operation."""
    plan_security(normalized)
    check_supported(normalized)
    named = name_document(normalized)
    build_class_plans(named, build_plans(named))


def _name(normalized: Document, clashes: list[Clash]) -> Document:
    try:
        check_supported(normalized)
        return name_document(normalized, clashes)
    except StructureError as error:
        raise UnsupportedError(to_single_line(error)) from error
    except RecursionError:
        raise UnsupportedError(_TOO_DEEP) from None


def _describe_origins(document: Document, trusted: frozenset[str]) -> list[str]:
    return [
        f"{place}: the overlay does not trust the origin {origin}; the client does not use it by default. "
        f"To trust it, add to the overlay: {{x-trusted-origins: [{origin}]}}"
        for origin, place in find_untrusted_origins(document, trusted).items()
    ]


def _iterate_files(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(folder).as_posix()
