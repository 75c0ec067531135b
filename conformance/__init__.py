"""Conformance tests with independent tools: the client with Prism, the simulated Sendcloud with Schemathesis."""
