"""Redaction of secrets in records before they are stored.

Values are selected by name, and by their shape. docs/sync.md, section "What is redacted", lists what is found and what
is not.

| module | concern |
|---|---|
| `redactor` | `Redaction`: options, and redaction of parsed JSON by its structure |
| `names` | tables of secret names, and the classification of names |
| `patterns` | table of secrets that are recognized by their shape |
| `quick_check` | decides whether a text can contain a secret at all |
| `text_redactor` | order of the passes through text that is not JSON |
| `shapes`, `credentials`, `xml_values`, `tables`, `named_values`, `values` | one pass each |
| `encodings` | percent-encoding, entities, escapes and base64 |
| `clean_lines` | lines in which a pass finds nothing |
| `personal_data` | e-mail addresses and phone numbers |
| `tries` | regular expressions for many texts |
| `json_text` | JSON that orjson rejects, and JSON within text |
"""

from __future__ import annotations

from .json_text import encode_json
from .names import DEFAULT_FIELDS, DEFAULT_HEADERS
from .patterns import DEFAULT_PATTERNS, SecretPattern
from .redactor import Redaction

__all__ = ["DEFAULT_FIELDS", "DEFAULT_HEADERS", "DEFAULT_PATTERNS", "Redaction", "SecretPattern", "encode_json"]
