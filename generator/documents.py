"""Load and validate OpenAPI documents; whatever is wrong with one is said in one line."""

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
_ADVICE = "Try again later, or name a file with SPEC=."


class DocumentError(Exception):
    """A document that cannot be used; its text is one line for a person."""


def read_document(source: str | Path) -> Document:
    """Load, parse and validate the OpenAPI 3.1 document at a path or an address.

    Raises:
        DocumentError: It is not there, not YAML or JSON, not OpenAPI 3.1, or holds a reference to nothing.
    """
    document = parse(fetch(source), str(source))
    validate(document, str(source))
    return document


def fetch(source: str | Path) -> bytes:
    """The bytes at a path, or at an http or https address.

    Raises:
        DocumentError: There is no such file, or no good answer.
    """
    if isinstance(source, str) and urlsplit(source).scheme in {"http", "https"}:
        try:
            response = httpx.get(source, timeout=_TIMEOUT, follow_redirects=True)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError, socket.gaierror) as error:
            raise DocumentError(
                f"{source}: cannot be fetched ({type(error).__name__}: {_line(error)}). {_ADVICE}"
            ) from error
        if response.status_code != httpx.codes.OK:
            raise DocumentError(f"{source}: cannot be fetched (the server answered {response.status_code}). {_ADVICE}")
        return response.content
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise DocumentError(f"{source}: cannot be read ({error.strerror or error})") from error


def parse(content: bytes, source: str) -> Document:
    """An OpenAPI document as plain data.

    Raises:
        DocumentError: It is not YAML, or not an OpenAPI 3.1 document.
    """
    document = parse_yaml(content, source)
    if not isinstance(document, dict) or "openapi" not in document:
        raise DocumentError(f"{source}: not an OpenAPI document (it has no `openapi` at its top)")
    if not str(document["openapi"]).startswith("3.1"):
        raise DocumentError(f"{source}: OpenAPI {document['openapi']}, where 3.1 is needed")
    return document


def parse_yaml(content: bytes, source: str) -> Any:
    """YAML 1.2 (and so JSON) as plain data; timestamps stay text, as they are on the wire.

    Raises:
        DocumentError: It is not YAML.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _TextTimestamps
    try:
        return yaml.load(content.decode("utf-8"))
    except MarkedYAMLError as error:
        place = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise DocumentError(f"{source}: not YAML ({_line(error.problem or error)}{place})") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise DocumentError(f"{source}: not YAML ({_line(error)})") from error


def validate(document: Document, source: str) -> None:
    """Check a document against the OpenAPI 3.1 schema, and that each of its references leads somewhere.

    Raises:
        DocumentError: Names the first fault and where it stands.
    """
    for at, reference in _references(document):
        if not reference.startswith("#/"):
            raise DocumentError(f"{source}: {at} refers to {reference}, outside of the document")
        if not _leads_somewhere(document, reference):
            raise DocumentError(f"{source}: {at} refers to {reference}, which does not exist")
    error = next(iter(OpenAPIV31SpecValidator(document).iter_errors()), None)
    if error is not None:
        at = "/".join(str(part) for part in error.absolute_path) or "the top"
        raise DocumentError(f"{source}: not valid OpenAPI 3.1 at {at} ({_line(error.message)})")


class _TextTimestamps(SafeConstructor):
    pass


_TextTimestamps.add_constructor("tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str)


def _references(node: object, at: str = "#") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, child in node.items():
            if name == "$ref" and isinstance(child, str):
                yield at, child
            elif name not in {"example", "examples", "default", "enum"}:
                yield from _references(child, f"{at}/{name}")
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _references(child, f"{at}/{index}")


def _leads_somewhere(document: Document, reference: str) -> bool:
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


def _line(error: object) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else f"{text[:199]}…"
