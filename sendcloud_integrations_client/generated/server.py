"""Base URL of the API."""

from typing import Final

BASE_URL: Final = "https://panel.sendcloud.sc/api/v3"
"""Default base URL."""

BASE_PATH: Final = "/api/v3"
"""Path of the base URL."""
