"""What a form's answers tell besides themselves: which question a file answers, how it ended.

A form tells how an attempt at a household ended when it has the questions `met` and `consent`;
whoever refuses leaves no household's code on the form, so refusals are known by hamlet only.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from server.submissions.instance import Node
from server.submissions.intake import at
from server.submissions.models import Outcome

SOUNDS = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "mp4": "audio/mp4",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "amr": "audio/amr",
    "aac": "audio/aac",
}
"""The type of a sound by the ending of its name."""
PHOTO, SOUND = "photo", "audio"
QUESTIONS = ("met", "not_met_why", "consent", "refuse_why")
_NOT_MET = {
    "vang": Outcome.ABSENT,
    "chuyen_di": Outcome.MOVED,
    "khong_thay": Outcome.NOT_FOUND,
}


def outcome(answers: Mapping[str, Any], nodes: Mapping[str, Node]) -> Outcome | None:
    """Return how the attempt ended; None while the form does not say, or asks no such thing."""
    paths = _paths(nodes)
    if "met" not in paths or "consent" not in paths:
        return None
    return ended(at(answers, paths["met"]), at(answers, paths.get("not_met_why")),
                 at(answers, paths["consent"]))  # fmt: skip


def ended(met: object, why: object, consent: object) -> Outcome | None:
    """Return how an attempt ended by its answers.

    >>> ended("yes", None, "yes"), ended("no", "vang", None), ended("yes", None, None)
    (<Outcome.DONE: 'done'>, <Outcome.ABSENT: 'absent'>, None)
    """
    if met == "no":
        return _NOT_MET.get(str(why), Outcome.OTHER)
    if consent == "no":
        return Outcome.REFUSED
    return Outcome.DONE if consent == "yes" else None


def _paths(nodes: Mapping[str, Node], above: str = "") -> dict[str, str]:
    """Return the paths of the questions outside repeats that tell outcomes, by their name."""
    found = {name: above + name for name in QUESTIONS if name in nodes}
    for name, node in nodes.items():
        if node.parts and node.type != "repeat":
            found = _paths(node.parts, f"{above}{name}/") | found
    return found


def files(answers: object, nodes: Mapping[str, Node], above: str = "") -> Iterator[tuple[str, str]]:
    """Give (name of the file, path of the question) of every file that the answers speak of."""
    if not isinstance(answers, Mapping):
        return
    for name, node in nodes.items():
        value, path = answers.get(name), above + name
        if node.type == "repeat":
            for row in value if isinstance(value, list) else []:
                yield from files(row, node.parts, f"{path}/")
        elif node.parts:
            yield from files(value, node.parts, f"{path}/")
        elif node.type == "binary" and isinstance(value, str):
            yield value, path


def kind(name: str, content_type: str) -> str:
    """Return what a file is to somebody who looks: PHOTO, SOUND, or '' for anything else.

    A phone may call a recording a picture: its ending knows better.

    >>> kind("1.jpg", "image/jpeg"), kind("a.M4A", "application/octet-stream"), kind("x.csv", "")
    ('photo', 'audio', '')
    """
    ending = name.rsplit(".", 1)[-1].lower()
    if content_type.startswith("video/"):
        return ""
    if ending in SOUNDS or content_type.startswith("audio/"):
        return SOUND
    seen = content_type.startswith("image/") or ending in {"jpg", "jpeg", "png", "webp"}
    return PHOTO if seen else ""
