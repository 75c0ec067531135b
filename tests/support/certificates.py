"""TLS contexts for servers on loopback."""

from __future__ import annotations

import ssl

import trustme


def create_tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the context of a server at 127.0.0.1 and localhost, and the context of a client that trusts it."""
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client_context = ssl.create_default_context()
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(server_context)
    authority.configure_trust(client_context)
    return server_context, client_context
