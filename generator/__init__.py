"""Generator of `sendcloud_integrations_client/generated/` from the OpenAPI document in `openapi/`. Not shipped.

A document passes through these modules in order: `documents` loads and validates it, `overlay` applies our overlay,
`naming` names each schema and operation, `schemas` converts the schemas to fields and validation rules, and `project`
renders the templates with openapi-python-client. `changes` reports what a new document changes for callers, and
`update` installs a new document.
"""
