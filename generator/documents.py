"""Load and validate OpenAPI documents. Each error is reported in one line."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator
from openapi_spec_validator.validation.exceptions import DuplicateOperationIDError

from generator.document_model import find_error
from generator.structure import (
    Document,
    StructureError,
    format_location,
    iterate_objects,
    look_up,
    parse_reference,
    rewrite,
    strip_extensions,
)
from generator.yaml_documents import MAX_BYTES, YamlError, load_yaml

__all__ = ["DocumentError", "fetch", "parse", "parse_yaml", "read_document", "to_single_line", "validate"]

_TIMEOUT: Final = 30.0
_ADVICE: Final = "Try again later, or set SPEC to a file."
_VALIDATORS: Final = {"3.0": OpenAPIV30SpecValidator, "3.1": OpenAPIV31SpecValidator}
_MAX_SHOWN: Final = 200
_valid_digests: Final[set[bytes]] = set()
"""Digests of documents that this process has validated. An update validates the same document several times."""


class DocumentError(Exception):
    """Raised if a document cannot be read or is not valid. The message is one line."""


def read_document(source: str | Path) -> Document:
    """Load, parse and validate the OpenAPI 3.0 or 3.1 document at a path or URL.

    Vendor extensions are dropped: a document is untrusted input, and the extensions that the generator reads come from
    the overlay only.

    Raises:
        DocumentError: The document cannot be read, is not YAML or JSON, is not OpenAPI, or contains a reference without
            target.
    """
    document = parse(fetch(source), str(source))
    validate(document, str(source))
    return strip_extensions(document)


def fetch(source: str | Path) -> bytes:
    """Return the bytes at a path, or at an http or https URL.

    Raises:
        DocumentError: The file cannot be read, the server does not respond with status 200, or the document is larger
            than 8 MiB.
    """
    if isinstance(source, str) and urlsplit(source).scheme in {"http", "https"}:
        return _download(source)
    try:
        with Path(source).open("rb") as file:
            return _check_size(file.read(MAX_BYTES + 1), source)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise DocumentError(f"{to_single_line(source)}: cannot be read ({reason or to_single_line(error)})") from error


def parse(content: bytes, source: str) -> Document:
    """Parse an OpenAPI document into plain data.

    Args:
        content: The document as YAML or JSON.
        source: Name of the document for error messages.

    Raises:
        DocumentError: The content is not YAML, or not an OpenAPI 3.0 or 3.1 document.
    """
    document = parse_yaml(content, source)
    if not isinstance(document, dict) or "openapi" not in document:
        raise DocumentError(f"{source}: not an OpenAPI document (the top level has no `openapi` field)")
    if _get_version(document) not in _VALIDATORS:
        version = to_single_line(document["openapi"])
        raise DocumentError(f"{source}: OpenAPI {version} is not supported. Use a 3.0 or 3.1 document.")
    return document


def parse_yaml(content: bytes, source: str) -> Any:
    """Parse YAML 1.2, a superset of JSON, into plain data. Timestamps stay text, as in JSON.

    Raises:
        DocumentError: The content is not YAML, or exceeds a limit of size or depth.
    """
    try:
        return load_yaml(content)
    except YamlError as error:
        raise DocumentError(f"{source}: not YAML ({to_single_line(error)})") from error


def validate(document: Document, source: str) -> None:
    """Validate a document against the OpenAPI schema of its version, and check that each reference has a target.

    Two faults of published documents are accepted, because no code depends on them: defaults that do not fit their
    schema, which are only documented, and operation ids that occur twice.

    Raises:
        DocumentError: The document is not valid. The message contains the first error and its position.
    """
    try:
        digest = hashlib.sha256(repr(document).encode("utf-8", "surrogatepass")).digest()
        if digest in _valid_digests:
            return
        for location, node in iterate_objects(document):
            reference = node.get("$ref")
            if isinstance(reference, str):
                _check_reference(document, reference, f"{source}: {format_location(location)}")
        validator = _VALIDATORS[_get_version(document)](_remove_unchecked(document))
        error = next((one for one in validator.iter_errors() if not isinstance(one, DuplicateOperationIDError)), None)
    except RecursionError:
        raise DocumentError(f"{source}: a schema or a reference contains itself without end") from None
    if error is None:
        _valid_digests.add(digest)
    else:
        location, problem = tuple(error.absolute_path), str(error.message)
        if location and location[0] not in document:  # the validator locates errors of schemas within the schema only
            location, problem = find_error(document) or (location, problem)
        position = "/".join(str(part) for part in location) or "the top level"
        version = _get_version(document)
        raise DocumentError(
            f"{source}: not valid OpenAPI {version} at {to_single_line(position)} ({to_single_line(problem)})"
        )


def to_single_line(value: object) -> str:
    """Return text for a message: one line of printable characters, at most 200."""
    text = "".join(char if char.isprintable() else " " for char in str(value))
    text = " ".join(text.split())
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 1]}…"


def _download(url: str) -> bytes:
    try:
        with httpx.stream("GET", url, timeout=_TIMEOUT, follow_redirects=True) as response:
            if response.status_code != httpx.codes.OK:
                raise DocumentError(f"{url}: cannot be fetched (status {response.status_code}). {_ADVICE}")
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > MAX_BYTES:
                    break
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        reason = f"{type(error).__name__}: {to_single_line(error)}"
        raise DocumentError(f"{to_single_line(url)}: cannot be fetched ({reason}). {_ADVICE}") from error
    return _check_size(bytes(content), url)


def _check_size(content: bytes, source: str | Path) -> bytes:
    if len(content) > MAX_BYTES:
        raise DocumentError(f"{source}: larger than {MAX_BYTES // 1024 // 1024} MiB")
    return content


def _get_version(document: Document) -> str:
    return ".".join(str(document["openapi"]).split(".")[:2])


def _check_reference(document: Document, reference: str, position: str) -> None:
    shown = to_single_line(reference)
    if not reference.startswith("#/"):
        raise DocumentError(f"{to_single_line(position)} refers to {shown}, outside of the document")
    try:
        look_up(document, parse_reference(reference))
    except StructureError:
        raise DocumentError(f"{to_single_line(position)} refers to {shown}, which does not exist") from None


def _remove_unchecked(document: Document) -> Document:
    """Return a copy without the defaults of schemas, and without patterns: a hostile one takes exponential time."""
    copied: Document = rewrite(document, dict)
    for location, node in list(iterate_objects(copied)):
        if isinstance(node.get("pattern"), str):
            del node["pattern"]
        if location[-2:-1] != ("variables",):  # a variable of a server must have a default
            node.pop("default", None)
    return copied
