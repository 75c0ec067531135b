"""`Call` and `Response`: what is a success, and what is known of a call."""

from __future__ import annotations

import httpx
import pytest

from sendcloud_integrations_client import Operation, Response
from sendcloud_integrations_client.runtime.operations import CALL_EXTENSION, Call, build_response, get_call

RETRIEVE = Operation("retrieve_thing", "GET", "/things/{id}", frozenset({200, 304}), safe=True, idempotent=True)


@pytest.mark.parametrize(("status", "is_success"), [(199, False), (200, True), (299, True), (300, False), (304, True)])
def test_documented_statuses_and_every_2xx_are_successes(status: int, is_success: bool) -> None:
    assert Call(RETRIEVE).is_success(status) is is_success


def test_response_has_the_attempts_of_its_call() -> None:
    call = Call(RETRIEVE, attempts=3)
    request = httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: call})
    assert build_response(httpx.Response(200, request=request), None).attempts == 3


def test_response_to_a_request_without_a_call_has_one_attempt() -> None:
    request = httpx.Request("GET", "https://x.example/")
    assert get_call(request) is None
    assert build_response(httpx.Response(200, request=request), None).attempts == 1


def test_response_has_one_attempt_by_default() -> None:
    assert Response(None, 200, httpx.Headers()).attempts == 1
