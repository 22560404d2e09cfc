"""What is left out until somebody needs it: a small machine starts sooner and has more memory."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec, module_from_spec
from typing import Any, cast

from werkzeug.routing import Rule


@contextmanager
def without(name: str) -> Iterator[None]:
    """Import libraries here that would load the package `name` if they found it, but need it not.

    Whoever needs it imports it elsewhere, as ever.
    """
    unused = name not in sys.modules
    if unused:
        sys.modules[name] = cast(Any, None)  # an import of it fails, as if it were not installed
    try:
        yield
    finally:
        if unused:
            del sys.modules[name]


@contextmanager
def bare(name: str) -> Iterator[None]:
    """Import modules of the package `name` here without what the package itself loads with them.

    Whoever imports the package elsewhere gets it whole, as ever.
    """
    spec = None if name in sys.modules else find_spec(name)
    if spec is not None:
        sys.modules[name] = module_from_spec(spec)  # it has a path to its modules, and is not run
    try:
        yield
    finally:
        if spec is not None:
            del sys.modules[name]


class LateRule(Rule):
    """An address whose way back, from a view's name to the address, is compiled when asked for.

    That takes longer than all else at the start, for hundreds of addresses, and hardly one is ever
    asked for: pages say addresses as they are.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(super()._compile_builder)

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            return compiled(append_unknown)(rule, **values)

        return build
