"""The client class of a generated package."""

from __future__ import annotations

import re
from typing import Final

import attrs

from generator.naming import NamingError
from generator.reserved_names import get_reserved_class_names
from generator.security import SchemePlan, plan_security
from generator.source import Source, Text, identifier
from generator.structure import Document
from generator.words import pascal_case, split_words

__all__ = ["ClientPlan", "plan_client"]

_SUFFIX: Final = "Client"
_OMITTED_WORDS: Final = frozenset({"api", "client"})


@attrs.frozen
class ClientPlan:
    """The client class of a package, as its template renders it.

    Attributes:
        name: Class name.
        title: Title of the document.
        description: First paragraph of the document's description; empty if it has none.
        schemes: What the API accepts as credentials.
    """

    name: Source
    title: Text
    description: Text
    schemes: tuple[SchemePlan, ...]


def plan_client(document: Document) -> ClientPlan:
    """Return the client class of a document: named by `x-class` of its `info`, otherwise after its title.

    Raises:
        NamingError: The overlay sets a name that is not a class name.
        UnsupportedError: An operation accepts no security scheme that is supported.
    """
    info = document["info"]
    return ClientPlan(
        name=identifier(_choose_name(info)),
        title=Text(" ".join(str(info["title"]).split()).removesuffix(".") or "API"),
        description=Text(str(info.get("description") or "").strip().partition("\n\n")[0]),
        schemes=plan_security(document),
    )


def _choose_name(info: Document) -> str:
    explicit = info.get("x-class")
    if explicit is not None:
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", str(explicit)) or explicit in get_reserved_class_names():
            raise NamingError("info: x-class in the overlay is not a class name, or is a name of the package")
        return str(explicit)
    words = [word for word in split_words(str(info["title"])) if word.lower() not in _OMITTED_WORDS]
    name = pascal_case(" ".join(words))
    name = name if name[:1].isalpha() else f"Api{name}"
    is_taken = f"{name}{_SUFFIX}" in get_reserved_class_names()
    return f"{name}Api{_SUFFIX}" if is_taken else f"{name}{_SUFFIX}"
