"""Credentials that are recognized by what surrounds them: in URLs, after authentication schemes, in shell commands."""

from __future__ import annotations

import binascii
import re
from typing import Final

from sendcloud_integrations_client.sync.redaction.clean_lines import CleanLines
from sendcloud_integrations_client.sync.redaction.tries import match_words

__all__ = [
    "MIN_RANDOM_LENGTH",
    "SCHEME_WORDS",
    "CredentialFinder",
    "is_irregular",
    "is_user_and_password",
    "looks_random",
]

MIN_RANDOM_LENGTH: Final = 16
"""Shorter texts never count as random."""

SCHEME_WORDS: Final = (
    r"(?:(?-i:[Bb])(?:earer|asic)|(?-i:[Tt])oken|(?-i:[Dd])igest|(?-i:[Aa])(?:pi-?Key|WS4-HMAC-SHA256|WS)|"
    r"(?-i:[Kk\u212a])(?:ey|erberos)|(?-i:[Oo])Auth2?|(?-i:[Jj])WT|(?-i:[Nn])(?:egotiate|TLM)|"
    r"(?-i:[Hh])(?:awk|MAC(?:-SHA\d+)?)|(?-i:[Mm])AC|(?-i:[Gg])(?:enieKey|oogleLogin)|(?-i:[Uu])ser(?:nameToken)?|"
    r"(?-i:[Ss\u017f])(?:ignature|SWS|haredKey|haredAccessSignature|hippoToken|ecret)|(?-i:[Zz])oho-oauthtoken|"
    r"(?-i:[Cc])ustom|(?-i:[Pp])reSharedKey)"
)
"""Words before the credentials in an `Authorization` header, for a pattern that ignores case.

Each alternative begins with a set of characters in which case matters: the engine skips it without entering it.
"""

# Each pattern begins with a character, a set of them, or alternatives that begin with one fixed character each. The
# regular expression engine searches for these at high speed. Conditions for what precedes them come second.
_USERINFO: Final = re.compile(
    r"""(?P<before>:(?:\\{0,9}+/){2})(?:(?:[^\s/?#"'<>\\@]{0,1000}@){1,9}|"""
    # A password with a slash. Digits up to a slash are a port.
    r"""[^\s/:@"'<>\\]{1,100}+:(?!\d{1,5}+(?:/|\\|$))[^\s@"'<>]{1,100}+@(?=[\w.\-]+))"""
)
_ORACLE_USERINFO: Final = re.compile(r"""(?P<before>jdbc:oracle:\w{1,10}:[\w\-$]{1,60}+/)[^\s@"'<>/]{1,100}+@""")
# A URL as Go prints its fields.
_GO_USERINFO: Final = re.compile(r"(?P<before> User:[^\s:]{1,100}+:)\S{1,500}+(?= Host:)")
# The end of a password in user:password@host.
_BARE_PASSWORD_END: Final = re.compile(
    r"""@(?<=[^\s/:@"'<>(){}\[\],;\\]{3}@)(?=[A-Za-z\d][\w\-]*+(?:[.:\s/"']|$)|(?:tcp|unix)\()"""
)
_BARE_PASSWORD: Final = re.compile(r"""[^\s/:@"'<>(){}\[\],;\\]{3,100}+""")
_BARE_USER: Final = re.compile(r"[\w.+\-]{1,61}+(?<=[A-Za-z])(?![\w.+\-/@:])")  # matches reversed text
_MAX_BARE_PASSWORD: Final = 100
_MAX_BARE_USER: Final = 61
_NO_USERS: Final = frozenset(
    {
        "mailto", "sip", "sips", "xmpp", "email", "e-mail", "mail", "to", "from", "cc", "bcc", "contact", "acct", "urn",
        "reply-to", "replyto", "sender", "recipient", "customer", "smtp", "tel", "npm", "git", "user", "username",
        "login", "account", "client", "klant", "kunde", "cliente", "https", "http",
    }
)  # fmt: skip
_PLAIN_WORD: Final = re.compile(r"[A-Za-z]?[a-z.\-_]*\d{0,4}")
_WORDS_OF_SCHEMES: Final = (
    "bearer", "basic", "token", "apikey", "api-key", "jwt", "oauth", "ssws", "geniekey", "sharedkey",
)  # fmt: skip
_SCHEME: Final = re.compile(
    rf"(?P<word>{match_words(dict.fromkeys(_WORDS_OF_SCHEMES, ''))})"
    r"(?P<gap>(?:[ \t]|\\t){1,20}+|\+|%20)"
    r"(?P<quote>\\{0,9}[\"'])?(?P<value>[\w\-.~+/=:]{4,}+)"
)
_SHELL_OPTION: Final = re.compile(
    r"""(?P<option>-(?<![^\s"'\[,(]-)(?:u|U|-user|-proxy-user|-http-user|a|-auth|-basic-auth|-credentials))"""
    r"""(?P<gap>["']?,?[ \t=]{1,9}+)(?P<quote>\\{0,9}["'])?"""
    r"""(?P<user>[^\s:"'\\/]{0,100}+):(?P<password>(?(quote)[^"'\\]|[^\s"'\\]){1,500}+)"""
)
# A key instead of user and password: curl -u KEY:
_SHELL_KEY: Final = re.compile(
    r"""(?P<option>-(?<![^\s"'\[,(]-)(?:u|-user)["']?,?[ \t=]{1,9}+(?:\\{0,9}["'])?)"""
    r"""[\w\-]{16,200}+(?=:(?:[\s"'\\]|$))"""
)
_SHELL_SECRET: Final = re.compile(
    r"""(?P<program>--oauth2-bearer|"""
    r"""sshpass(?<!\wsshpass)[ ]{1,9}+-p|"""
    r"""mysql(?<!\wmysql)\w*+[^\n|;]{0,100}?[ ]-p|"""
    r"""redis-cli(?<!\wredis-cli)[^\n|;]{0,100}?[ ]-a|"""
    r"""curl(?<!\wcurl)[^\n|;]{0,150}?[ ](?:-b|--cookie|--oauth2-bearer|--pass|-u(?=\w))|"""
    r"""docker(?<!\wdocker)[ ]login[^\n|;]{0,100}?[ ]-p|"""
    r"""ConvertTo-SecureString(?<!\wConvertTo-SecureString)(?:[ ]-String)?(?=[ ]["'])|"""
    r"""sqlplus(?<!\wsqlplus)[ ](?:-\w{1,9}[ ]){0,3}[\w\-$]{1,60}+/)[ =]{0,9}+(?P<quote>["'])?"""
    r"""(?P<password>(?(quote)[^"']|[^\s"'\-]){1}(?(quote)[^"']|[^\s"']){0,1000}+)"""
)
_KEY: Final = r"(?i:[ _\-]?key)"
_SECRET_WORDS: Final = {
    "password": "", "passwort": "", "passwd": "", "pwd": "", "wachtwoord": "", "mot de passe": "", "contraseña": "",
    "contrasena": "", "token": "", "kennwort": "", "secret": f"{_KEY}?", "private": _KEY, "api": _KEY, "access": _KEY,
    "auth": _KEY,
}  # fmt: skip
# Only what looks generated is replaced: "with password S3CRET", not "the password is wrong".
_PROSE: Final = re.compile(
    rf"(?P<name>(?:{match_words(_SECRET_WORDS)})"
    r"(?i:[ ](?:is|was|lautet|ist|est|es|of|von|van|de))?"
    r"(?:[ ]?[ (]|[ ]?\.{3,80}+:?[ ]?)"
    r"[\"'`(]{0,2})(?P<value>(?=[\w\-.~+/=]{0,60}?\d)(?=[\w\-.~+/=]{0,60}?[A-Za-z])[\w\-~+/=]{6,}+)"
)
_MIN_LONG_TEXT: Final = 200
_WORDS_OF_PROSE: Final = ("pass", "pwd", "wachtwoord", "contrase", "token", "secret", "kennwort", "key")
_PROGRAMS: Final = ("curl", "sshpass", "mysql", "redis-cli", "docker", "--oauth2-bearer", "sqlplus", "SecureString")
_USER_AND_PASSWORD: Final = re.compile(r"[^\s:]{1,100}:\S{1,500}")
_DIGIT: Final = re.compile(r"\d")
_LETTER: Final = re.compile(r"[A-Za-z]")
# A UUID or a timestamp.
_REGULAR_TEXT: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_TRANSITION: Final = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")
_RANDOM_TEXT: Final = re.compile(r"[\w\-+/=.~]+")
_MIN_TRANSITIONS: Final = 3
_MIN_CASE_CHANGES: Final = 5
_CASE_CHANGE: Final = re.compile(r"[a-z][A-Z]")


class CredentialFinder:
    """Replaces credentials that are recognized by what surrounds them.

    Args:
        marker: Replacement for credentials.
    """

    def __init__(self, marker: str) -> None:
        self._marker = marker
        self._clean_lines = CleanLines()

    def redact_urls(self, text: str) -> str:
        """Replace the user and password of URLs, and the password in `user:password@host`."""
        if "@" not in text or ":" not in text:
            return text
        replacement = self._replace_userinfo
        text = _USERINFO.sub(replacement, text)
        if "jdbc:oracle:" in text:
            text = _ORACLE_USERINFO.sub(replacement, text)
        return self._redact_bare_userinfo(text)

    def redact_schemes(self, text: str) -> str:
        """Replace what follows the name of an authentication scheme or `password is`, if it looks like a credential."""
        if " User:" in text:
            text = _GO_USERINFO.sub(lambda found: f"{found['before']}{self._marker}", text)
        if " " not in text and "+" not in text and "\\t" not in text and "\t" not in text and "%20" not in text:
            return text  # nothing separates the scheme from the credential
        return self._clean_lines.redact(text, self._redact_scheme_lines)

    def _redact_scheme_lines(self, text: str) -> str:
        # In a long text, a search for each word is much faster than the regular expressions.
        folded = _fold(text) if len(text) > _MIN_LONG_TEXT else None
        if folded is None or any(word in folded for word in _WORDS_OF_SCHEMES):
            text = _SCHEME.sub(self._redact_scheme, text)
        if folded is None or any(word in folded for word in _WORDS_OF_PROSE):
            text = _PROSE.sub(lambda found: f"{found['name']}{self._marker}", text)
        return text

    def redact_shell(self, text: str) -> str:
        """Replace credentials in the options of shell commands."""
        if "-" not in text and "sqlplus" not in text:
            return text
        if ":" in text:
            text = _SHELL_OPTION.sub(self._redact_shell_option, text)
            text = _SHELL_KEY.sub(lambda found: f"{found['option']}{self._marker}", text)
        if any(program in text for program in _PROGRAMS):
            text = _SHELL_SECRET.sub(self._redact_shell_secret, text)
        return text

    def _replace_userinfo(self, found: re.Match[str]) -> str:
        return f"{found['before']}{self._marker}@"

    def _redact_bare_userinfo(self, text: str) -> str:
        parts: list[str] = []
        done = 0
        for found in _BARE_PASSWORD_END.finditer(text):
            end = found.start()
            start = text.rfind(":", max(0, end - _MAX_BARE_PASSWORD - 1), end) + 1
            if start and _BARE_PASSWORD.fullmatch(text, start, end):
                user = _BARE_USER.match(text[max(0, start - _MAX_BARE_USER - 2) : start - 1][::-1])
                if user is not None and not self._is_no_userinfo(text, user[0][::-1], start, end):
                    parts += [text[done:start], self._marker]
                    done = end
        return "".join([*parts, text[done:]]) if parts else text

    def _is_no_userinfo(self, text: str, user: str, start: int, end: int) -> bool:
        password = text[start:end]
        if user.lower() in _NO_USERS or password == self._marker:
            return True
        # As in Kunde:max.muster@shop.example
        return _PLAIN_WORD.fullmatch(password) is not None and "." in text[end + 1 : end + 101].split()[0]

    def _redact_scheme(self, found: re.Match[str]) -> str:
        word, value = found["word"].lower(), found["value"]
        if word == "basic":
            is_credential = _is_basic_credential(value)
        elif word == "bearer":
            is_credential = _looks_generated(value) or len(value) >= 20
        else:
            is_credential = looks_random(value.rstrip("."))
        return f"{found['word']}{found['gap']}{found['quote'] or ''}{self._marker}" if is_credential else found[0]

    def _redact_shell_option(self, found: re.Match[str]) -> str:
        if found["user"].isdigit() and found["password"].isdigit():
            return found[0]  # ids of a user and a group
        if found["option"] in ("-a", "-U", "-u") and "//" in found["password"][:3]:
            return found[0]
        return f"{found['option']}{found['gap']}{found['quote'] or ''}{found['user']}:{self._marker}"

    def _redact_shell_secret(self, found: re.Match[str]) -> str:
        return f"{found[0][: found.start('password') - found.start()]}{self._marker}"


def _fold(text: str) -> str:
    """Return a text in which letters are equal if a regular expression that ignores case treats them as equal."""
    folded = text.casefold()
    return folded if text.isascii() else folded.replace("\u0131", "i").replace("i\u0307", "i")


def looks_random(value: str) -> bool:
    """Whether a text is as irregular as a generated token. UUIDs and timestamps count as regular."""
    if len(value) < MIN_RANDOM_LENGTH:
        return False
    # `isalnum` takes a tenth of the time of the regular expressions.
    if not value.rstrip("=").isalnum() and (not _RANDOM_TEXT.fullmatch(value) or _REGULAR_TEXT.fullmatch(value)):
        return False
    return is_irregular(value[:200])


def is_irregular(value: str) -> bool:
    """Whether a text of at least `MIN_RANDOM_LENGTH` characters has many changes between letters, digits and cases."""
    if len(_TRANSITION.findall(value)) >= _MIN_TRANSITIONS:
        return True
    return "-" not in value and "/" not in value and len(_CASE_CHANGE.findall(value)) >= _MIN_CASE_CHANGES


def is_user_and_password(value: str) -> bool:
    """Whether a text is `user:password`, or that in base64."""
    if _USER_AND_PASSWORD.fullmatch(value):
        return True
    try:
        decoded = binascii.a2b_base64(value, strict_mode=True)
    except ValueError:  # no base64, or letters that are not ASCII
        return False
    return b":" in decoded and decoded.isascii() and decoded.decode().isprintable()


def _looks_generated(value: str) -> bool:
    has_both = _DIGIT.search(value) is not None and _LETTER.search(value) is not None
    return has_both or _CASE_CHANGE.search(value) is not None or value.endswith("=")


def _is_basic_credential(value: str) -> bool:
    head = value[: len(value.rstrip("=")) // 4 * 4][:400]
    if len(head) < 4:
        return False
    try:
        decoded = binascii.a2b_base64(head.replace("-", "+").replace("_", "/"))
    except ValueError:  # no base64, or letters that are not ASCII
        return False
    return b":" in decoded or (len(value) >= 12 and _looks_generated(value))
