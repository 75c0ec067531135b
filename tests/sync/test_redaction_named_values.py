"""Tests of values that are secrets because of their name, in text that no parser accepts: where each of them ends."""

from __future__ import annotations

import pytest

from sendcloud_integrations_client.sync import Redaction
from sendcloud_integrations_client.sync.redaction.named_values import is_no_secret

MARK = "[redacted]"
REDACTION = Redaction()


@pytest.mark.parametrize(
    "changes",
    [
        {  # values that reveal nothing
            "password=null": "password=null",
            "password=": "password=",
            f"password={MARK}": f"password={MARK}",
            "password=****": "password=****",
            "password=undefined": "password=undefined",
            "password=undefined1": f"password={MARK}",
            "password=0": f"password={MARK}",
            "password: 401 Unauthorized": "password: 401 Unauthorized",
            "password: 999 Unauthorized": f"password: {MARK}",
            "[Password, null] y": "[Password, null] y",
        },
        {  # padded base64 followed by a space, which is no name
            "a8Fk29dLq0Z5pin= x5X": "a8Fk29dLq0Z5pin= x5X",
            "a8Fk29dLq0Z51pin= x5X": "a8Fk29dLq0Z51pin= x5X",
            "a8Fk29dLqZ0pin== x5X": "a8Fk29dLqZ0pin== x5X",
            "a8Fk29dLqZ0pin= x5X": f"a8Fk29dLqZ0pin= {MARK}",
            "a8Fk29dLq0pin== x5X": f"a8Fk29dLq0pin== {MARK}",
            "a8Fk29dLq0Z51pin=x5X": f"a8Fk29dLq0Z51pin={MARK}",
            "a8Fk29dLq0Z51pin = x5X": f"a8Fk29dLq0Z51pin = {MARK}",
            "a8Fk29dLq0Z51pin: x5X": f"a8Fk29dLq0Z51pin: {MARK}",
            "a8Fk29-dLq0Z51pin= x5X": f"a8Fk29-dLq0Z51pin= {MARK}",
        },
        {  # the letter of an escape before a name
            "\\npin=x5X&pin=": f"\\npin={MARK}&pin=",
            "\\rpin=x5X&pin=": f"\\rpin={MARK}&pin=",
            "\\tpin=x5X&pin=": f"\\tpin={MARK}&pin=",
            "\\xpin=x5X&pin=": "\\xpin=x5X&pin=",
            "\\nage=x5X&pin=": "\\nage=x5X&pin=",
            "{npin=x5X&pin=": "{npin=x5X&pin=",
            "[npin=x5X&pin=": "[npin=x5X&pin=",
            " npin=x5X&pin=": " npin=x5X&pin=",
        },
        {  # only the last word of a name is classified together with the words before it
            "the API key: x5X y": f"the API key: {MARK}",
            "The key: x5X": "The key: x5X",
            "the password value: x5X y": "the password value: x5X y",
            "the password name: x5X": "the password name: x5X",
            "API.key: x5X": f"API.key: {MARK}",
            "api'key: x5X": f"api'key: {MARK}",
            "api;key: x5X": "api;key: x5X",
            "y key: x5X private": "y key: x5X private",
            "API, key: x5X": "API, key: x5X",
            "API  key: x5X": "API  key: x5X",
            "é key: x5X api": "é key: x5X api",
            "private key: x5X": f"private key: {MARK}",
            "token=x, private key: x5X": f"token={MARK}, private key: {MARK}",
            "Clé d'accès: x5X": f"Clé d'accès: {MARK}",
        },
        {  # values beside a name
            "name=pin, value=x5X": f"name=pin, value={MARK}",
            "name=pin, data=x5X": f"name=pin, data={MARK}",
            "state=password, value=x5X": "state=password, value=x5X",
            "auth=x5X, name=pin": "auth=x5X, name=pin",
            "code: x5X, name: pin": "code: x5X, name: pin",
            "value=x5X, name=pin": f"value={MARK}, name=pin",
            "value: 'x5X', name: pin": f"value: '{MARK}', name: pin",
            "value=x5X} name=pin": "value=x5X} name=pin",
            "value='x5X, name=pin' x": "value='x5X, name=pin' x",
            "x, value=x5X} name=pin": "x, value=x5X} name=pin",
            "x, value='x5X, name=pin' x": "x, value='x5X, name=pin' x",
            "name=pin} value=x5X": "name=pin} value=x5X",
            "name=pin a=b} value=x5X": "name=pin a=b} value=x5X",
            "name=pin, name=a, value=x5X": "name=pin, name=a, value=x5X",
            "name=pin><b value=x5X": "name=pin><b value=x5X",
        },
        {
            'x carriers/dhl/password", "x5X" y': 'x carriers/dhl/password", "x5X" y',
            '"password", "x5X" y': f'"password", "{MARK}" y',
            '"Authorization=abc d1e2f3"': f'"Authorization={MARK}"',
            "(Authorization: abc, Accept: x\n": f"(Authorization: {MARK}, Accept: x\n",
            "(Authorization: abc, Accept x\n": f"(Authorization: {MARK}\n",
            "x [Authorization]: a, b: c": f"x [Authorization]: {MARK}, b: c",
            "x map[Authorization: a, b: c": f"x map[Authorization: {MARK}, b: c",
            'x (  "Authorization: a, b: c': f'x (  "Authorization: {MARK}, b: c',
            "x Authorization: abc, Accept: x\n": f"x Authorization: {MARK}\n",
            "Authorization: abc, Accept: x\n": f"Authorization: {MARK}\n",
            "[Password, x5X": f"[Password, {MARK}",
            "[Password, x5X] y": f"[Password, {MARK}] y",
            f"[Password, {MARK}] y": f"[Password, {MARK}] y",
            'unexpected token "x5X"': 'unexpected token "x5X"',
            'Unexpected token "x5X"': 'Unexpected token "x5X"',
            'the token "x5X"': f'the token "{MARK}"',
        },
        {  # the longest distances
            f'name="pin"{"x" * 300}\r\n\r\nx5X\r\n--z': f'name="pin"{"x" * 300}\r\n\r\n{MARK}\r\n--z',
            f'name="pin"{"x" * 301}\r\n\r\nx5X\r\n--z': f'name="pin"{"x" * 301}\r\n\r\nx5X\r\n--z',
            f"value=x5X {'z' * 1995} name=pin": f"value={MARK} {'z' * 1995} name=pin",
            f"value=x5X {'z' * 1996} name=pin": f"value=x5X {'z' * 1996} name=pin",
            f"name=pin {'z' * 292} value=x5X": f"name=pin {'z' * 292} value={MARK}",
            f"name=pin {'z' * 293} value=x5X": f"name=pin {'z' * 293} value=x5X",
            "name=pin a=1 b=1 c=1 d=1 e=1 f=1 g=1 value=x5X": f"name=pin a=1 b=1 c=1 d=1 e=1 f=1 g=1 value={MARK}",
            "name=pin a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 value=x5X": "name=pin a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 value=x5X",
        },
    ],
)  # fmt: skip
def test_values_of_secret_names_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        {  # values below their name
            "pin:\n  x5X\n  y\nz": f"pin:{MARK}\nz",
            "pin:\n\n  x5X\nz": f"pin:{MARK}\nz",
            "pin: |\n  x5X\n\n  y\nz": f"pin: {MARK}\nz",
            "pin: |\n  x5X\n\nz": f"pin: {MARK}\n\nz",
            " pin:\n  x\n\n  y\n\n z": f" pin:{MARK}\n\n z",
            "pin: >-\n  x5X\nz: 1": f"pin: {MARK}\nz: 1",
            "pin:\nz: x5X": "pin:\nz: x5X",
            "pin:\n- x5X\n- y\nz: 1": f"pin:{MARK}\nz: 1",
            "- pin:\n    x5X\nz: 1": f"- pin:{MARK}\nz: 1",
            "- pin:\n x5X\nz: 1": f"- pin:{MARK}\nz: 1",
            "  - pin:\n  x5X\n": "  - pin:\n  x5X\n",
            "  pin:\n   x5X\n  z": f"  pin:{MARK}\n  z",
            "  pin:\n  z: x5X": "  pin:\n  z: x5X",
            "\tpin:\n\t\tx5X\n\tz": f"\tpin:{MARK}\n\tz",
            "a: 1, pin:\n  x5X\nz": "a: 1, pin:\n  x5X\nz",
            "a: 1; pin:\n  x5X\nz": f"a: 1; pin:{MARK}\nz",
            " a: 1; pin:\n  x5X\n z": f" a: 1; pin:{MARK}\n z",
            " a: 1; pin:\n x5X\n z": " a: 1; pin:\n x5X\n z",
            "(pin:\n  x5X\nz": "(pin:\n  x5X\nz",
            "pin: \n  x5X\nz": f"pin: {MARK}\nz",
            "pin:\r\n  x5X\r\nz": f"pin:{MARK}\r\nz",
        },
        {
            f"{' ' * 99}pin:\n{' ' * 100}x5X": f"{' ' * 99}pin:{MARK}",
            f"{' ' * 100}pin:\n{' ' * 101}x5X": f"{' ' * 100}pin:{MARK}",
            f"{' ' * 101}pin:\n{' ' * 101}x5X": f"{' ' * 101}pin:{MARK}",
            f"{' ' * 101}pin:\n{' ' * 100}x5X": f"{' ' * 101}pin:\n{' ' * 100}x5X",
        },
        {  # headers that are folded
            "Authorization: a\n b\nc": f"Authorization: {MARK}\nc",
            "Authorization:\n b\nc": f"Authorization:{MARK}\nc",
            "Authorization: a\r\n\tb\r\nc": f"Authorization: {MARK}\r\nc",
            "x: Authorization: a\n b\nc": f"x: Authorization: {MARK}\nc",
            "(Authorization: a\n b\nc": f"(Authorization: {MARK}\n b\nc",
        },
    ],
)  # fmt: skip
def test_values_on_the_lines_below_their_name_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        {  # quotes around both name and value, with backslashes
            '"pin: x5X", y': f'"pin: {MARK}", y',
            "'pin: x5X', y": f"'pin: {MARK}', y",
            "`pin: x5X`, y": f"`pin: {MARK}`, y",
            '\\"pin: x5X\\", y': f'\\"pin: {MARK}\\", y',
            '\\\\\\"pin: x"5X\\\\\\", y': f'\\\\\\"pin: {MARK}\\\\\\", y',
            'x"pin: x5X", y': f'x"pin: {MARK}", y',
            '"pin: x5X" \\': f'"pin: {MARK}" \\',
            '"Authorization: a, b: c", y': f'"Authorization: {MARK}", y',
            f'{chr(92) * 19}"pin: x5X{chr(92) * 19}", y': f'{chr(92) * 19}"pin: {MARK}{chr(92) * 19}", y',
        },
        {  # placeholders and status lines in quotes
            '"token": "null", "b": 1': '"token": "null", "b": 1',
            "'token': 'x5X', 'b': 1": f"'token': '{MARK}', 'b': 1",
            "'token': None, 'b': 1": "'token': None, 'b': 1",
            "'token': 1.5, 'b': 1": f"'token': {MARK}, 'b': 1",
            "token == 'x5X' b": f"token == '{MARK}' b",
            "token -> x5X b": f"token -> {MARK} b",
            "token := x5X b": f"token := {MARK} b",
            "token :: x5X b": f"token :: {MARK} b",
            "token => [x5X] b": f"token => {MARK} b",
            "token => [] b": "token => [] b",
            "token = ( ) b": "token = ( ) b",
            "token = ab(x5X)cd b": f"token = {MARK} b",
            "token = {a {b} 'c}'} b": f"token = {MARK} b",
            "token = {a {b} b": f"token = {MARK}",
            "token = [\\\"]\\\"] b": f"token = {MARK}\\\"] b",
            "token | x5X | b": f"token | {MARK} | b",
            "token\tx5X\tb": f"token\t{MARK}\tb",
            "--token x5X --b": f"--token {MARK} --b",
            "--token --b": "--token --b",
        },
    ],
)  # fmt: skip
def test_values_end_at_quotes_and_brackets(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


def test_phone_numbers_are_replaced_under_their_names() -> None:
    redaction = Redaction(personal_data=True)
    changes = {
        "phone=123456": f"phone={MARK}",
        "phone=12345": "phone=12345",
        "phone: 12 34-56, x": f"phone: {MARK}, x",
        "phone: 1 2 3 4 5, x": "phone: 1 2 3 4 5, x",
        "'phone': '+31 (6) 12', 'a': 1": "'phone': '+31 (6) 12', 'a': 1",
        "'phone': '+31 (6) 123', 'a': 1": f"'phone': '{MARK}', 'a': 1",
    }
    assert {text: redaction.redact_text(text) for text in changes} == changes
    assert REDACTION.redact_text("phone=123456") == "phone=123456"
    record = {"phone": 123456, "fax": 12345, "tel": "12-34-56", "gsm": "12345"}
    assert redaction.redact_record(record)[0] == {"phone": MARK, "fax": 12345, "tel": MARK, "gsm": "12345"}


def test_placeholders_and_status_lines_are_no_secrets() -> None:
    values = {
        "": True, "null": True, "NULL": True, "none,": True, " true ;": True, "***": True, "(null)": True,
        "*" * 12: True, "*" * 13: False, "undefined": True, "[filtered]": True, "-": True,
        "null1": False, "x": False, "1": False, "0.0": False, "*x": False,
        "404 Not Found": True, "404 not found": True, "404 Not": False, "x404 Not Found": False,
        "511 Network Authentication Required": True, "4040 Not Found": False,
    }  # fmt: skip
    assert {value: is_no_secret(value) for value in values} == values
