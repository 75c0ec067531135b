"""Literal types of the values that arguments accept."""

from typing import Literal

FeedbackTypeValue = Literal["eager", "delayed", "none"]
"""Known value of `FeedbackType`, as text."""

LanguageValue = Literal["en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it"]
"""Known value of `Language`, as text."""

StatusCategoryValue = Literal["READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL"]
"""Known value of `StatusCategory`, as text."""


IntegrationSort = Literal[
    "integration_type",
    "-integration_type",
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "last_fetch",
    "-last_fetch",
    "failing_since",
    "-failing_since",
]
"""Sort key of integrations. A leading `-` reverses the order."""
