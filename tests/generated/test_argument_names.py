"""An `InvalidInputError` of a resource method names the argument that the caller wrote, not the OpenAPI parameter."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest

from sendcloud_integrations_client import BasicAuth, InvalidInputError, Page, SendcloudIntegrations

RESOURCES = ("integrations", "logs", "shop_order_statuses", "status_mapping")
REQUIRED: dict[str, Any] = {
    "integration_id": 7,
    "integration_ids": [7],
    "base_url": "https://shop.example",
    "statuses": [],
    "mapping": {"READY_TO_SEND": "1", "IN_TRANSIT": "1", "DELIVERED": "2", "CANCEL": None},
}
# These raise other errors: `body` must be a model, `on_error` is called later, `priority` is an option of the client.
SKIPPED = {"self", "body", "on_error", "priority"}


class NoValue:
    """A value of a type that no parameter accepts."""


def iterate_cases() -> Iterator[tuple[str, str, str]]:
    for resource in RESOURCES:
        for method, function in inspect.getmembers(type(getattr(create_client(), resource)), inspect.isfunction):
            if not method.startswith("_"):
                for argument in inspect.signature(function).parameters:
                    if argument not in SKIPPED:
                        yield resource, method, argument


def create_client() -> SendcloudIntegrations:
    return SendcloudIntegrations(auth=BasicAuth("public", "secret"), base_url="http://127.0.0.1:1")


CASES = [*iterate_cases()]


def test_every_method_is_tested() -> None:
    methods = {(resource, method) for resource, method, _ in CASES}
    assert len(methods) == 11
    assert ("logs", "create", "integration_id") in CASES
    assert ("integrations", "update", "webhook_url") in CASES


@pytest.mark.parametrize("with_response", [False, True])
@pytest.mark.parametrize(("resource", "method", "argument"), CASES)
async def test_error_names_the_argument(resource: str, method: str, argument: str, with_response: bool) -> None:
    async with create_client() as client:
        methods = getattr(client, resource)
        if with_response:
            if not hasattr(methods.with_response, method):
                pytest.skip("exists without responses only")
            methods = methods.with_response
        function = getattr(methods, method)
        parameters = inspect.signature(function).parameters
        arguments = {name: value for name, value in REQUIRED.items() if name in parameters} | {argument: NoValue()}
        with pytest.raises(InvalidInputError) as caught:
            await finish(function(**arguments))
    assert caught.value.field.partition(".")[0].partition("[")[0] == argument
    assert f"Invalid argument {caught.value.field} for " in str(caught.value)


async def test_error_of_a_url_that_is_too_long_names_the_longest_argument() -> None:
    async with create_client() as client:
        with pytest.raises(InvalidInputError, match=r"^Invalid argument cursor for list_logs: makes the URL longer"):
            await client.logs.list(cursor="x" * 70_000, page_size=5)


async def test_invalid_id_of_many_fails_for_its_integration_only() -> None:
    failures: list[tuple[int, str]] = []
    async with create_client() as client:
        logs = client.logs.list_for_integrations([0], on_error=lambda one, error: failures.append((one, str(error))))
        assert [log async for log in logs] == []
    assert failures == [
        (
            0,
            "Invalid argument integration_id for list_integration_logs: must be at least 1, got 0. "
            "No request was sent.",
        )
    ]


async def finish(result: Any) -> Page[Any] | object:
    if hasattr(result, "__anext__"):
        return [one async for one in result]
    awaited: Awaitable[Any] = result
    return await awaited
