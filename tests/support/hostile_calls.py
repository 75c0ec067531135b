"""The calls with which the client meets a hostile server, and their outcomes as text."""

from __future__ import annotations

import pickle
from typing import Final, Literal

from sendcloud_integrations_client import SendcloudError, SendcloudIntegrations

__all__ = [
    "DATA",
    "EndlessIterationError",
    "Operation",
    "catch_error",
    "describe_outcome",
    "get_next_outcome",
    "get_outcome",
    "perform",
]

Operation = Literal["list", "iterate", "retrieve", "delete", "create"]
"""The call: `integrations.list`, all of `logs.list`, `integrations.retrieve`, `integrations.delete`, `logs.create`."""

DATA: Final = "data"
"""The outcome of a call that returned."""


async def perform(client: SendcloudIntegrations, operation: Operation) -> object:
    """Call an operation and return its result.

    Raises:
        EndlessIterationError: If an iteration has yielded 20,000 records.
    """
    match operation:
        case "list":
            return await client.integrations.list()
        case "retrieve":
            return await client.integrations.retrieve(1)
        case "delete":
            return await client.integrations.delete(1)
        case "create":
            return await client.logs.create(7, base_url="https://shop.example")
        case "iterate":
            logs = []
            async for log in client.logs.list():
                logs.append(log)
                if len(logs) >= 20_000:
                    raise EndlessIterationError
            return logs


async def catch_error(client: SendcloudIntegrations, operation: Operation) -> Exception | None:
    """Call an operation and return its error; None if it returned."""
    try:
        await perform(client, operation)
    except Exception as error:
        return error
    return None


def describe_outcome(error: Exception | None) -> str:
    """Return `DATA`, or the class name of an error.

    The name of an error that is not a `SendcloudError`, or that pickling changes, starts with "untyped".
    """
    if error is None:
        return DATA
    name = type(error).__name__
    if not isinstance(error, SendcloudError):
        return f"untyped {name}"
    copied = pickle.loads(pickle.dumps(error))
    return name if (type(copied), str(copied)) == (type(error), str(error)) else f"untyped {name} after pickling"


async def get_outcome(client: SendcloudIntegrations, operation: Operation) -> str:
    """Call an operation and return its outcome; see `describe_outcome`."""
    return describe_outcome(await catch_error(client, operation))


async def get_next_outcome(client: SendcloudIntegrations) -> str:
    """List the integrations of a server that behaves well and has none, and return the outcome.

    A result with records belongs to an earlier response.
    """
    try:
        records = await client.integrations.list()
    except Exception as error:
        return describe_outcome(error)
    return DATA if list(records) == [] else "data of another response"


class EndlessIterationError(Exception):
    """An iteration does not end."""
