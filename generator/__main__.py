"""Command line of the generator: `python -m generator generate|check|update`, used by the Makefile.

Exit codes: 0 success; 1 `check` or `update --check` found a difference; 2 the command failed and changed nothing; 3 the
update was installed, and hand-written places need a change; 4 a bug of the generator; 130 or 143 interrupted. Each
failure is one line on standard error.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from generator.api_table import build_api_table
from generator.build import GENERATED, OPENAPI_DOCUMENT, OVERLAY, find_differences, generate
from generator.documents import DocumentError, to_single_line
from generator.follow_ups import TypeCheckError
from generator.installation import complete_interrupted_update
from generator.naming import NamingError
from generator.normalization import UnsupportedError
from generator.output import OutputError, choose_package_folder
from generator.overlay import OverlayError
from generator.project import GenerationError
from generator.update import UpdateError, read_upstream_url, report_changes, update

_API_TABLE: Final = GENERATED.parents[1] / "docs" / "api.md"
_HAND_WRITTEN: Final = GENERATED.parent / "resources"
_DIFFERENT: Final = 1
_FAILED: Final = 2
_FOLLOW_UP: Final = 3
_BUG: Final = 4
_FAILURES: Final = (DocumentError, OutputError, UpdateError)


class _Terminated(BaseException):
    """The process received SIGTERM."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command-line arguments; defaults to those of the process.

    Returns:
        Exit code; see the module.
    """
    options = _build_parser().parse_args(arguments)
    try:
        return _run(options)
    except (OverlayError, NamingError) as error:
        is_overlay = isinstance(error, OverlayError)
        lines = str(error).splitlines()
        problems = "; ".join(lines[:3]) + (f"; and {len(lines) - 3} more" if len(lines) > 3 else "")
        problems = f"The overlay does not match the document: {problems}." if is_overlay else problems
        return _fail(f"Nothing was changed. {problems} {_advise(options)}")
    except UnsupportedError as error:
        return _fail(f"Nothing was changed. {str(error).removesuffix('.')}. {_advise_to_skip(options)}")
    except _FAILURES as error:
        return _fail(f"Nothing was changed. {error}")
    except (GenerationError, TypeCheckError) as error:
        return _fail(f"Nothing was changed. {error}", _BUG)
    except OSError as error:
        return _fail(f"Nothing was changed. {error.filename or 'A file'}: {error.strerror or type(error).__name__}")
    except KeyboardInterrupt:
        return _fail("Interrupted.", 128 + signal.SIGINT)
    except _Terminated:
        return _fail("Terminated.", 128 + signal.SIGTERM)
    except Exception as error:  # a traceback would end with exit code 1, which means "differs"
        place = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
        return _fail(f"Nothing was changed. {text}. This is a bug of the generator: report it.", _BUG)


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m generator", description=(__doc__ or "").partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    generate_command = commands.add_parser("generate", help="generate the client from the OpenAPI document")
    generate_command.add_argument("--spec", default=str(OPENAPI_DOCUMENT), help="path or URL of the OpenAPI document")
    generate_command.add_argument("--out", default=str(GENERATED), type=Path, help="folder of the generated package")
    generate_command.add_argument("--package", help="name of the package, a folder within OUT; defaults to OUT itself")
    overlay = generate_command.add_mutually_exclusive_group()
    overlay.add_argument("--overlay", default=OVERLAY, type=Path, help="path of the overlay")
    overlay.add_argument("--no-overlay", dest="overlay", action="store_const", const=None, help="apply no overlay")
    generate_command.add_argument(
        "--skip-unsupported", action="store_true", help="skip operations that are not supported, and list them"
    )
    commands.add_parser("check", help="fail if the generated package is out of date")
    update_command = commands.add_parser("update", help="replace the OpenAPI document and regenerate the client")
    update_command.add_argument(
        "--spec", help="path or URL of the new OpenAPI document; defaults to the URL in openapi/upstream.yml"
    )
    mode = update_command.add_mutually_exclusive_group()
    mode.add_argument(
        "--check", action="store_true", help="only report the changes; exit code 1 if there are any, else 0"
    )
    mode.add_argument("--dry-run", action="store_true", help="report changes and hand-written places; change nothing")
    mode.add_argument("--force", action="store_true", help="update although the working tree has uncommitted changes")
    update_command.add_argument("--report", type=Path, help="write the report to a file: *.json, or Markdown")
    return parser


def _run(options: argparse.Namespace) -> int:
    if complete_interrupted_update(OPENAPI_DOCUMENT, GENERATED):
        _write_api_table()
        print("Completed the update that was interrupted.", file=sys.stderr)
    if options.command == "generate":
        out = choose_package_folder(options.out, options.package)
        generate(
            options.spec,
            out,
            overlay=options.overlay,
            has_client=out.resolve() != GENERATED,
            skip_unsupported=options.skip_unsupported,
            notify=print,
        )
        if out.resolve() == GENERATED:
            _write_api_table()
        print(f"Generated {out} from {to_single_line(options.spec)}")
        return 0
    if options.command == "check":
        return _check()
    source = options.spec or read_upstream_url()
    if options.check:
        return _DIFFERENT if report_changes(source, report=options.report) else 0
    found = update(source, dry_run=options.dry_run, force=options.force, report=options.report)
    if found is not None and not options.dry_run:
        _write_api_table()
    return _FOLLOW_UP if found is not None and found.follow_ups else 0


def _advise(options: argparse.Namespace) -> str:
    """Return what to do if the overlay does not fit the document."""
    if options.command == "generate" and options.overlay == OVERLAY and options.spec != str(OPENAPI_DOCUMENT):
        return (
            "The default overlay is made for the document of this project. "
            "For another one, add OVERLAY=none (--no-overlay), or OVERLAY=file.yml (--overlay)."
        )
    return "Change the overlay so that each of its actions matches the document."


def _advise_to_skip(options: argparse.Namespace) -> str:
    is_other = options.command == "generate" and options.spec != str(OPENAPI_DOCUMENT)
    if is_other and not options.skip_unsupported:
        return "To generate the other operations only, add SKIP_UNSUPPORTED=1 (--skip-unsupported)."
    return ""


def _check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / GENERATED.name
        generate(OPENAPI_DOCUMENT, fresh, has_client=False)
        changed = [f"{GENERATED.name}/{name}" for name in find_differences(GENERATED, fresh)]
        table = build_api_table(fresh / "resources", _HAND_WRITTEN)
    if not _API_TABLE.is_file() or _API_TABLE.read_text(encoding="utf-8") != table:
        changed.append("docs/api.md")
    for name in changed:
        print(f"{name} is out of date.", file=sys.stderr)
    if changed:
        print("Run `make generate` and commit the result.", file=sys.stderr)
    return _DIFFERENT if changed else 0


def _write_api_table() -> None:
    _API_TABLE.write_text(build_api_table(GENERATED / "resources", _HAND_WRITTEN), encoding="utf-8")


def _fail(message: str, code: int = _FAILED) -> int:
    print(" ".join(message.split()), file=sys.stderr)
    return code


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    raise _Terminated


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(main())
