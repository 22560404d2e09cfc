"""Goes from link to link through the pages, as one person may, and notes what lies where.

What it finds is held against the addresses that the application has: a page to which no link
leads is as good as absent.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urljoin, urlsplit

from flask import Flask
from lxml import html
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

PLAIN, ASKED = 2, 4
"""So many examples of a page are opened, and so many ways of asking it: by the names it is asked
with."""
Fetch = Callable[[str], tuple[int, str, str]]
"""(status, kind of content, text) of an address."""


@dataclass
class Spider:
    """What was met, by rule: addresses of pages, and of what is only downloaded."""

    app: Flask
    fetch: Fetch
    pages: dict[str, list[str]] = field(default_factory=dict)
    others: dict[str, list[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    _met: set[str] = field(default_factory=set)
    _ways: Counter[tuple[str, tuple[str, ...]]] = field(default_factory=Counter)

    def crawl(self, *starts: str) -> None:
        """Follow every link from `starts` on, but no more than some of a kind."""
        waiting = deque(("", start) for start in starts)
        while waiting:
            origin, path = waiting.popleft()
            rule = self.rule(path)
            if path in self._met or rule is None or not self._wanted(rule, path):
                continue
            self._met.add(path)
            status, content, text = self.fetch(path)
            if status != 200:
                self.faults.append(f"{path}: {status}, linked from {origin}")
            elif content.startswith("text/html"):
                self.pages.setdefault(rule, []).append(path)
                waiting.extend((path, link) for link in links(path, text))
            else:
                self.others.setdefault(rule, []).append(path)

    def examples(self) -> Iterator[str]:
        """Give one address of each page, and one where it was asked for something."""
        for paths in self.pages.values():
            yield from [path for path in paths if "?" not in path][:1]
            yield from [path for path in paths if "?" in path][:1]

    def rule(self, path: str) -> str | None:
        """Return the rule that a path of the application falls under."""
        if path.startswith("/static/"):
            return None
        try:
            found, _ = self.app.url_map.bind("").match(urlsplit(path).path, return_rule=True)
        except (HTTPException, RequestRedirect):
            return f"no page: {path}"
        return found.rule

    def _wanted(self, rule: str, path: str) -> bool:
        names = tuple(sorted({name for name, _ in parse_qsl(urlsplit(path).query)}))
        ways = sum(1 for met, asked in self._ways if met == rule and asked)
        if self._ways[rule, names] >= (1 if names else PLAIN) or (names and ways >= ASKED):
            return False
        self._ways[rule, names] += 1
        return True


def links(path: str, text: str) -> Iterator[str]:
    """Give the addresses within the application that a page leads to."""
    for link in html.fromstring(text).iter("a"):
        target = urlsplit(urljoin(path, link.get("href", "")))
        if not target.scheme and not target.netloc and link.get("href"):
            yield target._replace(fragment="").geturl()
