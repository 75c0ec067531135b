"""The calls with which the client meets a hostile server, and their outcomes as text."""

from __future__ import annotations

import pickle
from typing import Final, Literal

from sendcloud_integrations_client import SendcloudError, SendcloudIntegrations

__all__ = ["DATA", "EndlessIterationError", "Operation", "get_outcome", "perform"]

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


async def get_outcome(client: SendcloudIntegrations, operation: Operation) -> str:
    """Call an operation and return `DATA`, or the class name of its error.

    The name of an error that is not a `SendcloudError` starts with "untyped".
    """
    try:
        await perform(client, operation)
    except SendcloudError as error:
        is_complete = str(pickle.loads(pickle.dumps(error))) == str(error)
        return type(error).__name__ if is_complete else f"untyped {type(error).__name__}, wrong after pickling"
    except Exception as error:
        return f"untyped {type(error).__name__}"
    return DATA


class EndlessIterationError(Exception):
    """An iteration does not end."""
