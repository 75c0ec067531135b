"""The exception logs of many integrations at once, with bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from operator import length_hint

from sendcloud_integrations_client.decoding import OnUndecodable
from sendcloud_integrations_client.errors import InvalidInputError, SendcloudError
from sendcloud_integrations_client.generated.models.integration_log import IntegrationLog
from sendcloud_integrations_client.generated.resources.logs import LogsResource
from sendcloud_integrations_client.pagination import Page

__all__ = ["Logs"]


class Logs(LogsResource):
    """Exception logs: of one integration, of all, or of many side by side."""

    async def across(
        self,
        integration_ids: Iterable[int],
        *,
        concurrency: int = 8,
        page_size: int = 100,
        on_undecodable: OnUndecodable = "raise",
        on_error: Callable[[int, SendcloudError], None] | None = None,
    ) -> AsyncGenerator[tuple[int, IntegrationLog], None]:
        """Every log of many integrations, as they come; those of one integration in their order.

        At most `concurrency` integrations are walked at a time, and about four pages of each are in memory however
        slow the consumer is. An integration that fails does not end the others.

        `GET /integrations/{id}/logs`

        Args:
            integration_ids: Ids of the integrations; taken from the iterable as walks become free.
            concurrency: Walks at a time, at least 1.
            page_size: Records a page. 1 to 100.
            on_undecodable: What to do with a record that cannot be read.
            on_error: Called with the id of an integration and what its walk failed with, in place of the
                `ExceptionGroup` at the end.

        Yields:
            The id of the integration, and one of its logs.

        Raises:
            InvalidInputError: `concurrency` is less than 1.
            ExceptionGroup: At the end, with the failures of all integrations that failed; each has a note that names
                its integration. Not raised where `on_error` is given.

        Example:
            async for integration_id, log in client.logs.across([1, 2, 3], concurrency=8):
                print(integration_id, log.exception)
        """
        if concurrency < 1:
            raise InvalidInputError(
                "logs.across",
                "concurrency",
                f"must be at least 1; the {type(concurrency).__name__} given is less",
            )
        walkers = max(1, min(concurrency, length_hint(integration_ids, concurrency)))
        waiting = iter(integration_ids)
        arrived: asyncio.Queue[tuple[int, Page[IntegrationLog]] | Exception | None] = asyncio.Queue(concurrency)
        failures: list[SendcloudError] = []
        walked = 0

        async def walk_one(integration_id: int) -> None:
            paginator = self.list(integration_id=integration_id, page_size=page_size, on_undecodable=on_undecodable)
            try:
                async with aclosing(paginator.pages()) as pages:
                    async for page in pages:
                        await arrived.put((integration_id, page))
            except SendcloudError as error:
                if on_error is not None:
                    on_error(integration_id, error)
                    return
                error.add_note(f"while reading the logs of integration {integration_id}")
                failures.append(error)

        async def walk() -> None:
            nonlocal walked
            try:
                for integration_id in waiting:
                    walked += 1
                    await walk_one(integration_id)
            except Exception as error:  # raised by the caller's own iterable or callback: the consumer gets it
                await arrived.put(error)
            else:
                await arrived.put(None)

        walks = [asyncio.ensure_future(walk()) for _ in range(walkers)]
        try:
            left = len(walks)
            while left:
                item = await arrived.get()
                if item is None:
                    left -= 1
                elif isinstance(item, Exception):
                    raise item
                else:
                    for log in item[1].data:
                        yield item[0], log
        finally:
            for task in walks:
                task.cancel()
            await asyncio.gather(*walks, return_exceptions=True)
        if failures:
            raise ExceptionGroup(f"{len(failures)} of {walked} integrations failed", failures)
