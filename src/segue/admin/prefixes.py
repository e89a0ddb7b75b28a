"""The first three characters of an id say what it names: a help for people, never checked by code."""

from typing import Final

ORG: Final = "00o"
USER: Final = "00u"
APPLICATION: Final = "0oa"
EXTERNAL_KEY: Final = "exk"
AUTHORIZATION_SERVER: Final = "aus"
TRUSTED_ORIGIN: Final = "tos"
APP_LINK: Final = "aln"
TRUST_ENTRY: Final = "itm"
API_TOKEN: Final = "00T"
SCOPE_GRANT = "oag"
CLIENT_SECRET: Final = "ocs"
GROUP: Final = "00g"
GROUP_RULE: Final = "0pr"
