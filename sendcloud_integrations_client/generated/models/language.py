"""`Language`: an enum of the contract."""

from sendcloud_integrations_client.wire import OpenEnum


class Language(OpenEnum):
    """The language of the name.

    A value that is not listed here is kept as text when it is read, and refused when it is sent.
    """

    EN_US = "en-us"
    EN_GB = "en-gb"
    FR_FR = "fr-fr"
    DE_DE = "de-de"
    NL_NL = "nl-nl"
    ES_ES = "es-es"
    IT_IT = "it-it"
