"""The source files that are mutated, and the test modules that must kill the mutants of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = [
    "NEEDS_POSTGRESQL",
    "PACKAGE",
    "SAMPLED",
    "SHARED_RESULTS",
    "TEST_MODULES",
    "TargetError",
    "can_kill",
    "find_sampled_files",
    "get_tests",
]

PACKAGE: Final = "sendcloud_integrations_client"

SAMPLED: Final = ("pipeline/", "auth/", "runtime/", "pagination.py", "webhooks.py", "sync/")
"""Prefixes of the files, within the package, that random mutants are drawn from."""

_REDACTION_TESTS: Final = (
    "sync/test_redaction_names.py",
    "sync/test_redaction_credentials.py",
    "sync/test_redaction_encodings.py",
    "sync/test_redaction_json.py",
    "sync/test_redaction_markup.py",
    "sync/test_redaction_named_values.py",
    "sync/test_redaction_records.py",
    "sync/test_redaction_passes.py",
    "sync/test_redaction_values.py",
    "sync/test_quick_check.py",
    "sync/test_redaction_corpus.py",
    "sync/test_redaction.py",
)

TEST_MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "auth/api_keys.py": ("auth/test_api_keys.py",),
    "auth/credentials.py": ("auth/test_credentials.py", "test_traceback_secrets.py"),
    "auth/environment.py": ("auth/test_environment.py",),
    "auth/oauth2.py": ("auth/test_token_waits.py", "auth/test_oauth2.py"),
    "auth/origin.py": ("auth/test_origin.py",),
    "auth/security_schemes.py": ("auth/test_api_keys.py",),
    "auth/tokens.py": ("auth/test_oauth2.py",),
    "errors.py": ("test_errors.py",),
    "pagination.py": ("test_pagination.py",),
    "pipeline/background_share.py": ("pipeline/test_background_share.py", "pipeline/test_priorities.py"),
    "pipeline/rate_limiter.py": ("pipeline/test_rate_limits.py", "pipeline/test_priorities.py"),
    "pipeline/rate_limits.py": (
        "pipeline/test_rate_limit_waits.py",
        "pipeline/test_rate_limits.py",
        "pipeline/test_priorities.py",
    ),
    "pipeline/request_builder.py": ("pipeline/test_request_builder.py",),
    "pipeline/response_body.py": ("pipeline/test_response_body.py",),
    "pipeline/retries.py": ("pipeline/test_retries.py",),
    "pipeline/retry_after.py": ("pipeline/test_retries.py",),
    "runtime/arguments.py": ("runtime/test_arguments.py", "test_client.py"),
    "runtime/decoding.py": ("runtime/test_decoding.py", "test_lists.py"),
    "runtime/error_responses.py": ("runtime/test_error_responses.py", "test_errors.py"),
    "runtime/lenient_json.py": ("runtime/test_lenient_json.py",),
    "runtime/link_header.py": ("runtime/test_link_header.py",),
    "runtime/models.py": ("runtime/test_models.py", "test_webhooks.py"),
    "runtime/next_page.py": ("runtime/test_next_page.py",),
    "runtime/operations.py": (
        "runtime/test_operations.py",
        "pipeline/test_retries.py",
        "test_observability.py",
        "test_client.py",
    ),
    "runtime/query_styles.py": ("runtime/test_query_styles.py",),
    "runtime/readers.py": ("runtime/test_readers.py", "test_webhooks.py", "runtime/test_decoding.py"),
    "runtime/secret_masking.py": ("runtime/test_secret_masking.py", "test_hostile_responses.py"),
    "runtime/validation.py": ("runtime/test_validation.py", "runtime/test_arguments.py", "runtime/test_models.py"),
    "sync/__init__.py": ("sync/test_store.py",),
    "sync/account_writer.py": (
        "sync/test_account_writer.py",
        "sync/test_list_sync.py",
        "sync/test_bulk_insert.py",
        "sync/test_clocks.py",
        "sync/test_sync.py",
        "sync/test_store.py",
    ),
    "sync/accounts.py": ("sync/test_accounts.py", "sync/test_account_run.py"),
    "sync/errors.py": ("sync/test_account_writer.py", "sync/test_accounts.py"),
    "sync/list_sync.py": ("sync/test_list_sync.py", "sync/test_sync.py", "sync/test_unreadable_pages.py"),
    "sync/account_run.py": (
        "sync/test_account_run.py",
        "sync/test_sync.py",
        "sync/test_faults.py",
        "sync/test_unreadable_pages.py",
        "sync/test_accounts.py",
        "sync/test_run_lock.py",
    ),
    "sync/bulk_insert.py": ("sync/test_bulk_insert.py",),
    "sync/database_faults.py": ("sync/test_faults.py",),
    "sync/faults.py": ("sync/test_faults.py",),
    "sync/job.py": ("sync/test_sync.py", "sync/test_many_accounts.py", "sync/test_accounts.py"),
    "sync/list_order.py": ("sync/test_list_order.py", "sync/test_store.py", "sync/test_sync.py"),
    "sync/migrations/env.py": ("sync/test_store.py",),
    "sync/migrations/versions/account_wide_state.py": ("sync/test_migrations.py",),
    "sync/migrations/versions/problems.py": ("sync/test_migrations.py",),
    "sync/migrations/versions/first_tables.py": ("sync/test_store.py",),
    "sync/postgresql_connections.py": ("sync/test_postgresql_connections.py", "sync/test_frozen_database.py"),
    "sync/postgresql_urls.py": ("sync/test_postgresql_connections.py", "sync/test_postgresql_urls.py"),
    "sync/private_files.py": ("sync/test_private_files.py",),
    "sync/problem_keys.py": ("sync/test_problem_keys.py", "sync/test_migrations.py"),
    "sync/pruning.py": ("sync/test_pruning.py", "sync/test_account_run.py", "sync/test_frozen_database.py"),
    "sync/run_lock.py": ("sync/test_run_lock.py",),
    "sync/run_options.py": (
        "sync/test_run_options.py",
        "sync/test_sync.py",
        "sync/test_faults.py",
        "sync/test_run_lock.py",
    ),
    "sync/migrations/versions/leases.py": ("sync/test_migrations.py",),
    "sync/records.py": ("sync/test_records.py", "sync/test_store.py", "sync/test_sync.py"),
    "sync/redaction/__init__.py": _REDACTION_TESTS,
    "sync/redaction/clean_lines.py": _REDACTION_TESTS,
    "sync/redaction/credentials.py": _REDACTION_TESTS,
    "sync/redaction/encodings.py": _REDACTION_TESTS,
    "sync/redaction/json_text.py": _REDACTION_TESTS,
    "sync/redaction/named_values.py": _REDACTION_TESTS,
    "sync/redaction/names.py": _REDACTION_TESTS,
    "sync/redaction/patterns.py": _REDACTION_TESTS,
    "sync/redaction/personal_data.py": _REDACTION_TESTS,
    "sync/redaction/quick_check.py": _REDACTION_TESTS,
    "sync/redaction/redactor.py": _REDACTION_TESTS,
    "sync/redaction/shapes.py": _REDACTION_TESTS,
    "sync/redaction/tables.py": _REDACTION_TESTS,
    "sync/redaction/tries.py": _REDACTION_TESTS,
    "sync/redaction/text_redactor.py": _REDACTION_TESTS,
    "sync/redaction/values.py": _REDACTION_TESTS,
    "sync/redaction/xml_values.py": _REDACTION_TESTS,
    "sync/retries.py": ("sync/test_unreadable_pages.py", "sync/test_sync.py"),
    "sync/schema.py": ("sync/test_account_writer.py", "sync/test_store.py", "sync/test_sync.py"),
    "sync/stop_signal.py": ("sync/test_stop_signal.py", "sync/test_faults.py", "sync/test_sync.py"),
    "sync/store.py": ("sync/test_store_secrets.py", "sync/test_store.py", "sync/test_sync.py"),
    "sync/stored_redaction.py": ("sync/test_stored_redaction.py", "sync/test_account_run.py"),
    "sync/summary.py": ("sync/test_account_run.py", "sync/test_sync.py"),
    "sync/unfinished_writes.py": ("sync/test_account_writer.py", "sync/test_frozen_database.py"),
    "webhooks.py": ("test_webhooks.py",),
}
"""Source file within the package to test modules within `tests/`, the fastest first."""

NEEDS_POSTGRESQL: Final = frozenset(
    {
        "sync/account_writer.py",
        "sync/accounts.py",
        "sync/migrations/env.py",
        "sync/migrations/versions/account_wide_state.py",
        "sync/migrations/versions/problems.py",
        "sync/migrations/versions/first_tables.py",
        "sync/postgresql_connections.py",
        "sync/postgresql_urls.py",
        "sync/problem_keys.py",
        "sync/pruning.py",
        "sync/run_lock.py",
        "sync/schema.py",
        "sync/store.py",
    }
)
"""Files with code for PostgreSQL. For all others, the PostgreSQL variants of the tests are not run, to save time."""

SHARED_RESULTS: Final = ("sync/migrations/", "sync/problem_keys.py", "sync/redaction/", "sync/schema.py")
"""Prefixes of the files whose results are kept between tests. Their mutants run against all tests of their modules."""


class TargetError(Exception):
    """The table of test modules does not match the files of the repository."""


def find_sampled_files(root: Path, only: str) -> list[str]:
    """Return the files that random mutants are drawn from.

    Args:
        root: Folder of the repository.
        only: Prefix of the files within the package, such as `pipeline/`; empty for all.

    Returns:
        The paths within the package, sorted.
    """
    files = sorted(path.relative_to(root / PACKAGE).as_posix() for path in (root / PACKAGE).rglob("*.py"))
    return [file for file in files if file.startswith(SAMPLED) and file.startswith(only)]


def get_tests(root: Path, file: str) -> tuple[str, ...]:
    """Return the test modules of a source file, relative to the repository.

    Args:
        root: Folder of the repository.
        file: The source file within the package.

    Raises:
        TargetError: If the file has no test modules, or one of them does not exist.
    """
    if file not in TEST_MODULES:
        raise TargetError(f"No test modules for {PACKAGE}/{file}. Add them to TEST_MODULES in mutants/targets.py.")
    modules = tuple(f"tests/{module}" for module in TEST_MODULES[file])
    for module in modules:
        if not (root / module).is_file():
            raise TargetError(f"{module} does not exist. Correct TEST_MODULES in mutants/targets.py.")
    return modules


def can_kill(test: str, file: str) -> bool:
    """Return whether a test is run for the mutants of a file: those for PostgreSQL only if the file has code for it.

    Args:
        test: Node id of the test.
        file: The source file within the package.
    """
    _, _, variant = test.partition("[")
    return file in NEEDS_POSTGRESQL or "postgresql" not in variant
