"""The layers that a request passes, in this order: request builder, retries, rate limits. One layer per module."""
