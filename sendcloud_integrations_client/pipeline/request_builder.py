"""Builds the HTTP request of a call; the first layer of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx

from sendcloud_integrations_client.runtime.operations import Operation

__all__ = ["RequestBuilder"]

_CACHED_URLS: Final = 1024
_JSON_HEADERS: Final = {"content-type": "application/json"}


class RequestBuilder:
    """Builds the same requests as `httpx.AsyncClient.build_request` at lower cost.

    The headers that httpx merges and adds are the same for all requests of one method. They are taken from one request
    that httpx built, and built again when the client's headers or its base URL have changed.

    Args:
        http: The client that sends the requests. Its headers, query parameters and base URL are applied.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._built_for: tuple[httpx.URL, list[tuple[bytes, bytes]]] | None = None
        self._prefix: str | None = None
        self._headers: dict[tuple[str, bool], httpx.Headers] = {}
        # Parsing a URL costs a third of a request. Web backends repeat the same URLs.
        self._parse_url = lru_cache(maxsize=_CACHED_URLS)(httpx.URL)

    def build(
        self,
        operation: Operation,
        path: str,
        query: Mapping[str, str] | str | None,
        content: bytes | None,
        extensions: dict[str, Any],
    ) -> httpx.Request:
        """Build a request that is ready to be sent.

        Args:
            operation: The operation.
            path: The path below the base URL, filled in and escaped.
            query: Query parameters, or the encoded query.
            content: The JSON body; None sends no body.
            extensions: httpx request extensions, `timeout` among them.

        Returns:
            The request, its body loaded.
        """
        http, method = self._http, operation.method
        if query:
            # Spaces as %20: not every server reads a plus sign as a space.
            encoded = query if isinstance(query, str) else urlencode(query, quote_via=quote, safe="")
            path = f"{path}?{encoded}"
        built_for = (http.base_url, http.headers.raw)
        if built_for != self._built_for:
            self._reset(built_for)
        if self._prefix is None or http.params or content == b"":
            return self._build_with_httpx(method, path, content, extensions)
        headers = self._headers.get((method, content is not None))
        if headers is None:
            headers = self._build_with_httpx(method, path, content, extensions).headers
            self._headers[method, content is not None] = headers
        request = httpx.Request(
            method,
            self._parse_url(self._prefix + path.lstrip("/")),
            headers=headers,
            stream=httpx.ByteStream(content or b""),
            extensions=extensions,
        )
        request.headers.encoding = headers.encoding  # httpx would decode every header to find it
        request.read()
        if content is not None:
            request.headers["Content-Length"] = str(len(content))
        return request

    def _reset(self, built_for: tuple[httpx.URL, list[tuple[bytes, bytes]]]) -> None:
        base_url = built_for[0]
        has_extra_parts = base_url.userinfo or base_url.query or base_url.fragment
        self._built_for = built_for
        # A base URL without a path has no trailing slash.
        self._prefix = None if has_extra_parts else str(base_url).removesuffix("/") + "/"
        self._headers.clear()

    def _build_with_httpx(
        self,
        method: str,
        path: str,
        content: bytes | None,
        extensions: dict[str, Any],
    ) -> httpx.Request:
        headers = None if content is None else _JSON_HEADERS
        return self._http.build_request(method, path, content=content, headers=headers, extensions=extensions)
