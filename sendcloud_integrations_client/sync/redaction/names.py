"""Names of headers and fields that contain secrets, and the classification of the names in a text.

The tables are data: a new name is one more entry. docs/sync.md lists them for reviewers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

from sendcloud_integrations_client.sync.redaction.tries import build_trie

__all__ = [
    "DEFAULT_FIELDS",
    "DEFAULT_HEADERS",
    "MAX_NAME_LENGTH",
    "NameClassifier",
    "NameKind",
    "split_words",
]

DEFAULT_HEADERS: Final = frozenset(
    {
        "Authorization",
        "Proxy-Authorization",
        "Authentication",
        "Cookie",
        "Cookie2",
        "Set-Cookie",
        "Set-Cookie2",
        "X-Api-Key",
        "Api-Key",
        "X-Auth",
        "X-Auth-Key",
        "X-Auth-Token",
        "X-Access-Token",
        "X-CSRF-Token",
        "X-XSRF-Token",
        "X-WSSE",
        "X-Amz-Security-Token",
        "X-Shopify-Access-Token",
        "X-Shopify-Hmac-Sha256",
        "Ocp-Apim-Subscription-Key",
        "Sendcloud-Signature",
    }
)
"""Names of headers whose values are redacted by default."""

DEFAULT_FIELDS: Final = frozenset(
    {
        # Passwords
        "password", "passwd", "passwrd", "passphrase", "passcode", "passkey", "pass", "pwd", "pswd", "psw", "pw",
        "auth_pw", "userpwd", "basic_auth", "http_auth", "proxy_auth", "pin", "otp", "totp", "mfa_code",
        # Tokens and secrets
        "secret", "token", "credential", "authorization", "jwt",
        # Keys
        "api_key", "access_key", "auth_key", "private_key", "public_key", "priv_key", "consumer_key", "secret_key",
        "subscription_key", "license_key", "licence_key", "product_key", "activation_key", "serial_key", "shop_key",
        "access_license_number",
        "webshop_key", "ws_key", "webservice_key", "service_key", "client_key", "account_key", "shared_key",
        "encryption_key", "signing_key", "master_key", "app_key", "application_key", "user_key", "merchant_key",
        "integration_key", "partner_key", "storage_key", "session_key", "security_key", "secure_key", "deploy_key",
        "functions_key", "developer_key", "dev_key", "admin_key", "crypt_key", "cookie_key", "hash_key", "crypto_key",
        "vendor_key", "carrier_key", "plugin_key", "module_key", "gateway_key", "feed_key", "export_key", "hmac_key",
        "rest_key", "soap_key", "http_key", "web_key", "system_key", "site_key", "store_key", "host_key",
        # Sessions
        "session_id", "sess_id", "session_token", "session_cookie", "phpsessid", "jsessionid",
        "aspsessionid", "asp_net_session_id", "connect_sid", "laravel_session", "wordpress_logged_in",
        "wordpress_sec", "woocommerce_session", "csrf", "xsrf",
        # Signatures
        "signature", "sig", "hmac",
        # Payment data
        "iban", "card_number", "cvv", "cvv2", "cvc", "cvc2",
        # German
        "passwort", "kennwort", "geheimnis", "geheimwort", "geheim", "geheimcode", "zugangscode", "zugangsdaten",
        "freischaltcode", "aktivierungscode",
        "anmeldedaten", "api_schlüssel", "api_schluessel", "zugangsschlüssel", "zugangsschluessel",
        "zugriffsschlüssel", "zugriffsschluessel", "geheimer_schlüssel", "geheimer_schluessel", "geheimschlüssel",
        "geheimschluessel", "sicherheitsschlüssel", "sicherheitsschluessel", "privater_schlüssel",
        "privater_schluessel", "lizenzschlüssel", "lizenzschluessel", "zugriffstoken", "sitzungs_id", "sitzungsid",
        "signatur", "losungswort", "kartennummer",
        # Dutch
        "wachtwoord", "wachtwoorden", "geheime", "toegangscode", "toegangssleutel", "api_sleutel", "geheime_sleutel",
        "licentiesleutel", "beveiligingssleutel", "prive_sleutel", "privé_sleutel", "privesleutel", "sessie_id",
        "handtekening", "inloggegevens", "pincode", "kaartnummer", "beveiligingscode", "toegangstoken", "winkelsleutel",
        # French
        "mot_de_passe", "motdepasse", "mdp", "clé_api", "cle_api", "clef_api", "clé_secrète", "cle_secrete",
        "clé_privée", "cle_privee", "clé_secrete", "clé_d_accès", "cle_d_acces", "clé_acces", "cle_acces",
        "clé_de_licence", "cle_de_licence", "clé_licence", "cle_licence", "jeton", "code_secret", "identifiants",
        "secret_partagé", "phrase_secrète", "phrase_secrete", "numero_carte", "numéro_carte", "clé_webservice",
        "cle_webservice", "code_confidentiel", "clé_d_api", "cle_d_api", "clef_d_api",
        "clé_de_sécurité", "cle_de_securite",
        # Spanish
        "contraseña", "contrasena", "contrasenya", "contrasenia", "clave_api", "clave_secreta", "clave_privada",
        "clave_de_acceso", "clave_acceso", "clave_de_api", "clave_licencia", "clave_de_licencia", "secreto",
        "llave_api", "llave_secreta", "llave_privada", "ficha_de_acceso", "credenciales", "sesion_id",
        "id_sesion", "id_sesión", "sesión_id", "numero_tarjeta", "código_secreto", "codigo_secreto", "clave",
        "código_de_seguridad", "codigo_de_seguridad",
        # Italian, Portuguese, Polish
        "parola_chiave_segreta", "chiave_api", "chiave_segreta", "segreto", "senha", "palavra_passe", "chave_api",
        "chave_secreta", "hasło", "haslo",
    }
)  # fmt: skip
"""Names of fields in JSON, forms and queries whose values are redacted by default."""

# Redacted only if the value looks random, because these names have other meanings too. So are names that end in `key`.
# The names have no separators.
_WEAK_FIELDS: Final = frozenset(
    {
        "key", "auth", "sid", "session", "sess", "code", "hash", "loginhash", "ticket", "sign", "checksum", "apikeys",
        "schlüssel", "schluessel", "sleutel", "clé", "cle", "clef", "llave", "chiave", "chave", "digest", "response",
        "cnonce", "firma", "sitzung", "sessie", "state", "nonce", "verifier", "challenge", "assertion", "samlresponse",
        "access", "login", "api", "bearer",
    }
)  # fmt: skip

# The last word of names that mention a secret and contain none, such as `token_type` and `password_changed_at`.
_HARMLESS_ENDS: Final = frozenset(
    {
        "age", "algorithm", "algo", "amount", "at", "attempt", "attempts", "available", "button", "changed", "class",
        "confirmed", "count", "counter", "created", "date", "deadline", "disabled", "enabled", "endpoint", "error",
        "errors", "exists", "expiration", "expired", "expires", "expiry", "field", "fee", "format", "id", "ids", "in",
        "invalid", "is", "issued", "issuer", "label", "lasts", "length", "level", "lifetime", "limit", "max", "message",
        "method", "min", "missing", "mode", "name", "names", "needed", "option", "options", "page", "path",
        "placeholder",
        "policy", "present", "price", "prompt", "required", "requirement", "requirements", "requested", "reset", "rule",
        "rules", "scope", "scopes", "service", "set", "setup", "size", "source", "state", "status", "strength",
        "supported", "time", "timeout", "timestamp", "ttl", "type", "types", "updated", "uri", "url", "usage", "used",
        "valid", "validity", "version",
        # File names in stack traces
        "java", "py", "php", "rb", "go", "js", "ts", "cs", "kt", "html", "phtml", "twig", "tpl", "xml", "json", "yml",
    }
)  # fmt: skip

# Whole names, without separators, that would match otherwise.
_HARMLESS_NAMES: Final = re.compile(
    r"(?:www|proxy)authenticate|secretar(?:y|iat|ies)\w*|(?:boarding|bus|day|season|"
    r"by|com|over|under|tres|sur|encom|travel|museum|park|ski)pass(?:es)?|palabraclave|geheimtipps?|"
    r"(?:is|has|needs|require|requires|use|uses|show|allow|allows|no|with|without|enable|forgot|forgotten|reset|change|"
    r"invalid|wrong|missing|incorrect|bad|expired|unexpected|max|maxi?mum|total|prompt|completion|input|output)"
    r"(?:password|passwd|token|tokens|secret|apikey|signature|pin|cookie|cookies|credentials)|"
    r"(?:primary|foreign|sort|cache|partition|idempotency|lookup|routing|object|translation|message|error|group|index|"
    r"array|unique|composite|range|i18n|locale|label|problem|dedup|job|queue|order|row|item|map|config|event)keys?|"
    r"cookie(?:s|consent|policy|banner|law|notice)?"
    r"(?:accepted|consent|policy|banner|law|notice|domain|name|path|lifetime|secure|enabled|s?disabled|httponly)|"
    r"sessions?(?:count|timeout|lifetime|duration|start|name)|pinned|"
    r".*(?:tokeni[sz](?:e|ed|er|ation|ing)|(?:keyboard|keyword|monkey|turkey|jockey|hockey|whiskey|donkey)s?|"
    r"authority|author|authors|authorname)"
)

_NAMING_WORDS: Final = frozenset(
    {
        "name", "key", "label", "field", "header", "k", "n", "param", "parameter", "property", "option", "attribute",
        "setting", "variable", "var", "identifier", "naam", "nom", "nombre", "bezeichnung", "schlüssel", "schluessel",
    }
)  # fmt: skip

# These name a value only if it is called `value` or similar: `{"code": "invalid_token", "data": …}` is an error.
_LOOSE_NAMING_WORDS: Final = frozenset({"id", "code", "path", "type", "title", "slug", "handle"})

_VALUE_WORDS: Final = frozenset({"value", "val", "v", "values", "vals", "wert", "waarde", "valeur", "valor"})

_LOOSE_VALUE_WORDS: Final = frozenset({"content", "contents", "data", "text", "string", "default"})

# Found only as a whole word, because longer words contain them (`enclave`).
_WHOLE_WORDS: Final = frozenset({"clave"})

_PHONE_WORDS: Final = frozenset(
    {
        "phone", "phones", "telephone", "tel", "mobile", "mobil", "fax", "cell", "cellphone", "telefon",
        "telefonnummer",
        "handy", "handynummer", "rufnummer", "mobilnummer", "telefoon", "telefoonnummer", "mobiel", "téléphone",
        "teléfono", "telefono", "móvil", "movil", "celular", "cellulare", "portable", "gsm", "whatsapp", "msisdn",
        "phonenumber", "mobilenumber", "faxnumber", "telephonenumber",
    }
)  # fmt: skip

# Words after which a text such as `API key: …` is looked up together with the words before.
_LAST_WORDS: Final = frozenset(
    {
        "key", "passe", "code", "id", "number", "api", "secret", "phrase", "word", "schlüssel", "schluessel", "sleutel",
        "secrète", "secrete", "secreta", "acceso", "accès", "acces", "licence", "carte", "tarjeta", "privada", "privée",
        "privee", "passphrase", "webservice", "gegevens", "confidentiel", "seguridad", "sécurité", "securite",
    }
)  # fmt: skip

MAX_NAME_LENGTH: Final = 200
"""Longer names are not classified."""

_MAX_CACHED_NAMES: Final = 10_000
_MIN_SUBSTRING_LENGTH: Final = 5
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_FAST_WORD: Final = re.compile(r"[^\W\d_]+|\d+")
_SEPARATORS: Final = {ord(char): None for char in "-_ .[]$@:'\"+/\\"}


class NameKind:
    """Flags that say what the name of a value says about the value. Plain integers, because they are compared often."""

    NONE: Final = 0
    SECRET: Final = 1
    """The value is a secret."""
    HEADER: Final = 2
    """The value is a secret that reaches to the end of its line, such as that of `Authorization` or `Cookie`."""
    WEAK: Final = 4
    """The value is a secret if it looks random."""
    NAMING: Final = 8
    """The value is the name of another value, as in `{"name": "password", "value": "…"}`."""
    VALUE: Final = 16
    """The value belongs to a name beside it."""
    PHONE: Final = 32
    """The value is a phone number if it has enough digits."""
    LAST_WORD: Final = 64
    """The last word of names that consist of several words."""
    LOOSE_NAMING: Final = 128
    """As `NAMING`, but only for `VALUE`."""
    LOOSE_VALUE: Final = 256
    """As `VALUE`, but only for `NAMING`."""


class _Kinds(dict[str, int]):
    """Kinds by name. A known name takes half of the time that `lru_cache` takes."""

    __slots__ = ("_classify",)

    def __init__(self, classify: Callable[[str], int]) -> None:
        super().__init__()
        self._classify = classify

    def __missing__(self, name: str) -> int:
        kind = self._classify(name)
        if len(name) <= MAX_NAME_LENGTH:  # others are decided by their length
            if len(self) >= _MAX_CACHED_NAMES:
                self.clear()
            self[name] = kind
        return kind


class NameClassifier:
    """Classifies names. Results are cached.

    Args:
        headers: Names of headers with secrets.
        fields: Names of fields with secrets.
        phones: Whether fields with phone numbers are classified as such.
    """

    def __init__(self, headers: Iterable[str], fields: Iterable[str], *, phones: bool) -> None:
        headers, fields = frozenset(headers), frozenset(fields)
        self.secret_names = headers | fields
        self._phones = phones
        self._headers = frozenset(map(_join, headers)) - {""}
        self._exact = (frozenset(map(_join, fields)) | self._headers) - {""}
        parts = sorted(name for name in self._exact if len(name) >= _MIN_SUBSTRING_LENGTH and name not in _WHOLE_WORDS)
        minimal = [part for part in parts if not any(other != part and other in part for other in parts)]
        self._parts = re.compile(build_trie(minimal))
        self._sequences: dict[str, list[tuple[str, ...]]] = {}
        for name in headers | fields:
            words = split_words(name)
            if words:
                self._sequences.setdefault(words[0], []).append(words)
        self.classify: Callable[[str], int] = _Kinds(self._classify).__getitem__
        self.classify_phrase = lru_cache(maxsize=2000)(self._classify_phrase)

    def is_secret(self, name: str) -> bool:
        """Whether values under this name are secrets."""
        return bool(self.classify(name) & NameKind.SECRET)

    def _classify_phrase(self, before: str, name: str) -> int:
        """Return the kind of a name together with some of the words before it, as in `API key`; NONE if no secret."""
        words = before.replace("'", " ").replace("’", " ").split()
        if not self._can_contain_secret([*words, name]):
            return NameKind.NONE
        for count in range(1, len(words) + 1):
            longer = self.classify(" ".join([*words[-count:], name]))
            if longer & NameKind.SECRET:
                return longer
        return NameKind.NONE

    def _can_contain_secret(self, words: list[str]) -> bool:
        """Whether a secret name can be within consecutive words: one check of all, before those of each sequence."""
        joined = [_join("".join(words[index:])) for index in range(len(words))]
        phrase = " ".join(words)
        return (
            self._parts.search(joined[0]) is not None
            or not self._exact.isdisjoint(joined)
            or not self._sequences.keys().isdisjoint(map(str.lower, _WORD.findall(phrase)))
            or not self._sequences.keys().isdisjoint(map(str.lower, _FAST_WORD.findall(phrase)))
            or joined[0].endswith("pass")
        )

    def _classify(self, name: str) -> int:
        if len(name) > MAX_NAME_LENGTH:
            return NameKind.NONE
        if "%" in name:
            name = unquote_plus(name) if name.isascii() else name
        joined = _join(name)
        if joined in self._exact:
            return NameKind.SECRET | (NameKind.HEADER if joined in self._headers else NameKind.NONE)
        words = split_words(name)
        if not words:
            return NameKind.NONE
        end = self._find_secret_end(joined, words)
        if end is not None and not _HARMLESS_NAMES.fullmatch(joined):
            rest = words[end:]
            if not rest or (rest[-1] not in _HARMLESS_ENDS and rest[0] not in _HARMLESS_ENDS):
                is_header = any(header in joined for header in ("authorization", "cookie"))
                return NameKind.SECRET | (NameKind.HEADER if is_header else NameKind.NONE)
        return self._classify_harmless(joined, words)

    def _classify_harmless(self, joined: str, words: tuple[str, ...]) -> int:
        kind, last = NameKind.NONE, words[-1]
        if last in _NAMING_WORDS:
            kind |= NameKind.NAMING
        elif last in _LOOSE_NAMING_WORDS:
            kind |= NameKind.LOOSE_NAMING
        elif last in _VALUE_WORDS:
            kind |= NameKind.VALUE
        elif last in _LOOSE_VALUE_WORDS:
            kind |= NameKind.LOOSE_VALUE
        if last in _LAST_WORDS and len(words) <= 2:
            kind |= NameKind.LAST_WORD
        if (joined in _WEAK_FIELDS or last == "key") and not _HARMLESS_NAMES.fullmatch(joined):
            kind |= NameKind.WEAK
        if self._phones and not _PHONE_WORDS.isdisjoint(words):
            kind |= NameKind.PHONE
        return kind

    def _find_secret_end(self, joined: str, words: tuple[str, ...]) -> int | None:
        """Return the number of words up to the end of the secret name within a longer name; None if it is missing."""
        is_part = self._parts.search(joined) is not None
        if not is_part and self._sequences.keys().isdisjoint(words) and not words[-1].endswith("pass"):
            return None
        found: int | None = None
        for index, word in enumerate(words):
            for wanted in self._sequences.get(word, ()):
                if words[index : index + len(wanted)] == wanted:
                    found = index + len(wanted)
            if word.endswith("pass") and index == len(words) - 1:
                found = len(words)
        if is_part:
            length = 0
            *_, last = self._parts.finditer(joined)
            for index, word in enumerate(words):
                length += len(word)
                if length >= last.end():
                    return max(found or 0, index + 1)
            return len(words)
        return found


def split_words(name: str) -> tuple[str, ...]:
    """Split a name into its words in lower case, at separators and at changes of case: `userPin` into `user`, `pin`."""
    if name.islower() and name.isalpha():
        return (name,)
    if name.islower():
        return tuple(_FAST_WORD.findall(name))
    return tuple(map(str.lower, _WORD.findall(name)))


def _join(name: str) -> str:
    return name.lower() if name.isalnum() else name.lower().translate(_SEPARATORS)
