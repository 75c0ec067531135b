"""Calls each operation of a generated package through a mock transport, with values from the document's schemas.

The request must be what OpenAPI says for the values of the arguments, and the result must equal the response.
"""

from __future__ import annotations

import asyncio
import copy
import importlib
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import attrs
import httpx
import orjson

from generator.build import name_read_document
from generator.documents import to_single_line
from generator.normalization import get_operation_place, is_json, normalize
from generator.plans import OperationPlan, build_plans
from generator.structure import Document, iterate_operations
from sendcloud_integrations_client import APIKeyAuth, BasicAuth, BearerAuth, NoAuth, SendcloudError
from sendcloud_integrations_client.auth.credentials import Credentials
from sendcloud_integrations_client.base_client import BaseClient
from sendcloud_integrations_client.pagination import Page
from sendcloud_integrations_client.runtime.models import encode
from specs.sample_values import NoSampleError, SampleValues

__all__ = ["RoundTrip", "run_round_trips"]

_PATH_CHARACTERS: Final = "/{}%!$&'()*+,;=:@~"
_ORIGIN: Final = "https://api.test"
_SEPARATORS: Final = {"form": ",", "spaceDelimited": " ", "pipeDelimited": "|"}


@attrs.frozen
class RoundTrip:
    """Result of one operation.

    Attributes:
        operation: Method and path.
        problem: Why it does not round-trip; empty if it does.
    """

    operation: str
    problem: str


class _MismatchError(Exception):
    """A request or a result differs from what the document says."""


def run_round_trips(package: str, document: Document) -> list[RoundTrip]:
    """Call each operation of an importable package. Operations that are not supported are skipped.

    Args:
        package: Name of the package, generated from the document without an overlay.
        document: Document from `generator.documents.read_document`.
    """
    normalized = normalize(document, skip_trace=True)
    plans = {
        (plan.method.lower(), plan.path.get_untrusted_value()): plan
        for plan in build_plans(name_read_document(document, skip_unsupported=True))
    }
    return asyncio.run(_run(package, normalized, plans))


async def _run(package: str, document: Document, plans: Mapping[tuple[str, str], OperationPlan]) -> list[RoundTrip]:
    samples = SampleValues(document)
    results: list[RoundTrip] = []
    for path, method, operation in iterate_operations(document):
        if (method, path) not in plans:
            continue
        place = get_operation_place(path, method)
        exchange = _Exchange(package, samples, plans[method, path], operation)
        try:
            await exchange.run()
            problem = ""
        except (_MismatchError, NoSampleError, SendcloudError, TypeError, ValueError) as error:
            problem = to_single_line(error) or type(error).__name__
        results.append(RoundTrip(place, problem))
    return results


class _Exchange:
    """The calls of one operation."""

    def __init__(self, package: str, samples: SampleValues, plan: OperationPlan, operation: dict[str, Any]) -> None:
        self.package = package
        self.samples = samples
        self.plan = plan
        self.operation = operation
        self.base_path = str(importlib.import_module(f"{package}.server").BASE_PATH)
        self.request: httpx.Request | None = None
        self.response = httpx.Response(204)

    async def run(self) -> None:
        """Call the operation with each of its bodies, and with each of its responses."""
        values = self._build_parameters()
        bodies = list(self._iterate_bodies())
        responses = list(self._iterate_responses())
        if not responses:
            raise NoSampleError("no sample of a response has the value that the method returns")
        first = bodies[0] if bodies else None
        pairs = [(response, first) for response in responses] + [(responses[0], body) for body in bodies[1:]]
        for (status, headers, content, expected), body in pairs:
            self.response = httpx.Response(status, headers=headers, content=content)
            await self._call(values, body, expected)

    async def _call(self, values: Mapping[str, Any], body: Any, expected: Any) -> None:
        async with self._build_client() as client:
            resource = getattr(client, self.plan.resource)
            for arguments, keywords in self._iterate_arguments(values, body):
                result = await getattr(resource, self.plan.method_name)(*arguments, **keywords)
                self._check_request(values, body)
                self._check_result(result, expected)

    def _build_client(self) -> BaseClient:
        name = importlib.import_module(f"{self.package}.client").__all__[0]
        client: type[BaseClient] = getattr(importlib.import_module(self.package), name)
        return client(
            auth=_choose_credentials(client),
            base_url=_ORIGIN + self.base_path,
            retries=None,
            rate_limits=None,
            transport=httpx.MockTransport(self._respond),
        )

    def _respond(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        headers, content = self.response.headers, self.response.content
        return httpx.Response(self.response.status_code, headers=headers, content=content)

    # Values

    def _build_parameters(self) -> dict[str, Any]:
        return {
            f"{parameter['in']} {parameter['name']}": self.samples.build(
                {
                    **parameter.get("schema", {}),
                    **{key: parameter[key] for key in ("example",) if key in parameter},
                },
                flag="readOnly",
            )
            for parameter in self.operation["parameters"]
        }

    def _iterate_bodies(self) -> Iterator[Any]:
        for media_type, media in self.operation.get("requestBody", {}).get("content", {}).items():
            if is_json(media_type):
                yield from self._build_samples(media, flag="readOnly")
                return

    def _iterate_responses(self) -> Iterator[tuple[int, dict[str, str], bytes, Any]]:
        for status, response in self.operation["responses"].items():
            if status[0] not in "2D" or (
                status == "DEFAULT" and any(one[0] == "2" for one in self.operation["responses"])
            ):
                continue
            number = int(status) if status.isdecimal() else self._choose_status()
            content = response.get("content", {})
            json_types = [name for name in content if is_json(name)]
            if json_types:
                yield from self._iterate_json(number, json_types[0], content[json_types[0]])
            elif content:
                name = next(iter(content))
                result = self.plan.result
                is_text = result is not None and result.kind == "text"
                body: Any = "text, lines\n" if is_text else b"%PDF \x00\xff"
                yield number, {"content-type": name}, body.encode() if is_text else body, body
            else:
                yield number, {}, b"", None

    def _choose_status(self) -> int:
        """Return a success that the document does not declare, which `2XX` and `default` describe."""
        declared = self.operation["responses"]
        status: int = next(number for number in (200, *range(205, 300)) if str(number) not in declared)
        return status

    def _iterate_json(
        self, status: int, media_type: str, media: dict[str, Any]
    ) -> Iterator[tuple[int, dict[str, str], bytes, Any]]:
        for value in self._build_samples(media, flag="writeOnly"):
            expected = value
            if self.plan.unwrap is not None:
                key = self.plan.unwrap.get_untrusted_value()
                if not isinstance(value, dict) or key not in value:
                    continue
                expected = value[key]
            yield status, {"content-type": media_type}, orjson.dumps(value), expected

    def _build_samples(self, media: dict[str, Any], *, flag: str) -> list[Any]:
        """Return a value built from the schema, and the examples that are valid.

        Raises:
            NoSampleError: There is neither.
        """
        schema = media.get("schema", {})
        schema = {} if schema is True else schema
        examples = [value for value in _iterate_examples(media) if self.samples.is_valid(schema, value)]
        try:
            return [self.samples.build(schema, flag=flag), *examples]
        except NoSampleError:
            if examples:
                return examples
            raise

    def _iterate_arguments(self, values: Mapping[str, Any], body: Any) -> Iterator[tuple[list[Any], dict[str, Any]]]:
        """Yield positional and keyword arguments: the body as fields, then as a model."""
        plan = self.plan
        by_field: dict[str, Any] = {
            field.python: values[f"{kind} {field.name.get_untrusted_value()}"]
            for kind in ("path", "query", "header")
            for field in getattr(plan, f"{kind}_fields")
        }
        arguments = [by_field[field.python] for field in plan.positional_parameters]
        keywords: dict[str, Any] = {field.python: by_field[field.python] for field in plan.keyword_parameters}
        if plan.body_class is None:
            yield [*arguments, *([copy.deepcopy(body)] if body is not None else [])], keywords
            return
        names = {field.name.get_untrusted_value(): str(field.python) for field in plan.body_fields}
        if set(body or {}) <= set(names):
            yield arguments, {**keywords, **{names[name]: value for name, value in (body or {}).items()}}
        model = getattr(importlib.import_module(f"{self.package}.models"), plan.body_class)
        yield [*arguments, model.from_dict(copy.deepcopy(body))], keywords

    # Checks

    def _check_request(self, values: Mapping[str, Any], body: Any) -> None:
        request = self.request
        if request is None:
            raise _MismatchError("no request was sent")
        path = quote(self.plan.path.get_untrusted_value(), safe=_PATH_CHARACTERS)
        query: list[tuple[str, str]] = []
        for parameter in self.operation["parameters"]:
            value = values[f"{parameter['in']} {parameter['name']}"]
            if parameter["in"] == "path":
                placeholder = quote(f"{{{parameter['name']}}}", safe=_PATH_CHARACTERS)
                path = path.replace(placeholder, quote(_to_text(value), safe=""))
            elif parameter["in"] == "query":
                query += _encode_query(parameter, value)
            elif request.headers.get(parameter["name"]) != _to_text(value):
                raise _MismatchError(f"the header {parameter['name']} differs from the argument")
        sent = urlsplit(str(request.url))
        if request.method != self.plan.method or sent.path != self.base_path + path:
            raise _MismatchError(
                f"sent {request.method} {sent.path}, expected {self.plan.method} {self.base_path}{path}"
            )
        if sorted(parse_qsl(sent.query, keep_blank_values=True)) != sorted(query):
            raise _MismatchError(f"sent the query {sent.query}, expected {query}")
        content = orjson.loads(request.content) if request.content else None
        if content != body:
            raise _MismatchError("the body differs from the arguments")

    @staticmethod
    def _check_result(result: Any, expected: Any) -> None:
        found = [encode(item) for item in result] if isinstance(result, Page) else encode(result)
        if found != expected:
            raise _MismatchError(f"the result differs from the response ({type(result).__name__})")


def _choose_credentials(client: type[BaseClient]) -> Credentials:
    for scheme in client.security_schemes:
        match scheme.kind:
            case "basic":
                return BasicAuth("public key", "secret key")
            case "bearer":
                return BearerAuth("a-token")
            case _:
                return APIKeyAuth("a-key")
    return NoAuth()


def _iterate_examples(media: Mapping[str, Any]) -> Iterator[Any]:
    if "example" in media:
        yield media["example"]
    for example in media.get("examples", {}).values():
        if isinstance(example, dict) and "value" in example:
            yield example["value"]


def _encode_query(parameter: Mapping[str, Any], value: Any) -> list[tuple[str, str]]:
    name, style = parameter["name"], parameter.get("style", "form")
    explode = parameter.get("explode", style == "form")
    if isinstance(value, list):
        items = [_to_text(item) for item in value]
        return [(name, item) for item in items] if explode else [(name, _SEPARATORS[style].join(items))]
    if isinstance(value, dict):
        if style == "deepObject":
            return [(f"{name}[{key}]", _to_text(item)) for key, item in value.items()]
        if explode:
            return [(key, _to_text(item)) for key, item in value.items()]
        return [(name, ",".join(text for key, item in value.items() for text in (key, _to_text(item))))]
    return [(name, _to_text(value))]


def _to_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(map(_to_text, value))
        case dict():
            return ",".join(text for key, item in value.items() for text in (str(key), _to_text(item)))
        case _:
            return str(value)
