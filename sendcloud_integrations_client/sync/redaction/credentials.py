"""Credentials that are recognized by what surrounds them: in URLs, after authentication schemes, in shell commands."""

from __future__ import annotations

import binascii
import re
from typing import Final

__all__ = ["CredentialFinder", "SCHEME_WORDS", "looks_random"]

SCHEME_WORDS: Final = (
    r"(?:Bearer|Basic|Token|Digest|Api-?Key|Key|OAuth2?|JWT|Negotiate|NTLM|Kerberos|Hawk|MAC|HMAC(?:-SHA\d+)?|"
    r"AWS4-HMAC-SHA256|AWS|Signature|SSWS|SharedKey|SharedAccessSignature|GenieKey|GoogleLogin|UsernameToken|"
    r"Zoho-oauthtoken|ShippoToken|Custom|User|PreSharedKey|Secret)"
)
"""Words before the credentials in an `Authorization` header."""

_USERINFO: Final = re.compile(
    r"""(:(?:\\{0,9}+/){2})(?:[^\s/?#"'<>\\@]{0,1000}@){1,9}|"""
    # A password with a slash. Digits up to a slash are a port.
    r"""(:(?:\\{0,9}+/){2})[^\s/:@"'<>\\]{1,100}+:(?!\d{1,5}+(?:/|\\|$))[^\s@"'<>]{1,100}+@(?=[\w.\-]+)|"""
    r"""(jdbc:oracle:\w{1,10}:[\w\-$]{1,60}+/)[^\s@"'<>/]{1,100}+@"""
)
_BARE_USERINFO: Final = re.compile(
    r"""(?<![\w.+\-/@:])(?P<user>[A-Za-z][\w.+\-]{0,60}+):(?P<password>[^\s/:@"'<>(){}\[\],;\\]{3,100}+)"""
    r"""@(?=[A-Za-z\d][\w\-]*+(?:[.:\s/"']|$))"""
)
_NO_USERS: Final = frozenset(
    {
        "mailto", "sip", "sips", "xmpp", "email", "e-mail", "mail", "to", "from", "cc", "bcc", "contact", "acct", "urn",
        "reply-to", "replyto", "sender", "recipient", "customer", "smtp", "tel", "npm", "git", "user", "username",
        "login", "account", "client", "klant", "kunde", "cliente", "https", "http",
    }
)  # fmt: skip
_PLAIN_WORD: Final = re.compile(r"[A-Za-z]?[a-z.\-_]*\d{0,4}")
_SCHEME: Final = re.compile(
    r"\b(?P<word>Bearer|Basic|Token|ApiKey|Api-Key|JWT|OAuth|SSWS|GenieKey|SharedKey)"
    r"(?P<gap>(?:[ \t]|\\t){1,20}+|\+|%20)"
    r"(?P<quote>\\{0,9}[\"'])?(?P<value>[\w\-.~+/=:]{4,}+)",
    re.IGNORECASE,
)
_SHELL_OPTION: Final = re.compile(
    r"""(?<![^\s"'\[,(])(?P<option>-u|-U|--user|--proxy-user|--http-user|-a|--auth|--basic-auth|--credentials)"""
    r"""(?P<gap>["']?,?[ \t=]{1,9}+)(?P<quote>\\{0,9}["'])?"""
    r"""(?P<user>[^\s:"'\\/]{0,100}+):(?P<password>(?(quote)[^"'\\]|[^\s"'\\]){1,500}+)"""
)
_SHELL_SECRET: Final = re.compile(
    r"""\b(?P<program>sshpass[ ]{1,9}+-p|mysql\w*+[^\n|;]{0,100}?[ ]-p|redis-cli[^\n|;]{0,100}?[ ]-a|"""
    r"""curl[^\n|;]{0,150}?[ ](?:-b|--cookie|--oauth2-bearer|--pass|-u(?=\w))|"""
    r"""docker[ ]login[^\n|;]{0,100}?[ ]-p|--oauth2-bearer|"""
    r"""sqlplus[ ](?:-\w{1,9}[ ]){0,3}[\w\-$]{1,60}+/)[ =]{0,9}+(?P<quote>["'])?"""
    r"""(?P<password>(?(quote)[^"']|[^\s"'\-]){1}(?(quote)[^"']|[^\s"']){0,1000}+)"""
)
# Only what looks generated is replaced: "with password S3CRET", not "the password is wrong".
_PROSE: Final = re.compile(
    r"(?P<name>\b(?:password|passwort|passwd|pwd|wachtwoord|mot de passe|contrase(?:ñ|n)a|token|secret|kennwort|"
    r"(?:api|access|secret|private|auth)[ _\-]?key)(?:[ ](?:is|was|lautet|ist|est|es|of|von|van|de))?"
    r"(?:[ ]?[ (]|[ ]?\.{3,80}+:?[ ]?)"
    r"[\"'`(]{0,2})(?P<value>(?=[\w\-.~+/=]{0,60}?\d)(?=[\w\-.~+/=]{0,60}?[A-Za-z])[\w\-~+/=]{6,}+)",
    re.IGNORECASE,
)
_MIN_LONG_TEXT: Final = 200
_WORDS_OF_SCHEMES: Final = (
    "bearer",
    "basic",
    "token",
    "apikey",
    "api-key",
    "jwt",
    "oauth",
    "ssws",
    "geniekey",
    "sharedkey",
)
_WORDS_OF_PROSE: Final = ("pass", "pwd", "wachtwoord", "contrase", "token", "secret", "kennwort", "key")
_PROGRAMS: Final = ("curl", "sshpass", "mysql", "redis-cli", "docker", "--oauth2-bearer", "sqlplus")
_DIGIT: Final = re.compile(r"\d")
_LETTER: Final = re.compile(r"[A-Za-z]")
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_TIMESTAMP: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ].*)?")
_TRANSITION: Final = re.compile(r"[A-Za-z]\d|\d[A-Za-z]")
_RANDOM_TEXT: Final = re.compile(r"[\w\-+/=.~]{16,}")
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

    def redact_urls(self, text: str) -> str:
        """Replace the user and password of URLs, and the password in `user:password@host`."""
        if "@" not in text or ":" not in text:
            return text
        text = _USERINFO.sub(lambda found: f"{found[1] or found[2] or found[3]}{self._marker}@", text)
        return _BARE_USERINFO.sub(self._redact_bare_userinfo, text)

    def redact_schemes(self, text: str) -> str:
        """Replace what follows the name of an authentication scheme, if it looks like a credential."""
        if " " not in text and "+" not in text and "\\t" not in text and "\t" not in text and "%20" not in text:
            return text  # nothing separates the scheme from the credential
        # In a long text, a search for each word is much faster than the regular expressions.
        folded = text.casefold() if len(text) > _MIN_LONG_TEXT else None
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
        if any(program in text for program in _PROGRAMS):
            text = _SHELL_SECRET.sub(self._redact_shell_secret, text)
        return text

    def _redact_bare_userinfo(self, found: re.Match[str]) -> str:
        user, password = found["user"], found["password"]
        if user.lower() in _NO_USERS or password == self._marker:
            return found[0]
        if _PLAIN_WORD.fullmatch(password) and "." in found.string[found.end() : found.end() + 100].split()[0]:
            return found[0]  # as in Kunde:max.muster@shop.example
        return f"{user}:{self._marker}@"

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


def looks_random(value: str) -> bool:
    """Whether a text is as irregular as a generated token. UUIDs and timestamps count as regular."""
    if not _RANDOM_TEXT.fullmatch(value) or _UUID.fullmatch(value) or _TIMESTAMP.fullmatch(value):
        return False
    head = value[:200]
    if len(_TRANSITION.findall(head)) >= _MIN_TRANSITIONS:
        return True
    return "-" not in head and "/" not in head and len(_CASE_CHANGE.findall(head)) >= _MIN_CASE_CHANGES


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
