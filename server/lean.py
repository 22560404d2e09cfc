"""Imports without what libraries bring along unasked: a start is quicker and takes less memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from typing import Any, cast


@contextmanager
def without(name: str) -> Iterator[None]:
    """Import libraries here that would load the package `name` if they found it, but need it not.

    So openpyxl does with numpy, 20 MB. Whoever needs it imports it elsewhere, as ever.
    """
    unused = name not in sys.modules
    if unused:
        sys.modules[name] = cast(Any, None)  # an import of it fails, as if it were not installed
    try:
        yield
    finally:
        if unused and sys.modules.get(name) is None:  # another thread may have been here meanwhile
            sys.modules.pop(name, None)


@contextmanager
def bare(name: str) -> Iterator[None]:
    """Import modules of the package `name` here without what the package itself loads with them.

    Whoever imports the package elsewhere gets it whole; of its modules those loaded here are known
    to `from name.module import …` alone.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is not None:
        sys.modules[name] = module_from_spec(spec)  # it has a path to its modules, and is not run
    try:
        yield
    finally:
        if spec is not None:
            del sys.modules[name]
