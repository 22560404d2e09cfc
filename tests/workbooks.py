"""What workbooks come to: asked of the converter and of ODK Validate once in a run of all tests.

Dozens of modules publish the same forms, on one database and then on the other, and a form takes a
second or two each time. Answers are kept in a folder that workers share; `make` empties it before
it begins, so that none is older than the code. Refusals are not kept.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from server.surveys import compile as compiler

REAL = {name: getattr(compiler, name) for name in ("_convert", "_validate")}


@contextmanager
def read_once(folder: Path) -> Iterator[None]:
    """Keep answers in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    with _asked({name: partial(_once, folder, real) for name, real in REAL.items()}):
        yield


@pytest.fixture(scope="module")
def read_anew() -> Iterator[None]:
    """Ask the converter and ODK Validate themselves: for the tests of what they answer."""
    with _asked(REAL):
        yield


@contextmanager
def _asked(instead: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, each in instead.items():
            patch.setattr(compiler, name, each)
        yield


def _once(folder: Path, real: Callable[..., Any], *given: Any) -> Any:
    asked = hashlib.sha256(repr((real.__name__, given)).encode()).hexdigest()
    path = folder / f"{asked}.json"
    if not path.exists():
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(real(*given)))
        unfinished.replace(path)
    return json.loads(path.read_text())
