"""Kinds of change, each with the judgement of oasdiff and ours.

The first column is the rule of oasdiff (https://github.com/oasdiff/oasdiff), and the second its level. Breaking are
`ERR`, a definite break, and `WARN`, a potential one. If our judgement differs, the last column says why.
"""

from __future__ import annotations

from typing import Any

import pytest

from generator.changes import compare_documents

Document = dict[str, Any]

TEXT: Document = {"type": "string"}
NUMBER: Document = {"type": "integer"}
LENIENT = "responses are not validated"
OPEN = "unknown values are kept as text"
ARGUMENT = "the argument becomes required"
CREDENTIALS = "the credentials are no longer accepted"
RESULT = "the type of the result changes"


def thing(*required: str, **properties: Document) -> Document:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def operation(**parts: Any) -> Document:
    return {"paths": {"/things": {"post": {"operationId": "create_thing", "responses": {"200": {}}, **parts}}}}


def query(schema: Document, **parts: Any) -> Document:
    return operation(parameters=[{"name": "size", "in": "query", "schema": schema, **parts}])


def content(schema: Document, media_type: str = "application/json") -> Document:
    return {"content": {media_type: {"schema": schema}}}


def sent(schema: Document, media_type: str = "application/json", **parts: Any) -> Document:
    return operation(requestBody={**content(schema, media_type), **parts})


def received(schema: Document, media_type: str = "application/json", **parts: Any) -> Document:
    return operation(responses={"200": {**content(schema, media_type), **parts}})


def secured(scheme: Document | None, security: list[Document] | None = None, **parts: Any) -> Document:
    schemes = {"Key": scheme} if scheme else {}
    base = operation(**parts) | {"components": {"securitySchemes": schemes}}
    return base if security is None else base | {"security": security}


def oauth(url: str = "https://id.test", **scopes: str) -> Document:
    return secured({"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": url, "scopes": scopes}}})


NONE, LINK = operation(), {"Link": {"schema": TEXT}}
A, B = thing(a=TEXT), thing(b=TEXT)

KINDS: list[tuple[str, str, Document, Document, bool, str]] = [
    # Operations
    ("endpoint-added", "INFO", {"paths": {}}, NONE, False, ""),
    ("api-removed-without-deprecation", "ERR", NONE, {"paths": {}}, True, ""),
    ("endpoint-deprecated", "INFO", NONE, operation(deprecated=True), False, ""),
    ("endpoint-reactivated", "INFO", operation(deprecated=True), NONE, False, ""),
    ("api-operation-id-removed", "INFO", NONE, operation(operationId="other"), True, "the function is renamed"),
    # Parameters
    ("new-optional-request-parameter", "INFO", NONE, query(NUMBER), False, ""),
    ("new-required-request-parameter", "ERR", NONE, query(NUMBER, required=True), True, ""),
    ("request-parameter-removed", "WARN", query(NUMBER), NONE, True, ""),
    ("request-parameter-became-required", "ERR", query(NUMBER), query(NUMBER, required=True), True, ""),
    ("request-parameter-became-optional", "INFO", query(NUMBER, required=True), query(NUMBER), False, ""),
    ("request-parameter-type-changed", "ERR", query(NUMBER), query({"type": "boolean"}), True, ""),
    ("request-parameter-type-generalized", "INFO", query(NUMBER), query({"type": "number"}), False, ""),
    ("request-parameter-deprecated", "INFO", query(NUMBER), query(NUMBER, deprecated=True), False, ""),
    ("request-parameter-reactivated", "INFO", query(NUMBER, deprecated=True), query(NUMBER), False, ""),
    ("request-parameter-enum-value-added", "INFO", query({"enum": ["a"]}), query({"enum": ["a", "b"]}), False, ""),
    ("request-parameter-enum-value-removed", "ERR", query({"enum": ["a", "b"]}), query({"enum": ["a"]}), True, ""),
    ("request-parameter-became-enum", "ERR", query(TEXT), query(TEXT | {"enum": ["a"]}), True, ""),
    ("request-parameter-default-value-changed", "ERR", query({"default": 1}), query({"default": 2}), True, ""),
    ("request-parameter-default-value-added", "ERR", query({}), query({"default": 2}), True, ""),
    ("request-parameter-default-value-removed", "ERR", query({"default": 2}), query({}), True, ""),
    ("request-parameter-max-length-decreased", "ERR", query({"maxLength": 2}), query({"maxLength": 1}), True, ""),
    ("request-parameter-max-length-increased", "INFO", query({"maxLength": 1}), query({"maxLength": 2}), False, ""),
    ("request-parameter-max-length-set", "WARN", query(TEXT), query(TEXT | {"maxLength": 2}), True, ""),
    ("request-parameter-min-length-increased", "ERR", query({"minLength": 1}), query({"minLength": 2}), True, ""),
    ("request-parameter-max-decreased", "ERR", query({"maximum": 9}), query({"maximum": 8}), True, ""),
    ("request-parameter-max-set", "WARN", query(NUMBER), query(NUMBER | {"maximum": 8}), True, ""),
    ("request-parameter-min-increased", "ERR", query({"minimum": 1}), query({"minimum": 2}), True, ""),
    ("request-parameter-min-decreased", "INFO", query({"minimum": 2}), query({"minimum": 1}), False, ""),
    ("request-parameter-min-items-increased", "ERR", query({"minItems": 1}), query({"minItems": 2}), True, ""),
    ("request-parameter-max-items-decreased", "ERR", query({"maxItems": 2}), query({"maxItems": 1}), True, ""),
    ("request-parameter-pattern-added", "WARN", query(TEXT), query(TEXT | {"pattern": "a"}), True, ""),
    ("request-parameter-pattern-removed", "INFO", query(TEXT | {"pattern": "a"}), query(TEXT), False, ""),
    ("request-parameter-style-changed", "ERR", query(NUMBER), query(NUMBER, style="deepObject"), True, ""),
    (
        "request-parameter-explode-changed",
        "ERR",
        query({"type": ["array", "null"]}),
        query({"type": ["array", "null"]}, explode=False),
        True,
        "",
    ),
    # Request bodies
    ("request-body-added-optional", "INFO", NONE, sent(A), False, ""),
    ("request-body-added-required", "ERR", NONE, sent(A, required=True), True, ""),
    ("request-body-became-required", "ERR", sent(A), sent(A, required=True), True, ""),
    ("request-body-became-optional", "INFO", sent(A, required=True), sent(A), False, ""),
    (
        "request-body-media-type-added",
        "INFO",
        sent(A),
        sent(A) | operation(requestBody={"content": {"application/json": {"schema": A}, "text/csv": {}}}),
        False,
        "",
    ),
    (
        "request-body-media-type-removed",
        "ERR",
        operation(requestBody={"content": {"application/json": {"schema": A}, "text/csv": {}}}),
        sent(A),
        True,
        "",
    ),
    ("request-body-type-changed", "ERR", sent(TEXT), sent(NUMBER), True, ""),
    ("request-body-one-of-added", "INFO", sent({"oneOf": [TEXT]}), sent({"oneOf": [TEXT, NUMBER]}), False, ""),
    ("request-body-one-of-removed", "ERR", sent({"oneOf": [TEXT, NUMBER]}), sent({"oneOf": [TEXT]}), True, ""),
    ("request-body-any-of-removed", "ERR", sent({"anyOf": [TEXT, NUMBER]}), sent({"anyOf": [TEXT]}), True, ""),
    ("request-property-removed", "WARN", sent(A), sent(thing()), True, ""),
    ("new-required-request-property", "ERR", sent(thing()), sent(thing("a", a=TEXT)), True, ""),
    ("new-optional-request-property", "INFO", sent(thing()), sent(A), False, ""),
    (
        "new-required-request-property-with-default",
        "INFO",
        sent(thing()),
        sent(thing("a", a=TEXT | {"default": "x"})),
        True,
        ARGUMENT,
    ),
    ("request-property-became-required", "ERR", sent(A), sent(thing("a", a=TEXT)), True, ""),
    ("request-property-became-optional", "INFO", sent(thing("a", a=TEXT)), sent(A), False, ""),
    (
        "request-property-became-not-nullable",
        "ERR",
        sent(thing(a={"type": ["string", "null"]})),
        sent(A),
        True,
        "",
    ),
    ("request-property-became-nullable", "INFO", sent(A), sent(thing(a={"type": ["string", "null"]})), False, ""),
    (
        "request-property-default-value-changed",
        "INFO",
        sent(thing(a={"default": 1})),
        sent(thing(a={"default": 2})),
        False,
        "",
    ),
    (
        "request-property-enum-value-removed",
        "ERR",
        sent(thing(a={"enum": ["x", "y"]})),
        sent(thing(a={"enum": ["x"]})),
        True,
        "",
    ),
    (
        "request-property-discriminator-added",
        "INFO",
        sent(A),
        sent(A | {"discriminator": {"propertyName": "a"}}),
        False,
        "",
    ),
    (
        "request-optional-property-became-read-only",
        "INFO",
        sent(A),
        sent(thing(a=TEXT | {"readOnly": True})),
        False,
        "",
    ),
    # Responses
    ("response-success-status-removed", "ERR", operation(responses={"200": {}, "202": {}}), NONE, True, ""),
    ("response-success-status-added", "INFO", NONE, operation(responses={"200": {}, "202": {}}), True, RESULT),
    ("response-non-success-status-added", "INFO", NONE, operation(responses={"200": {}, "404": {}}), False, ""),
    ("response-non-success-status-removed", "INFO", operation(responses={"200": {}, "404": {}}), NONE, False, ""),
    ("response-media-type-removed", "ERR", received(A), NONE, True, ""),
    ("response-media-type-added", "INFO", NONE, received(A), False, ""),
    ("response-optional-property-added", "INFO", received(thing()), received(A), False, ""),
    ("response-optional-property-removed", "WARN", received(A), received(thing()), True, ""),
    ("response-required-property-removed", "ERR", received(thing("a", a=TEXT)), received(thing()), True, ""),
    ("response-required-property-added", "INFO", received(thing()), received(thing("a", a=TEXT)), False, ""),
    ("response-property-became-optional", "ERR", received(thing("a", a=TEXT)), received(A), True, ""),
    ("response-property-became-required", "INFO", received(A), received(thing("a", a=TEXT)), False, ""),
    (
        "response-property-became-nullable",
        "ERR",
        received(A),
        received(thing(a={"type": ["string", "null"]})),
        True,
        "",
    ),
    ("response-property-type-changed", "ERR", received(A), received(thing(a=NUMBER)), True, ""),
    (
        "response-property-format-changed",
        "ERR",
        received(A),
        received(thing(a=TEXT | {"format": "date-time"})),
        True,
        "",
    ),
    (
        "response-property-enum-value-added",
        "WARN",
        received(thing(a={"enum": ["x"]})),
        received(thing(a={"enum": ["x", "y"]})),
        False,
        OPEN,
    ),
    (
        "response-property-enum-value-removed",
        "INFO",
        received(thing(a={"enum": ["x", "y"]})),
        received(thing(a={"enum": ["x"]})),
        False,
        "",
    ),
    (
        "response-property-max-length-increased",
        "ERR",
        received(thing(a={"maxLength": 1})),
        received(thing(a={"maxLength": 2})),
        False,
        LENIENT,
    ),
    (
        "response-property-min-decreased",
        "ERR",
        received(thing(a={"minimum": 2})),
        received(thing(a={"minimum": 1})),
        False,
        LENIENT,
    ),
    (
        "response-property-pattern-changed",
        "INFO",
        received(thing(a={"pattern": "a"})),
        received(thing(a={"pattern": "b"})),
        False,
        "",
    ),
    (
        "response-body-one-of-added",
        "ERR",
        received({"oneOf": [TEXT]}),
        received({"oneOf": [TEXT, NUMBER]}),
        True,
        "",
    ),
    (
        "response-body-one-of-removed",
        "INFO",
        received({"oneOf": [TEXT, NUMBER]}),
        received({"oneOf": [TEXT]}),
        False,
        "",
    ),
    ("optional-response-header-removed", "WARN", received(A, headers=LINK), received(A), True, ""),
    ("response-header-added", "INFO", received(A), received(A, headers=LINK), False, ""),
    # Servers and security
    ("server-url-changed", "ERR", NONE | {"servers": [{"url": "/a"}]}, NONE | {"servers": [{"url": "/b"}]}, True, ""),
    (
        "server-added",
        "INFO",
        NONE | {"servers": [{"url": "/a"}]},
        NONE | {"servers": [{"url": "/a"}, {"url": "/b"}]},
        False,
        "",
    ),
    ("api-security-component-added", "INFO", secured(None), secured({"type": "http"}), False, ""),
    ("api-security-component-removed", "INFO", secured({"type": "http"}), secured(None), True, CREDENTIALS),
    (
        "api-global-security-removed",
        "INFO",
        secured({"type": "http"}, [{"Key": []}, {"Other": []}]),
        secured({"type": "http"}, [{"Key": []}]),
        True,
        CREDENTIALS,
    ),
    (
        "api-global-security-added",
        "INFO",
        secured({"type": "http"}, [{"Key": []}]),
        secured({"type": "http"}, [{"Key": []}, {"Other": []}]),
        False,
        "",
    ),
    ("api-security-component-oauth-scope-added", "INFO", oauth(), oauth(api="words"), False, ""),
    ("api-security-component-oauth-scope-removed", "INFO", oauth(api="words"), oauth(), True, CREDENTIALS),
    ("api-security-component-oauth-token-url-changed", "INFO", oauth(), oauth("https://b.test"), True, CREDENTIALS),
]


def test_at_least_sixty_kinds_are_judged() -> None:
    assert len({rule for rule, *_ in KINDS}) == len(KINDS) >= 60


@pytest.mark.parametrize(("rule", "level", "old", "new", "breaking", "reason"), KINDS, ids=[kind[0] for kind in KINDS])
def test_kind_of_change_is_reported_and_judged(
    rule: str, level: str, old: Document, new: Document, breaking: bool, reason: str
) -> None:
    changes = compare_documents(old, new)
    assert changes, rule
    assert any(change.breaking for change in changes) is breaking
    assert bool(reason) is (breaking is not (level in {"ERR", "WARN"}))
