"""The known values of each enum as literal types: what arguments take besides the enum itself."""

from typing import Literal

FeedbackTypeValue = Literal["eager", "delayed", "none"]
"""A known value of `FeedbackType`, as text."""

LanguageValue = Literal["en-us", "en-gb", "fr-fr", "de-de", "nl-nl", "es-es", "it-it"]
"""A known value of `Language`, as text."""

StatusCategoryValue = Literal["READY_TO_SEND", "IN_TRANSIT", "DELIVERED", "CANCEL"]
"""A known value of `StatusCategory`, as text."""
