"""Wrong arguments of the client's constructor, of `with_options` and of the option classes: errors say what to pass."""

from __future__ import annotations

import inspect
import re
import traceback
from typing import Any, ClassVar

import pytest

from sendcloud_integrations_client import (
    APIKeyAuth,
    BasicAuth,
    BearerAuth,
    ConfigurationError,
    SendcloudIntegrations,
)
from sendcloud_integrations_client.auth.security_schemes import SecurityScheme
from sendcloud_integrations_client.base_client import BaseClient

# Joined from parts, so that source lines of this file in a traceback do not contain it.
SECRET = "-".join(("not", "for", "your", "eyes"))

# Type checkers report wrong arguments of the classes themselves.
ANY_CLIENT: Any = SendcloudIntegrations


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
