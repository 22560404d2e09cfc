"""YAML whose mappings know their lines. Imported where a file is read: a server seldom does."""

from typing import Any

import yaml

from server.places.problems import UnreadableFile

MAX_BYTES = 2_000_000


def read(data: bytes, name: str) -> Any:
    """Return what a file holds; each mapping has its line under ''.

    Raises:
        UnreadableFile: over 2 MB, or no YAML that is taken.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableFile(file=name, reason="tệp lớn hơn 2 MB", reason_en="it is over 2 MB")
    try:
        return yaml.load(data.decode("utf-8-sig"), _Lines)  # noqa: S506 - a safe loader of ours
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (dòng {mark.line + 1})" if mark else ""
        where_en = f" (line {mark.line + 1})" if mark else ""
        raise UnreadableFile(
            file=name, reason=f"YAML sai{where}", reason_en=f"bad YAML{where_en}"
        ) from error


class _Lines(yaml.SafeLoader):
    """A YAML loader that keeps the line of each mapping, and takes no aliases (they multiply)."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node; an alias is refused."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("alias")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return the mapping with its line under ''."""
        return {**super().construct_mapping(node, deep=True), "": node.start_mark.line + 1}
