"""Generates packages from a folder of OpenAPI documents and tests each operation, for `make specs`. Not shipped."""
