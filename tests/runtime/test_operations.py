"""`Call` and `Response`: what is a success, and what is known of a call."""

from __future__ import annotations

import math
import time

import httpx
import pytest

from sendcloud_integrations_client import Operation, Response
from sendcloud_integrations_client.runtime.operations import (
    CALL_EXTENSION,
    Call,
    TokenRequest,
    build_response,
    get_call,
)

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


def test_times_of_a_call_are_measured_with_the_monotonic_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    call = Call(RETRIEVE, started=70.0, deadline=190.0)
    assert (call.elapsed, call.remaining) == (30.0, 90.0)
    for deadline in (100.0, 99.5, 20.0):
        assert Call(RETRIEVE, deadline=deadline).remaining == 0.0


def test_new_call_was_not_sent_and_has_no_deadline() -> None:
    call = Call(RETRIEVE)
    assert (call.attempts, call.may_have_acted, call.rate_limit_wait) == (0, False, 0.0)
    assert (call.deadline, call.remaining, call.priority) == (math.inf, math.inf, "interactive")
    assert (TokenRequest().deadline, TokenRequest().is_out_of_time) == (math.inf, False)
    assert call != Call(RETRIEVE, started=call.started)


def test_context_of_an_error_describes_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    call = Call(RETRIEVE, attempts=3, started=70.0)
    request = httpx.Request("GET", "https://x.example/things/7?a=b", extensions={CALL_EXTENSION: call})
    assert get_call(request) is call
    assert call.get_context(request) == {
        "operation": "retrieve_thing",
        "method": "GET",
        "path": "/things/7",
        "attempts": 3,
        "elapsed": 30.0,
    }


def test_other_value_in_the_extension_is_no_call() -> None:
    assert get_call(httpx.Request("GET", "https://x.example/", extensions={CALL_EXTENSION: 7})) is None
