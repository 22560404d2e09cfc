"""Every example in the documentation of `sampling` comes out as it says."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import sampling

MODULES = ["sampling", *(each.name for each in walk_packages(sampling.__path__, "sampling."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_come_out_as_they_say(name):
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples():
    found = doctest.DocTestFinder(exclude_empty=True)
    examples = [one for name in MODULES for one in found.find(import_module(name)) if one.examples]

    assert len(examples) > 20
