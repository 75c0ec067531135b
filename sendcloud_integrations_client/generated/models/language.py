"""Enum `Language`."""

from sendcloud_integrations_client.runtime.models import OpenEnum


class Language(OpenEnum):
    """Language of the name.

    Unknown values in responses are kept as text. Unknown values in requests are rejected.
    """

    EN_US = "en-us"
    EN_GB = "en-gb"
    FR_FR = "fr-fr"
    DE_DE = "de-de"
    NL_NL = "nl-nl"
    ES_ES = "es-es"
    IT_IT = "it-it"
