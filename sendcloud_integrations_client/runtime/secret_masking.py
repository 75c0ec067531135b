"""Masks the credentials of a request in what a server sends back, in every spelling that a server may use."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, cast

import httpx

from sendcloud_integrations_client.runtime.operations import SECRETS_EXTENSION

__all__ = [
    "collect_request_secrets",
    "collect_secrets",
    "get_printable_cause",
    "mask_bytes",
    "mask_text",
    "mask_value",
    "may_contain_secret",
]

_MASK: Final = "***"
_SHORTEST_SECRET: Final = 4
_ALPHANUMERIC: Final = re.compile(r"[A-Za-z0-9]+")


def collect_request_secrets(request: httpx.Request) -> tuple[str, ...]:
    """Return the secrets that a request carries."""
    others = tuple(reveal() for reveal in request.extensions.get(SECRETS_EXTENSION, ()))
    return (*collect_secrets(request.headers.get("authorization")), *others)


@lru_cache(maxsize=16)  # a page can have a hundred thousand invalid records
def collect_secrets(authorization: str | None) -> tuple[str, ...]:
    """Return the secrets in the `Authorization` header of a request, longest first.

    Args:
        authorization: Value of the header; None if the request has none.

    Returns:
        The header's value, the token or encoded key pair in it, and the secret key of a key pair.
    """
    if not authorization:
        return ()
    scheme, _, token = authorization.partition(" ")
    secrets = {authorization, token}
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(token, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        secrets |= {pair, pair.partition(":")[2]}
    return tuple(sorted((secret for secret in secrets if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True))


def mask_text(text: str, secrets: Iterable[str]) -> str:
    """Replace each secret in `text` by `***`: plain, percent-encoded, and escaped as in JSON, HTML or XML."""
    return _build_masker(tuple(secrets)).mask(text)


def mask_bytes(content: bytes, secrets: Iterable[str]) -> bytes:
    """Replace each secret in `content`, which is UTF-8, by `***`; see `mask_text`."""
    masker = _build_masker(tuple(_to_latin_1(secret) for secret in secrets))
    return masker.mask(content.decode("latin-1")).encode("latin-1")


def may_contain_secret(content: bytes, secrets: Iterable[str]) -> bool:
    """Return whether a secret may be in `content`; False is certain, unless letters or digits are escaped."""
    return _build_masker(tuple(secrets)).may_be_in(content.decode("latin-1"))


def mask_value(value: Any, secrets: Iterable[str]) -> Any:
    """Return a copy of a JSON value in which each secret in a text or a key is masked; see `mask_text`."""
    if not isinstance(value, (str, list, dict)):
        return value
    mask = _build_masker(tuple(secrets)).mask
    copied: list[Any] = [value]
    pending: list[list[Any] | dict[Any, Any]] = [copied]  # a loop: a value can be nested deeper than Python's stack
    while pending:
        container: Any = pending.pop()
        is_object = hasattr(container, "items")
        entries: list[tuple[Any, Any]] = list(
            container.items() if is_object else enumerate(cast("list[Any]", container))
        )
        for key, item in entries:
            if isinstance(item, (list, dict)):
                inner = cast(Any, item).copy()
                container[key] = inner
                pending.append(inner)
            elif isinstance(item, str):
                container[key] = mask(item)
        if is_object and any(mask(key) != key for key, _ in entries):
            masked: dict[Any, Any] = {mask(key): container[key] for key, _ in entries}
            container.clear()
            container.update(masked)
    return copied[0]


def get_printable_cause(error: BaseException, secrets: Iterable[str]) -> BaseException:
    """Return an error of httpx to be the cause of another one, so that a printed traceback shows no secret.

    Returns:
        `error`, or, if its text or that of an error that caused it contains a secret, a copy without these.
    """
    mask = _build_masker(tuple(secrets)).mask
    current: BaseException | None = error
    while current is not None:
        text = str(current)
        if mask(text) != text:
            copied = type(error)(mask(str(error)))
            if isinstance(error, httpx.RequestError) and isinstance(copied, httpx.RequestError):
                with suppress(RuntimeError):  # the transport did not set it
                    copied.request = error.request
            return copied
        current = current.__cause__ or current.__context__
    return error


class _Masker:
    """Masks some secrets.

    Letters and digits have one spelling, so a text without the longest run of them of any secret has no secret. That is
    quick to find out, and the rule for most texts.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        secrets = [secret for secret in secrets if secret]
        runs = {max(_ALPHANUMERIC.findall(secret), key=len, default="") for secret in secrets}
        self._runs = [run for run in runs if not any(other != run and other in run for other in runs)]
        self._pattern = re.compile("|".join("".join(map(_spell, secret)) for secret in secrets))

    def may_be_in(self, text: str) -> bool:
        return any(run in text for run in self._runs)

    def mask(self, text: str) -> str:
        return self._pattern.sub(_MASK, text) if self.may_be_in(text) else text


@lru_cache(maxsize=16)
def _build_masker(secrets: tuple[str, ...]) -> _Masker:
    return _Masker(secrets)


def _spell(character: str) -> str:
    """Return a pattern of the spellings of one character."""
    if character.isascii() and character.isalnum():
        return character
    code = ord(character)
    spellings = [rf"\\?{re.escape(character)}"]
    spellings += ["".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))]
    units = character.encode("utf-16-be", "surrogatepass").hex()
    spellings += ["".join(rf"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))]
    spellings += [re.escape(json.dumps(character)[1:-1]), f"&#x0*{code:x};", f"&#0*{code};"]
    if character == " ":
        spellings.append(r"\+")
    return f"(?i:{'|'.join(spellings)})"


def _to_latin_1(secret: str) -> str:
    return secret.encode("utf-8", "surrogatepass").decode("latin-1")
