"""The addresses of the console, the same at every domain of an org."""

from typing import Final

HOME: Final = "/console"
USERS: Final = f"{HOME}/users"
GROUPS: Final = f"{HOME}/groups"
APPS: Final = f"{HOME}/apps"
POLICIES: Final = f"{HOME}/policies"
SIMULATOR: Final = f"{HOME}/simulator"
ZONES: Final = f"{HOME}/zones"
ORIGINS: Final = f"{HOME}/origins"
KEYS: Final = f"{HOME}/keys"
EVENTS: Final = f"{HOME}/events"
ROLES: Final = f"{HOME}/administrators"
TOKENS: Final = f"{HOME}/tokens"
SEARCH: Final = f"{HOME}/search"
STYLE_SHEET: Final = "/static/console.css"
SCRIPT: Final = "/static/console.js"
