"""`python -m generator generate|check|update`: the commands behind the Makefile's targets."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from generator.build import CONTRACT, GENERATED, differences, generate
from generator.documents import DocumentError
from generator.naming import NamingError
from generator.overlay import OverlayError
from generator.project import GenerationError
from generator.update import UpdateError, differs, update, upstream_address


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 when there is something to say, 2 when it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m generator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    generating = commands.add_parser("generate", help="generate the client from the contract")
    generating.add_argument("--spec", default=str(CONTRACT), help="path or address of the contract")
    generating.add_argument("--out", default=str(GENERATED), type=Path, help="folder of the generated package")
    commands.add_parser("check", help="fail if the committed folder is not what generate makes")
    updating = commands.add_parser("update", help="take in a new contract")
    updating.add_argument(
        "--spec", help="path or address of the new contract; default: the one in openapi/upstream.yml"
    )
    updating.add_argument("--check", action="store_true", help="only tell: exit 1 if it differs from ours, 0 if not")
    options = parser.parse_args(arguments)
    try:
        if options.command == "generate":
            generate(options.spec, options.out)
            print(f"Generated {options.out} from {options.spec}")
            return 0
        if options.command == "check":
            return _check()
        source = options.spec or upstream_address()
        if options.check:
            return int(differs(source))
        update(source)
        return 0
    except OverlayError as error:
        advice = "Change openapi/overlay.yml so that each of its actions fits the contract."
        print(f"Nothing was changed: the overlay does not fit. {error}\n{advice}", file=sys.stderr)
    except (DocumentError, NamingError, GenerationError, UpdateError) as error:
        print(f"Nothing was changed. {error}", file=sys.stderr)
    return 2


def _check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / GENERATED.name
        generate(CONTRACT, fresh)
        changed = differences(GENERATED, fresh)
    for name in changed:
        print(f"differs from what the contract gives: {GENERATED.name}/{name}", file=sys.stderr)
    if changed:
        print("Run `make generate`, and commit what it makes.", file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
