"""HTTP transports: connection pools under httpx's transport API."""
