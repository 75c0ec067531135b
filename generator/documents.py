"""Load and validate OpenAPI documents. Each error is reported in one line."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from openapi_spec_validator import OpenAPIV31SpecValidator
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

__all__ = ["DocumentError", "fetch", "parse", "parse_yaml", "read_document", "validate"]

Document = dict[str, Any]

_TIMEOUT = 30.0
_ADVICE = "Try again later, or set SPEC to a file."


class DocumentError(Exception):
    """Raised if a document cannot be read or is not valid. The message is one line."""


def read_document(source: str | Path) -> Document:
    """Load, parse and validate the OpenAPI 3.1 document at a path or URL.

    Raises:
        DocumentError: The document cannot be read, is not YAML or JSON, is not OpenAPI 3.1, or contains a reference
            without target.
    """
    document = parse(fetch(source), str(source))
    validate(document, str(source))
    return document


def fetch(source: str | Path) -> bytes:
    """Return the bytes at a path, or at an http or https URL.

    Raises:
        DocumentError: The file cannot be read, or the server does not respond with status 200.
    """
    if isinstance(source, str) and urlsplit(source).scheme in {"http", "https"}:
        try:
            response = httpx.get(source, timeout=_TIMEOUT, follow_redirects=True)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError, socket.gaierror) as error:
            raise DocumentError(
                f"{source}: cannot be fetched ({type(error).__name__}: {_to_single_line(error)}). {_ADVICE}"
            ) from error
        if response.status_code != httpx.codes.OK:
            raise DocumentError(f"{source}: cannot be fetched (status {response.status_code}). {_ADVICE}")
        return response.content
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise DocumentError(f"{source}: cannot be read ({error.strerror or error})") from error


def parse(content: bytes, source: str) -> Document:
    """Parse an OpenAPI document into plain data.

    Args:
        content: The document as YAML or JSON.
        source: Name of the document for error messages.

    Raises:
        DocumentError: The content is not YAML, or not an OpenAPI 3.1 document.
    """
    document = parse_yaml(content, source)
    if not isinstance(document, dict) or "openapi" not in document:
        raise DocumentError(f"{source}: not an OpenAPI document (the top level has no `openapi` field)")
    if not str(document["openapi"]).startswith("3.1"):
        raise DocumentError(f"{source}: OpenAPI {document['openapi']} is not supported. Use a 3.1 document.")
    return document


def parse_yaml(content: bytes, source: str) -> Any:
    """Parse YAML 1.2, a superset of JSON, into plain data. Timestamps stay text, as in JSON.

    Raises:
        DocumentError: The content is not YAML.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _TextTimestampConstructor
    try:
        return yaml.load(content.decode("utf-8"))
    except MarkedYAMLError as error:
        position = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DocumentError(f"{source}: not YAML ({_to_single_line(error.problem or error)}{position})") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise DocumentError(f"{source}: not YAML ({_to_single_line(error)})") from error


def validate(document: Document, source: str) -> None:
    """Validate a document against the OpenAPI 3.1 schema, and check that each reference has a target.

    Raises:
        DocumentError: The document is not valid. The message contains the first error and its position.
    """
    for position, reference in _iterate_references(document):
        if not reference.startswith("#/"):
            raise DocumentError(f"{source}: {position} refers to {reference}, outside of the document")
        if not _has_target(document, reference):
            raise DocumentError(f"{source}: {position} refers to {reference}, which does not exist")
    error = next(iter(OpenAPIV31SpecValidator(document).iter_errors()), None)
    if error is not None:
        position = "/".join(str(part) for part in error.absolute_path) or "the top level"
        raise DocumentError(f"{source}: not valid OpenAPI 3.1 at {position} ({_to_single_line(error.message)})")


class _TextTimestampConstructor(SafeConstructor):
    pass


_TextTimestampConstructor.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def _iterate_references(node: object, position: str = "#") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, child in node.items():
            if name == "$ref" and isinstance(child, str):
                yield position, child
            elif name not in {"example", "examples", "default", "enum"}:
                yield from _iterate_references(child, f"{position}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _iterate_references(child, f"{position}/{index}")


def _has_target(document: Document, reference: str) -> bool:
    node: Any = document
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, dict) and name in node:
            node = node[name]
        else:
            return False
    return True


def _to_single_line(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:199]}…"
