"""Wrong arguments of the client's constructor, of `with_options` and of the option classes: errors say what to pass."""

from __future__ import annotations

import inspect
import math
import re
import traceback
from collections.abc import Callable
from typing import Any, ClassVar

import httpx
import pytest

from sendcloud_integrations_client import (
    APIKeyAuth,
    BasicAuth,
    BearerAuth,
    ConfigurationError,
    OAuth2ClientCredentials,
    RateLimits,
    RetryPolicy,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.auth.security_schemes import SecurityScheme
from sendcloud_integrations_client.base_client import BaseClient

# Joined from parts, so that source lines of this file in a traceback do not contain it.
SECRET = "-".join(("not", "for", "your", "eyes"))

# Type checkers report wrong arguments of the classes themselves.
ANY_CLIENT: Any = SendcloudIntegrations
ANY_POLICY: Any = RetryPolicy
ANY_LIMITS: Any = RateLimits


def create(**options: Any) -> SendcloudIntegrations:
    return SendcloudIntegrations(**{"auth": BasicAuth("public", "secret"), **options})


def create_oauth2(**options: Any) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials("client id", "secret", **options)


@pytest.mark.parametrize(
    ("positional", "options", "message"),
    [
        (
            ("public", SECRET),
            {},
            "SendcloudIntegrations() takes keyword arguments only. Pass auth=BasicAuth(public_key, secret_key).",
        ),
        ((BasicAuth("public", SECRET),), {}, "SendcloudIntegrations() takes keyword arguments only. Pass auth="),
        (
            (),
            {"public_key": "public", "secret_key": SECRET},
            "SendcloudIntegrations() has no arguments public_key and secret_key. "
            "Pass auth=BasicAuth(public_key, secret_key).",
        ),
        (
            (),
            {"client_id": "public", "client_secret": SECRET},
            "SendcloudIntegrations() has no arguments client_id and client_secret. "
            "Pass auth=OAuth2ClientCredentials(client_id, client_secret).",
        ),
        ((), {"token": SECRET}, "SendcloudIntegrations() has no argument token. Pass auth=BasicAuth("),
        ((), {"retry": SECRET}, "SendcloudIntegrations() has no argument retry. Did you mean retries?"),
        (
            (),
            {"proxy": SECRET},
            "SendcloudIntegrations() has no argument proxy. Its arguments: auth, base_url, timeout, retries,",
        ),
    ],
)
def test_unknown_arguments_say_what_to_pass_and_show_no_value(
    positional: tuple[Any, ...], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}") as caught:
        ANY_CLIENT(*positional, **options)
    # The frame of this test has the values; those of the package must not.
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    texts = [
        str(shown),
        *(f"{frame.locals}" for frame in shown.stack if "sendcloud_integrations_client" in frame.filename),
    ]
    assert len(texts) > 1
    assert not [text for text in texts if SECRET in text]


def test_invalid_value_is_in_no_frame_of_the_package() -> None:
    with pytest.raises(ConfigurationError, match=r"Invalid auth: must be .*, not tuple\.") as caught:
        ANY_CLIENT(auth=("public", SECRET))
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [f"{frame.locals}" for frame in shown.stack if "sendcloud_integrations_client" in frame.filename]
    assert frames
    assert not [text for text in frames if SECRET in text]


def test_client_of_another_document_names_its_own_credentials() -> None:
    class KeyClient(BaseClient):
        default_base_url: ClassVar[str | None] = "https://api.example"
        security_schemes = (SecurityScheme("api_key", "X-Key", "header"),)

    class TokenClient(KeyClient):
        security_schemes = (SecurityScheme("bearer"),)

    for client, advice in ((KeyClient, "auth=APIKeyAuth(…)"), (TokenClient, "auth=OAuth2ClientCredentials(")):
        any_client: Any = client
        message = f"{client.__name__}() takes keyword arguments only. Pass {advice}"
        with pytest.raises(TypeError, match=re.escape(message)):
            any_client(SECRET)
    assert KeyClient(auth=APIKeyAuth(SECRET)).identity
    assert TokenClient(auth=BearerAuth(SECRET)).identity


def test_signature_of_the_constructor_lists_its_arguments() -> None:
    parameters = inspect.signature(SendcloudIntegrations).parameters
    assert list(parameters)[:4] == ["auth", "base_url", "timeout", "retries"]
    assert {one.kind for one in parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}


class NoPolicy:
    """A value of a type that no option accepts."""


WRONG_TYPES: list[tuple[str, str]] = [
    ("auth", "must be BasicAuth or OAuth2ClientCredentials of this package"),
    ("base_url", "must be text or an httpx.URL"),
    ("timeout", "must be a number of seconds greater than 0, or an httpx.Timeout"),
    ("retries", "must be RetryPolicy(…) or None"),
    ("rate_limits", "must be RateLimits(…) or None"),
    ("rate_limiter", "must implement the protocol RateLimiter"),
    ("transport", 'must be "httpcore2", "aiohttp" or an httpx.AsyncBaseTransport'),
    ("http2", "must be True or False"),
    ("max_response_bytes", "must be an integer of at least 1"),
    ("event_hooks", 'must map "request" and "response" to lists of functions'),
    ("on_call", "must be callable or None"),
    ("allow_insecure_http", "must be True or False"),
]


@pytest.mark.parametrize(("option", "rule"), WRONG_TYPES)
def test_option_of_another_type_names_the_type(option: str, rule: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(f'Invalid {option}: {rule}, not NoPolicy.')}$"):
        create(**{option: NoPolicy()})


def test_every_option_is_tested() -> None:
    assert [option for option, _ in WRONG_TYPES] == list(inspect.signature(SendcloudIntegrations).parameters)


TIMEOUT = "must be a number of seconds greater than 0, or an httpx.Timeout"
POSITIVE = "must be a number of seconds greater than 0"
NOT_NEGATIVE = "must be a number of seconds, 0 or greater"
COUNT = "must be an integer of at least 1"
SHARE = "must be a number from 0 to 0.9"
TRANSPORT = 'must be "httpcore2", "aiohttp" or an httpx.AsyncBaseTransport'
HOOKS = 'must map "request" and "response" to lists of functions'
PRIORITY = 'must be "interactive" or "background"'


@pytest.mark.parametrize(
    ("create_option", "name", "rule"),
    [
        (lambda: create(timeout="5"), "timeout", f"{TIMEOUT}, not str."),
        (lambda: create(timeout=None), "timeout", f"{TIMEOUT}, not NoneType."),
        (lambda: create(timeout=True), "timeout", f"{TIMEOUT}, not bool."),
        (lambda: create(timeout=0), "timeout", f"{TIMEOUT}, got 0."),
        (lambda: create(timeout=math.nan), "timeout", f"{TIMEOUT}, got nan."),
        (lambda: create(max_response_bytes="64"), "max_response_bytes", f"{COUNT}, not str."),
        (lambda: create(max_response_bytes=1.5), "max_response_bytes", f"{COUNT}, not float."),
        (lambda: create(max_response_bytes=0), "max_response_bytes", f"{COUNT}, got 0."),
        (lambda: create(allow_insecure_http="false"), "allow_insecure_http", "must be True or False, not str."),
        (lambda: create(http2="no"), "http2", "must be True or False, not str."),
        (lambda: create(transport="pigeon"), "transport", f"{TRANSPORT}."),
        (lambda: create(transport=httpx.HTTPTransport()), "transport", f"{TRANSPORT}, not HTTPTransport."),
        (lambda: create(event_hooks={"request": str}), "event_hooks", f'{HOOKS}, not "request" to type.'),
        (lambda: create(event_hooks={"respond": []}), "event_hooks", f"{HOOKS}, and contain no other key."),
        (lambda: create().with_options(timeout="5"), "timeout", f"{TIMEOUT}, not str."),
        (lambda: create().with_options(timeout=-1), "timeout", f"{TIMEOUT}, got -1."),
        (lambda: create().with_options(retries=5), "retries", "must be RetryPolicy(…) or None, not int."),
        (lambda: create().with_options(priority=1), "priority", f"{PRIORITY}, not int."),
        (lambda: create().with_options(priority=["interactive"]), "priority", f"{PRIORITY}, not list."),
        (lambda: create().with_options(priority="high"), "priority", f"{PRIORITY}."),
        (lambda: ANY_POLICY(max_attempts="3"), "RetryPolicy.max_attempts", f"{COUNT}, not str."),
        (lambda: ANY_POLICY(max_attempts=0), "RetryPolicy.max_attempts", f"{COUNT}, got 0."),
        (lambda: ANY_POLICY(base_delay="1"), "RetryPolicy.base_delay", f"{NOT_NEGATIVE}, not str."),
        (lambda: ANY_POLICY(max_delay=-1), "RetryPolicy.max_delay", f"{NOT_NEGATIVE}, got -1."),
        (lambda: ANY_POLICY(total_timeout="9"), "RetryPolicy.total_timeout", f"{POSITIVE}, not str."),
        (lambda: ANY_LIMITS(reads_per_minute="9"), "RateLimits.reads_per_minute", f"{COUNT}, not str."),
        (lambda: ANY_LIMITS(writes_per_second=0), "RateLimits.writes_per_second", f"{COUNT}, got 0."),
        (lambda: ANY_LIMITS(interactive_reserve="1"), "RateLimits.interactive_reserve", f"{SHARE}, not str."),
        (lambda: ANY_LIMITS(interactive_reserve=1), "RateLimits.interactive_reserve", f"{SHARE}, got 1."),
        (lambda: ANY_LIMITS().divided_by("4"), "processes of RateLimits.divided_by", f"{COUNT}, not str."),
        (lambda: create_oauth2(refresh_margin="60"), "refresh_margin", f"{NOT_NEGATIVE}, not str."),
        (lambda: create_oauth2(refresh_margin=math.inf), "refresh_margin", f"{NOT_NEGATIVE}, got inf."),
    ],
)
def test_invalid_number_names_its_type_or_value(create_option: Callable[[], object], name: str, rule: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(f'Invalid {name}: {rule}')}$"):
        create_option()
