"""From the contract in `openapi/` to the code in `sendcloud_integrations_client/generated/`. Not shipped.

The way of a document: `documents` loads it, `overlay` puts our wishes on it, `naming` gives every schema and operation
the name a person would choose, `schemas` reads its schemas as fields and rules, `project` has openapi-python-client
render our templates, `changes` tells what a new contract changes for a caller, `update` puts it in place.
"""
