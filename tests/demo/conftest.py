import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from server.demo.loopback import serving
from server.demo.phone import Phone


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The real application on a port of this machine."""
    with serving(app) as found:
        yield found


@pytest.fixture
def phone(address: str, base: str) -> Iterator[Phone]:
    """Lan's phone."""
    with Phone(address + base, "collect:abcdefghijklmnop") as found:
        yield found


@dataclasses.dataclass
class Paper:
    """A filled form made by hand: what goes over the line."""

    xml: bytes
    attachments: dict[str, bytes] = dataclasses.field(default_factory=dict)


@pytest.fixture
def paper() -> Callable[..., Any]:
    return Paper
