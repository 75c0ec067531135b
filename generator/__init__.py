"""Generator of `sendcloud_integrations_client/generated/` from the OpenAPI document in `openapi/`. Not shipped.

A document passes through these modules in order:

- `documents` and `yaml_documents` load it, within limits, and validate it;
- `overlay` applies the overlay;
- `normalization` brings it into one form, and `support_checks` rejects what is not supported;
- `naming` names the operations, and `class_names` the schemas (`words`, `reserved_names`, `clashes`);
- `shapes`, `rules`, `reading_code` and `fields` convert schemas to types, validation rules and code;
- `plans` and `model_plans` describe the operations and models, and `document_model` checks the document again;
- `project`, a project of openapi-python-client, renders the templates and runs the post hooks;
- `output` replaces the folder of the package.

`config` reads `generator-config.yml`. `source` is the only module that turns text into source. `base_urls` decides
which origins are trusted. `changes` reports what a new document changes for callers, and `update` installs a new
document.
"""
