"""Secrets that are recognized by their shape, under any name."""

from __future__ import annotations

import re
from typing import Final

import attrs

__all__ = ["DEFAULT_PATTERNS", "SecretPattern"]

_MIN_LETTERS: Final = 2
_LETTERS: Final = re.compile(r"[A-Za-z]+")


def _validate_prefix(instance: SecretPattern, attribute: attrs.Attribute[str], value: str) -> None:
    if max(map(len, _LETTERS.findall(value)), default=0) < _MIN_LETTERS:
        raise ValueError(f"Invalid SecretPattern prefix for {instance.name!r}: must contain two consecutive letters.")


def _validate_rest(instance: SecretPattern, attribute: attrs.Attribute[str], value: str) -> None:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"Invalid SecretPattern rest for {instance.name!r}: {error}.") from None


@attrs.frozen
class SecretPattern:
    """Shape of a secret: a fixed prefix, and a regular expression for what follows.

    The prefix makes the search fast. It must not be preceded by a letter or digit.

    Attributes:
        name: Name of the kind of secret.
        prefix: Literal text that each secret of this kind begins with, in the case it is written in. Must contain two
            consecutive ASCII letters.
        rest: Regular expression that matches the rest of the secret. Bound its repetitions, such as `{20,200}`, or make
            them possessive, such as `{20,}+`, so that the time stays linear.

    Raises:
        ValueError: If the prefix has no two letters, or the regular expression is invalid.

    Example:
        Redaction(patterns=[*DEFAULT_PATTERNS, SecretPattern("ACME key", "acme_", r"[0-9a-f]{32}")])
    """

    name: str
    prefix: str = attrs.field(validator=_validate_prefix)
    rest: str = attrs.field(validator=_validate_rest)


DEFAULT_PATTERNS: Final = (
    SecretPattern("JSON Web Token or key", "eyJ", r"[\w\-]{8,}+(?:\.[\w\-]{4,}+(?:\.[\w\-]*+){0,3}|\.?\Z|(?=\.{3}))"),
    SecretPattern("PEM private key", "-----BEGIN", r" [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"),
    SecretPattern("PEM certificate", "-----BEGIN", r" [A-Z0-9 ]{0,40}CERTIFICATE(?: REQUEST)?-----"),
    SecretPattern("PuTTY private key", "PuTTY-User-Key-File-", r"\d:[^\0]{0,8000}?Private-MAC: ?\w{1,100}+"),
    SecretPattern("Stripe secret key", "sk_live_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Stripe secret key for tests", "sk_test_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Stripe restricted key", "rk_live_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Stripe restricted key for tests", "rk_test_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Stripe publishable key", "pk_live_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Stripe webhook secret", "whsec_", r"[0-9A-Za-z+/=]{6,}+"),
    SecretPattern("Shopify access token", "shpat_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Shopify custom app token", "shpca_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Shopify private app password", "shppa_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Shopify shared secret", "shpss_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Shopify user token", "shpua_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("Shopify customer or token app secret", "shptka_", r"[0-9A-Za-z]{6,}+"),
    SecretPattern("WooCommerce consumer key", "ck_", r"[0-9a-f]{32,64}+"),
    SecretPattern("WooCommerce consumer secret", "cs_", r"[0-9a-f]{32,64}+"),
    SecretPattern("Shopware access key of an integration", "SWIA", r"[0-9A-Z]{16,40}+"),
    SecretPattern("Shopware access key of a user", "SWUA", r"[0-9A-Z]{16,40}+"),
    SecretPattern("Shopware access key of a sales channel", "SWSC", r"[0-9A-Z]{16,40}+"),
    SecretPattern("Amazon access key id", "AKIA", r"[0-9A-Z]{12,}+"),
    SecretPattern("Amazon temporary access key id", "ASIA", r"[0-9A-Z]{12,}+"),
    SecretPattern("Amazon marketplace token", "Atza|", r"[\w\-]{10,}+"),
    SecretPattern("Amazon marketplace refresh token", "Atzr|", r"[\w\-]{10,}+"),
    SecretPattern("Amazon marketplace client secret", "amzn1.oa2-cs.", r"[\w.\-]{10,}+"),
    SecretPattern("GitHub personal token", "ghp_", r"[0-9A-Za-z]{20,}+"),
    SecretPattern("GitHub OAuth token", "gho_", r"[0-9A-Za-z]{20,}+"),
    SecretPattern("GitHub user token", "ghu_", r"[0-9A-Za-z]{20,}+"),
    SecretPattern("GitHub server token", "ghs_", r"[0-9A-Za-z]{20,}+"),
    SecretPattern("GitHub refresh token", "ghr_", r"[0-9A-Za-z]{20,}+"),
    SecretPattern("GitHub fine-grained token", "github_pat_", r"\w{20,}+"),
    SecretPattern("GitLab token", "glpat-", r"[\w\-]{16,}+"),
    SecretPattern("Google API key", "AIza", r"[\w\-]{30,}+"),
    SecretPattern("Google OAuth client secret", "GOCSPX-", r"[\w\-]{20,}+"),
    SecretPattern("Google OAuth access token", "ya29.", r"[\w\-.]{20,}+"),
    SecretPattern("Slack bot token", "xoxb-", r"[\w\-]{10,}+"),
    SecretPattern("Slack user token", "xoxp-", r"[\w\-]{10,}+"),
    SecretPattern("Slack app token", "xapp-", r"[\w\-]{10,}+"),
    SecretPattern("Slack legacy token", "xoxa-", r"[\w\-]{10,}+"),
    SecretPattern("Slack refresh token", "xoxr-", r"[\w\-]{10,}+"),
    SecretPattern("Slack webhook URL", "hooks.slack.com/services/", r"[\w/]{10,}+"),
    SecretPattern("SendGrid API key", "SG.", r"[\w\-]{16,}+\.[\w\-]{16,}+"),
    SecretPattern("npm token", "npm_", r"[0-9A-Za-z]{30,}+"),
    SecretPattern("PyPI token", "pypi-", r"[\w\-]{40,}+"),
    SecretPattern("OpenAI key", "sk-", r"[\w\-]{32,}+"),
    SecretPattern("Square access token", "sq0atp-", r"[\w\-]{16,}+"),
    SecretPattern("Square client secret", "sq0csp-", r"[\w\-]{16,}+"),
    SecretPattern("PayPal or Braintree access token", "access_token$", r"[\w$]{16,}+"),
    SecretPattern("Mollie live key", "live_", r"[0-9A-Za-z]{28,40}+(?!\w)"),
    SecretPattern("Mollie test key", "test_", r"[0-9A-Za-z]{28,40}+(?!\w)"),
    SecretPattern("Shippo token", "shippo_live_", r"\w{16,}+"),
    SecretPattern("EasyPost production key", "EZAK", r"[0-9A-Za-z]{40,}+"),
    SecretPattern("EasyPost test key", "EZTK", r"[0-9A-Za-z]{40,}+"),
    SecretPattern("Klarna API key", "klarna_live_api_", r"[\w\-]{16,}+"),
    SecretPattern("DigitalOcean token", "dop_v1_", r"[0-9a-f]{32,}+"),
    SecretPattern("Hugging Face token", "hf_", r"[0-9A-Za-z]{30,}+"),
    SecretPattern("HashiCorp Vault token", "hvs.", r"[\w\-]{20,}+"),
    SecretPattern("Atlassian token", "ATATT3", r"[\w\-=]{20,}+"),
    SecretPattern("Postman key", "PMAK-", r"[\w\-]{20,}+"),
    SecretPattern("Databricks token", "dapi", r"[0-9a-f]{32}+(?!\w)"),
    SecretPattern("Mailgun key", "key-", r"[0-9a-f]{32}+(?!\w)"),
    SecretPattern("Facebook access token", "EAAC", r"[0-9A-Za-z]{30,}+"),
    SecretPattern("Facebook access token of an app", "EAAG", r"[0-9A-Za-z]{30,}+"),
    SecretPattern("Wix or Azure AD client secret", "IST.eyJ", r"[\w\-.]{20,}+"),
    SecretPattern("argon2 hash", "$argon2", r"[\w$=,+/.\-]{20,}+"),
    SecretPattern("age secret key", "AGE-SECRET-KEY-", r"[0-9A-Z]{20,}+"),
)  # fmt: skip
"""Shapes of secrets that are redacted by default."""
