"""Tests of the classification of names: which values are secrets because of their name."""

from __future__ import annotations

import pytest

from sendcloud_integrations_client.sync import DEFAULT_FIELDS, DEFAULT_HEADERS
from sendcloud_integrations_client.sync.redaction.names import NameClassifier, NameKind, split_words

NAMES = NameClassifier(DEFAULT_HEADERS, DEFAULT_FIELDS, phones=True)
KIND = NameKind


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (KIND.SECRET, [
            # Listed names, and names that contain one as whole words
            "password", "pin", "userPin", "user_pin", "pass", "user_pass", "userPass", "pass2", "pass_through", "clave",
            "mi_clave", "clave_x", "client_secret", "mot_de_passe", "session_cookie", "X-API-KEY-2", "API-Schlüssel",
            # The end of a word
            "dbpass",
            # A listed name of at least five letters within a word
            "csrftoken", "password2", "password_1", "secretword", "CLIENTSECRET", "ClientSECRETKey", "tokens",
            # A harmless word before the secret name, or between its end and the last word
            "type_token", "error_password", "name_token_x", "id_token_hint", "password_reset_token", "authority_token",
            "client-secret-value",
            # Separators and percent-encoding
            "user[password]", "user['password']", "$password", "@password", "a:password", "user/password",
            "a\\password", "a+password", "pass word", "pa-ss-word", "private  key", "p%61ssword", "p%61ssword%20x",
            "x+p%61ssword",
            "p" * 192 + "password",
        ]),
        (KIND.SECRET | KIND.HEADER, [
            "Authorization", "X-Authorization", "authorization_code", "Cookie", "Set-Cookie", "SET_COOKIE",
            "cookie_jar", "X-Api-Key", "api.key", "API key", "Proxy-Authorization",
        ]),
        (KIND.NONE, [
            "shipping", "enclave", "compass", "bypass", "boarding_pass", "mykey", "keys", "xhash", "x_hash", "clé_x",
            "xphone", "hotel", "auth_mode", "5", "x_5", "5_5", "_", "---", "", "é", "a%3Db",
            # A harmless word directly after the secret name, or at the end of the name
            "token_expires_at", "token_name_hash", "pin_id_x", "password_changed_at", "password_at_x", "password_x_at",
            "secret_id_x", "password.php", "password.php.x", "pass_through_page",
            # Whole names that mention secrets
            "reset_password", "secretary", "secretariat", "www-authenticate", "tokenizer", "keyboard", "keywords",
            "monkey", "author", "authority", "cookie_policy", "cookie_domain", "cookies_enabled", "session_count",
            # Percent-encoding is decoded in ASCII names only
            "p%61sswordé",
            "p" * 193 + "password",
            "x" * 201,
        ]),
        (KIND.WEAK, ["auth", "sid", "hash", "state", "session", "nonce"]),
        (KIND.WEAK | KIND.LAST_WORD, ["api"]),
        (KIND.WEAK | KIND.LAST_WORD | KIND.NAMING, ["key", "c key", "name_key", "schlüssel"]),
        (KIND.WEAK | KIND.NAMING, ["b c key", "a b c d key"]),
        (KIND.WEAK | KIND.LAST_WORD | KIND.LOOSE_NAMING, ["code"]),
        (KIND.NAMING | KIND.LAST_WORD, ["sort_key", "order_key"]),
        (KIND.NAMING, [
            "name", "user_name", "k", "Header", "naam", "session_name", "key_name", "api_key_name", "i18n_key",
        ]),
        (KIND.LOOSE_NAMING | KIND.LAST_WORD, ["id", "user_id", "token_id", "pin_id"]),
        (KIND.LOOSE_NAMING, ["path", "token_type", "x_secret_id", "my_secret_x_id", "carrier_path"]),
        (KIND.VALUE, ["value", "val", "meta_value", "Wert"]),
        (KIND.LOOSE_VALUE, ["content", "data", "text", "user_data"]),
        (KIND.LAST_WORD, ["number", "order_number", "passe", "phrase", "word"]),
        (KIND.PHONE | KIND.LAST_WORD, ["phoneNumber"]),
        (KIND.PHONE, ["phone", "cell_phone", "telefon_privat", "phones", "tel", "TELEPHONE"]),
    ],
)  # fmt: skip
def test_names_are_classified(kind: int, names: list[str]) -> None:
    assert {name: NAMES.classify(name) for name in names} == dict.fromkeys(names, kind)


def test_phone_names_are_classified_only_on_request() -> None:
    assert NameClassifier(DEFAULT_HEADERS, DEFAULT_FIELDS, phones=False).classify("phone") == KIND.NONE


@pytest.mark.parametrize(
    ("before", "name", "kind"),
    [
        (" API", "key", KIND.SECRET | KIND.HEADER),
        (" our key of the api", "key", KIND.SECRET | KIND.HEADER),
        (" my private", "key", KIND.SECRET),
        (" Die clé", "api", KIND.SECRET),
        (" Mot de", "passe", KIND.SECRET),
        ("Mot de", "passe", KIND.SECRET),
        ("clé d'", "accès", KIND.SECRET),
        ("clé d’", "accès", KIND.SECRET),
        ("the token", "code", KIND.SECRET),
        ("user", "pass", KIND.SECRET),
        # Names that are separated in other places
        ("x", "ypass", KIND.SECRET),
        ("c", "vv", KIND.SECRET),
        ("my", "csrftokenx", KIND.SECRET),
        ("csrf tok", "enx", KIND.SECRET),
        ("myPin", "x", KIND.SECRET),
        ("", "password", KIND.NONE),
        (" of the", "key", KIND.NONE),
        ("private x", "key", KIND.NONE),
        ("password", "id", KIND.NONE),
    ],
)
def test_a_name_is_classified_together_with_the_words_before_it(before: str, name: str, kind: int) -> None:
    assert NAMES.classify_phrase(before, name) == kind


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("password", ("password",)),
        ("user_pin", ("user", "pin")),
        ("userPin", ("user", "pin")),
        ("UserPIN", ("user", "pin")),
        ("APIKey", ("api", "key")),
        ("apiKEYOfShop", ("api", "key", "of", "shop")),
        ("cvc2", ("cvc", "2")),
        ("CVC2", ("cvc", "2")),
        ("clé d'accès", ("clé", "d", "accès")),
        ("a--b", ("a", "b")),
        ("42", ("42",)),
        ("_", ()),
        ("", ()),
    ],
)
def test_names_are_split_at_separators_and_changes_of_case(name: str, words: tuple[str, ...]) -> None:
    assert split_words(name) == words


def test_short_custom_names_match_as_whole_words_and_long_ones_anywhere() -> None:
    names = NameClassifier(["X-Shop"], ["colo", "colour", ""], phones=False)
    assert names.secret_names == {"X-Shop", "colo", "colour", ""}
    secret = ["colo", "my_colo", "colour", "mycolours", "eye-colour"]
    assert {name: names.classify(name) for name in secret} == dict.fromkeys(secret, KIND.SECRET)
    assert names.classify("x_shop") == KIND.SECRET | KIND.HEADER
    assert names.classify("My-X-Shop") == KIND.SECRET
    assert names.classify("mycolo") == KIND.NONE
    assert names.classify("password") == KIND.NONE
    assert names.is_secret("colour")
    assert not names.is_secret("password")
    assert not names.is_secret("value")


def test_a_custom_name_within_another_one_also_matches_longer_names() -> None:
    names = NameClassifier([], ["xcolour", "colour", "colourx", "green_apple"], phones=False)
    found = {name: names.is_secret(name) for name in ("mycolourful", "zxcolourz", "colourxy", "applegreen", "green")}
    assert found == {"mycolourful": True, "zxcolourz": True, "colourxy": True, "applegreen": False, "green": False}
