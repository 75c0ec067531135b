"""Literal types with the known values of each enum. Arguments accept them in addition to the enum."""

from typing import Literal

FeedbackTypeValue = Literal["eager", "delayed", "none"]
"""Known value of `FeedbackType`, as text."""

LanguageValue = Literal["en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it"]
"""Known value of `Language`, as text."""

StatusCategoryValue = Literal["READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL"]
"""Known value of `StatusCategory`, as text."""
