"""Texts that make a redaction slow if it backtracks, searches twice, or does much for each secret."""

from __future__ import annotations

import base64
import json

__all__ = ["build_adversarial_texts"]

_LETTERS = str.maketrans("0123456789", "efghijklmn")


def build_adversarial_texts(size: int) -> dict[str, str]:
    """Return texts by a description of them.

    Args:
        size: Approximate number of characters of each text.
    """

    def repeat(part: str) -> str:
        return part * (size // len(part))

    def number(text: str, separator: str) -> str:
        """Repeat a text with a number in place of `#`, so that caches do not help."""
        return separator.join(text.replace("#", f"{index:05}") for index in range(size // (len(text) + 4)))

    def spell(text: str, separator: str) -> str:
        """As `number`, with letters in place of digits."""
        return number(text, separator).translate(_LETTERS)

    secrets = (base64.b64encode(b"password=%05d" % index).decode() for index in range(size // 21))
    return {
        "names without values": repeat("password "),
        "percent signs": repeat("%25"),
        "percent signs encoded many times": "%" + repeat("25"),
        "one percent sign": "%" + repeat("token"),
        "percent-encoded fields": number("a%3D#", "&"),
        "percent-encoded secrets": number("pin%3D#", "&"),
        "secrets that are percent-encoded twice": number("pin%253D#", "&"),
        "pairs in one percent-encoded value": repeat("name=pin%3D"),
        "percent-encoded names": number("p%69n_#=1", "&"),
        "form fields": repeat("pin=1&"),
        "different names": spell("#=1", "&") + "&pin=1",
        "different secret names": number("pin#=1", "&"),
        "different words": spell("#", " ") + " pin",
        "ambiguous names": repeat("auth="),
        "keys without values": repeat("key="),
        "lines": repeat("pin: 1\n"),
        "phrases": number("API key: #x", "\n"),
        "different phrases": spell("a# b# c# key: x", "\n"),
        "blocks of YAML": number("pin:\n  #\n", ""),
        "lines with two words": number("pin: # x", "\n"),
        "words without an end": repeat("pin: a ") + "{",
        "headers": number("Cookie: a=#", "\r\n"),
        "folded headers": number("Cookie: a\r\n b#\r\n", ""),
        "parts of forms": number('name="pin"\r\n\r\n#\r\n--x', "\r\n"),
        "unclosed elements": repeat("<password>"),
        "elements": number("<pin>#</pin>", ""),
        "names in XML": number('<e key="password">#</e>', " "),
        "attributes with names": number('<e a="#" name="pin">x', ""),
        "unclosed CDATA": repeat("<password><![CDATA["),
        "unclosed comments": repeat("<!--"),
        "unclosed quotes": repeat('password="'),
        "quoted headers in one line": number('"Authorization: Bearer #"', " "),
        "names after an apostrophe": number("d'accès: #", " "),
        "quotes that are never closed": repeat("'pin: x \"pin: x `pin: x \\'pin: x "),
        "quotes around names and values": number("`pin: #`", " "),
        "tabs": repeat("pin\t"),
        "backslashes": repeat("\\") + "pin:",
        "backslashes after a name": "pin:" + repeat("\\"),
        "backslashes and an entity": "pin &quot;" + repeat("\\"),
        "lists": repeat("pin=[x] "),
        "calls": repeat("pin: A(x) "),
        "unclosed objects": repeat("token={"),
        "tables of one row": number("a;pin\n#;x\n\n", ""),
        "tables": "id;pin\n" + number("#;#", "\n"),
        "rows without a header": "pin\n" + number("#,a", "\n"),
        "headers of tables": repeat("a,pin\n"),
        "rows of SQL": "INSERT INTO a (id, pin) VALUES (" + number("#, '#'", "), ("),
        "statements of SQL": repeat("INSERT INTO a (pin) VALUES ("),
        "brackets": repeat("["),
        "closing brackets": "password: " + repeat(")"),
        "addresses": repeat("://a:") + "@",
        "passwords before hosts": number("u:p#@h", " "),
        "fields of URLs": "Opaque:" + number(" User:a:#", ""),
        "tokens without an end": repeat("eyJ"),
        "dots after a scheme": "pin Basic " + repeat("."),
        "credentials": number("Bearer #a", " "),
        "shell options": number("-u u:#", " "),
        "keys of shell commands": "curl " + number("-u aaaaaaaaaaa#:", " "),
        "prose": number("password is #a", " "),
        "PEM headers": repeat("-----BEGIN PRIVATE KEY"),
        "spaces": "password" + repeat(" "),
        "entities": repeat("&quot;"),
        "nested entities": "&" + repeat("amp;"),
        "escapes": repeat("\\u0022"),
        "pairs without values": repeat("name=password "),
        "names that are values": repeat("key=pin "),
        "values before their names": repeat("value=[ name=pin {} "),
        "lines before their names": repeat("value: a name: pin <"),
        "pairs": number("name=password value=#", ";"),
        "pairs within one name": repeat('12key="password"'),
        "base64 secrets": " ".join(secrets),
        "strings in JSON": json.dumps([f"pin={index:05}" for index in range(size // 12)]),
        "objects in JSON": json.dumps([{"pin": index} for index in range(size // 14)]),
        "one letter": repeat("a"),
    }
