"""Generated from the OpenAPI document by `make generate`. Do not edit.

Contains models, endpoint functions and resource classes. Import public names from the parent package instead.
"""
