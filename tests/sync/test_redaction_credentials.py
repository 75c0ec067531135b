"""Tests of credentials that are recognized by what surrounds them: which are replaced, and which texts stay."""

from __future__ import annotations

import pytest

from sendcloud_integrations_client.sync import Redaction
from sendcloud_integrations_client.sync.redaction.credentials import is_irregular, is_user_and_password, looks_random

MARK = "[redacted]"
REDACTION = Redaction()
RANDOM = "a8Fk29dLq0Zx81mPs7"


@pytest.mark.parametrize(
    "changes",
    [
        {
            "u:x5X@host": f"u:{MARK}@host",
            "u:x5@host": "u:x5@host",
            "u:abcABC@db.example": f"u:{MARK}@db.example",
            "kunde5x:abc.def@db": f"kunde5x:{MARK}@db",
            "kunde5x:abc.def@db.example": "kunde5x:abc.def@db.example",
            "kunde5x:abc.def@db at shop.example": f"kunde5x:{MARK}@db at shop.example",
            "Kunde:ABC123@shop.example": "Kunde:ABC123@shop.example",
            "x5X@a u:x5X@c": f"x5X@a u:{MARK}@c",
            "bob:x5X@a jo:x5Y@b": f"bob:{MARK}@a jo:{MARK}@b",
            "a, bob:x5X@tcp(db)": f"a, bob:{MARK}@tcp(db)",
        },
        {  # the longest user, and the longest password
            f"{'u' * 61}:x5X@host": f"{'u' * 61}:{MARK}@host",
            f"{'u' * 62}:x5X@host": f"{'u' * 62}:x5X@host",
            f"{'u' * 63}:x5X@host": f"{'u' * 63}:x5X@host",
            f" {'u' * 61}:x5X@host": f" {'u' * 61}:{MARK}@host",
            f"{'x ' * 100}bob:x5X@host": f"{'x ' * 100}bob:{MARK}@host",
            f"x/{'u' * 61}:x5X@host": f"x/{'u' * 61}:x5X@host",
            f"u:{'X5' * 50}@host": f"u:{MARK}@host",
            f"u:{'X5' * 50}X@host": f"u:{'X5' * 50}X@host",
        },
        {  # a host of any length, of which the first 100 characters are searched for a dot
            f"u:abc@{'h' * 99}.example": f"u:abc@{'h' * 99}.example",
            f"u:abc@{'h' * 100}.example": f"u:{MARK}@{'h' * 100}.example",
        },
    ],
)  # fmt: skip
def test_passwords_without_a_scheme_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        {
            "Basic YTpi": f"Basic {MARK}",
            "Basic YTpiY2Q": f"Basic {MARK}",
            "Basic YTo=": "Basic YTo=",
            "Basic YWJj": "Basic YWJj",
            # The first letters of words decode to text without a colon
            "Basic abcdefgh123": "Basic abcdefgh123",
            "Basic abcdefgh1234": f"Basic {MARK}",
            "Basic informationabc": "Basic informationabc",
            "Basic InFormationabc": f"Basic {MARK}",
            "Basic YWJjZGVmZ2g": "Basic YWJjZGVmZ2g",
            "Basic abcdefghabc=": f"Basic {MARK}",
            # Too short, and no base64
            "Basic ab1=": "Basic ab1=",
            "Basic é1é2é3é4é5é6é7": "Basic é1é2é3é4é5é6é7",
            # In the URL-safe alphabet
            "Basic Pz8_Oj8-": f"Basic {MARK}",
        },
        {
            f"Basic {'A' * 400}": f"Basic {'A' * 400}",
            f"Basic {'A' * 396}Ojoo": f"Basic {MARK}",  # a colon among the last of 400 characters
            f"Basic {'A' * 400}Ojoo": f"Basic {'A' * 400}Ojoo",
            f"Basic {'A' * 401}1": f"Basic {MARK}",
            f"Basic {'A' * 407}1": f"Basic {MARK}",
        },
        {
            "Bearer abc1": f"Bearer {MARK}",
            "Bearer abcD": f"Bearer {MARK}",
            "Bearer abc=": f"Bearer {MARK}",
            "Bearer 1234": "Bearer 1234",
            "Bearer abcd": "Bearer abcd",
            "Bearer ab=": "Bearer ab=",
            "Bearer abcdefghijklmnopqrst": f"Bearer {MARK}",
            "Bearer abcdefghijklmnopqrs": "Bearer abcdefghijklmnopqrs",
            "BEARER abc12": f"BEARER {MARK}",
            "xbearer abc12": "xbearer abc12",
            "bearer+abc12": f"bearer+{MARK}",
            "bearer%20abc12": f"bearer%20{MARK}",
            "bearer\\tabc12": f"bearer\\t{MARK}",
            "bearer\tabc12": f"bearer\t{MARK}",
            'bearer "abc12"': f'bearer "{MARK}"',
            f"jwt {RANDOM}": f"jwt {MARK}",
            f"JWT {RANDOM}.": f"JWT {MARK}",
            f"ssws {RANDOM[:16]}": f"ssws {MARK}",
            f"ssws {RANDOM[:15]}": f"ssws {RANDOM[:15]}",
            f"oauth 2023-03-01T{RANDOM}": f"oauth 2023-03-01T{RANDOM}",
            "oauth 4c6d369d-a9d7-4a49-8c6d-369da9d74a49": "oauth 4c6d369d-a9d7-4a49-8c6d-369da9d74a49",
        },
        {  # long texts, in which words are searched for first
            f"{'x ' * 200}Bearer abc12": f"{'x ' * 200}Bearer {MARK}",
            f"{'x ' * 200}PassWord is abcd12": f"{'x ' * 200}PassWord is {MARK}",
            f"{'x ' * 200}Mot de passe est abcd12": f"{'x ' * 200}Mot de passe est {MARK}",
            f"{'x ' * 200}contraseña es abcd12": f"{'x ' * 200}contraseña es {MARK}",
            f"{'x ' * 200}private key abcd12": f"{'x ' * 200}private key {MARK}",
            f"{'x ' * 200}kennwort lautet abcd12": f"{'x ' * 200}kennwort lautet {MARK}",
        },
        {
            "the password is abc12": "the password is abc12",
            "the password is abcd12": f"the password is {MARK}",
            "the password is abcdef": "the password is abcdef",
            "the password is 123456": "the password is 123456",
            "the password (abcd12)": f"the password ({MARK})",
            "password.....: abcd12": f"password.....: {MARK}",
            "my api_key abcd12": f"my api_key {MARK}",
            "my api abcd12": "my api abcd12",
        },
    ],
)  # fmt: skip
def test_credentials_after_a_scheme_or_in_prose_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        {
            "curl -u bob:x": f"curl -u bob:{MARK}",
            "curl -u :x": f"curl -u :{MARK}",
            "docker run -u 1000:1000 shop": "docker run -u 1000:1000 shop",
            "docker run -u 1000:x shop": f"docker run -u 1000:{MARK} shop",
            "docker run -u bob:1000 shop": f"docker run -u bob:{MARK} shop",
            "curl -u https://x.example": "curl -u https://x.example",
            "curl -u ssh:x//y": "curl -u ssh:x//y",
            "curl -u ssh:xy//z": f"curl -u ssh:{MARK}",
            "curl --user ssh:x//y": f"curl --user ssh:{MARK}",
            "curl --user 'bob:x y'": f"curl --user 'bob:{MARK}'",
            "x -u 'http://x' and curl -u 'bob:x'": f"x -u 'http://x' and curl -u 'bob:{MARK}'",
            f"curl -u '{RANDOM}:' https://x": f"curl -u '{MARK}:' https://x",
            f"curl -u {RANDOM[:15]}: https://x": f"curl -u {RANDOM[:15]}: https://x",
            "sqlplus bob/x@db": f"sqlplus bob/{MARK}",
            "mysql -u bob -px5 shop": f"mysql -u bob -p{MARK} shop",
            "redis-cli -h x -a x5": f"redis-cli -h x -a {MARK}",
            "docker login -p x5 -u bob": f"docker login -p {MARK} -u bob",
            'ConvertTo-SecureString "x5 y"': f'ConvertTo-SecureString "{MARK}"',
        },
    ],
)  # fmt: skip
def test_credentials_in_shell_commands_are_replaced(changes: dict[str, str]) -> None:
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


def test_credentials_in_urls_are_replaced() -> None:
    changes = {
        "https://bob@x.example/": f"https://{MARK}@x.example/",
        "https://x.example:80/a@b": "https://x.example:80/a@b",
        "https://bob:a/b@x.example": f"https://{MARK}@x.example",
        "jdbc:oracle:thin:bob/x@db": f"jdbc:oracle:thin:bob/{MARK}@db",
        "{User:bob:x Host:x}": "{User:bob:x Host:x}",
        "{Opaque: User:bob:x Host:x}": f"{{Opaque: User:bob:{MARK} Host:x}}",
        "a@b": "a@b",
    }
    assert {text: REDACTION.redact_text(text) for text in changes} == changes


def test_generated_texts_look_random() -> None:
    texts = {
        RANDOM[:16]: True,
        RANDOM[:15]: False,
        "a1bcdefghijklmnop": False,  # one change from letters to digits
        "a1b2cdefghijklmno": False,
        "a1b2cdefghijklmn3": True,  # three
        "aBcDeFgHijklmnop": False,  # four changes of case
        "aBcDeFgHiJklmnop": True,  # five
        "aBcDeFgH-iJklmnoPq": False,
        "aBcDeFgH/iJklmnoPq": False,
        "abcdefghijklmnop": False,
        "1234567890123456": False,
        f"{RANDOM}==": True,
        f"{RANDOM}/+-_.~": True,
        f"{RANDOM} {RANDOM}": False,
        f"{RANDOM},": False,
        "4c6d369d-a9d7-4a49-8c6d-369da9d74a49": False,
        "2023-03-01": False,
        "2023-03-01T1a2b3c4d5e": False,
        "a" * 195 + "1a1a1": True,  # the third change is at the 200th character
        "a" * 196 + "1a1a1": False,
        "a" * 300 + "1a1a1a": False,
    }
    assert {text: looks_random(text) for text in texts} == texts
    assert is_irregular("a1b2c3")
    assert not is_irregular("a1b2c")


def test_user_and_password_are_recognized_in_plain_text_and_in_base64() -> None:
    texts = {
        "bob:x": True,
        "bob:": False,
        ":x": False,
        "b b:x": False,
        "b:x x": False,
        f"{'b' * 100}:x": True,
        f"{'b' * 101}:x": False,
        f"b:{'x' * 500}": True,
        f"b:{'x' * 501}": False,
        "Ym9iOng=": True,
        "Ym9iOng": False,  # without padding
        "Ym9i-Ong=": False,
        "Ym9i": False,  # without a colon
        "Ogo=": False,  # with a line break
        "Oum6": False,  # not ASCII
        "é": False,
    }
    assert {text: is_user_and_password(text) for text in texts} == texts
