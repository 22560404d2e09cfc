"""Runs the benches: all, or those named.

A bench is a module of this package: with `run(shop, options)` it gives tables; one with `main()`
is run by itself, and what it prints is taken as it stands; those of `ON_BOTH` take the
address of a PostgreSQL database as `--url`.
"""

import argparse
import signal
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path

from bench import report
from bench.house import ENGINES, ROOT, Workshop
from bench.options import Options
from bench.postgres import Missing

NAMES = (
    "ingest", "photos", "flood", "slow", "lists", "sync",
    "replay", "pages", "entities", "draws", "rules", "sampling",
)  # fmt: skip
ON_BOTH = {"pages", "entities", "draws"}


def main() -> int:
    """Run what the command line asks for; return 1 when a bench failed."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped then
    options = Options(asked.count, asked.rounds, tuple(asked.engine or ENGINES), asked.others)
    failed = 0
    with Workshop() as shop:
        for name in asked.names or present():
            print(f"== {name}: {report.machine()}", flush=True)
            try:
                body = _one(name, shop, options, asked.out)
            except Exception as error:  # the others are run all the same
                if not isinstance(error, Missing):
                    traceback.print_exc()
                print(f"{name}: {error}", file=sys.stderr)
                failed = 1
                continue
            if asked.write:
                report.write(name, body)
    return failed


def _one(name: str, shop: Workshop, options: Options, out: Path) -> str:
    """Run one bench and return what the README shall say."""
    module = import_module(f"bench.{name}")
    if hasattr(module, "main"):
        databases = options.engines if name in ON_BOTH else ("",)
        told = "\n\n".join(_told(name, shop, engine) for engine in databases)
        print(told, flush=True)
        return f"```\n{told}\n```"
    tables: list[report.Table] = module.run(shop, options)
    print("\n\n".join(table.text() for table in tables), flush=True)
    print(f"-> {report.keep(name, tables, out)}\n", flush=True)
    return "\n\n".join(table.markdown().strip() for table in tables)


def _told(name: str, shop: Workshop, engine: str) -> str:
    """Run a bench that is a program of its own and return what it printed."""
    call = [sys.executable, "-m", f"bench.{name}"]
    if engine == "postgres":
        call += ["--url", shop.empty_database(name)]
    done = subprocess.run(call, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return f"{engine}\n{done.stdout}".strip()


def present() -> list[str]:
    """Return the benches that are here, in order."""
    return [name for name in NAMES if (Path(__file__).parent / f"{name}.py").exists()]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*present(), []], metavar="NAME",
                        help=", ".join(present()))  # fmt: skip
    parser.add_argument("-n", "--count", type=int, default=Options.count, help="sendings")
    parser.add_argument("--rounds", type=int, default=Options.rounds)
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--others", type=Path, help="a venv with gunicorn and granian")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench", help="for JSON")
    parser.add_argument("--write", action="store_true", help="put tables into bench/README.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
