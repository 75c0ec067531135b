"""Command line of the generator: `python -m generator generate|check|update`, used by the Makefile."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from generator.build import GENERATED, OPENAPI_DOCUMENT, find_differences, generate
from generator.documents import DocumentError
from generator.naming import NamingError
from generator.overlay import OverlayError
from generator.project import GenerationError
from generator.update import UpdateError, read_upstream_url, report_changes, update


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command-line arguments; defaults to those of the process.

    Returns:
        Exit code: 0 for success, 1 if `check` or `update --check` finds a difference, 2 if the command failed.
    """
    parser = argparse.ArgumentParser(prog="python -m generator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    generate_command = commands.add_parser("generate", help="generate the client from the OpenAPI document")
    generate_command.add_argument("--spec", default=str(OPENAPI_DOCUMENT), help="path or URL of the OpenAPI document")
    generate_command.add_argument("--out", default=str(GENERATED), type=Path, help="folder of the generated package")
    commands.add_parser("check", help="fail if the generated package is out of date")
    update_command = commands.add_parser("update", help="replace the OpenAPI document and regenerate the client")
    update_command.add_argument(
        "--spec", help="path or URL of the new OpenAPI document; defaults to the URL in openapi/upstream.yml"
    )
    update_command.add_argument(
        "--check", action="store_true", help="only report the changes; exit code 1 if there are any, else 0"
    )
    options = parser.parse_args(arguments)
    try:
        if options.command == "generate":
            generate(options.spec, options.out)
            print(f"Generated {options.out} from {options.spec}")
            return 0
        if options.command == "check":
            return _check()
        source = options.spec or read_upstream_url()
        if options.check:
            return int(report_changes(source))
        update(source)
        return 0
    except OverlayError as error:
        advice = "Change openapi/overlay.yml so that each of its actions matches the document."
        print(f"Nothing was changed. The overlay does not match the document: {error}\n{advice}", file=sys.stderr)
    except (DocumentError, NamingError, GenerationError, UpdateError) as error:
        print(f"Nothing was changed. {error}", file=sys.stderr)
    return 2


def _check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / GENERATED.name
        generate(OPENAPI_DOCUMENT, fresh)
        changed = find_differences(GENERATED, fresh)
    for name in changed:
        print(f"{GENERATED.name}/{name} is out of date.", file=sys.stderr)
    if changed:
        print("Run `make generate` and commit the result.", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
