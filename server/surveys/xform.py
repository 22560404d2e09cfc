"""What an XForm says: its name and languages, its fields, the files and lists it needs.

Read from the XForm itself, which is public and stable, and not from the converter's insides.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from server import xml
from server.surveys.fields import STRUCTURES, Choice, Field, Texts
from server.xml import Element, local

ENTITIES = "{http://www.opendatakit.org/xforms/entities}"
DEFAULT_LANGUAGE = "default"
PUBLIC_KEY = "base64RsaPublicKey"
_OF_EVERY_FORM = {"meta/instanceID", "meta/deprecatedID"}
_ITEXT = re.compile(r"jr:itext\(\s*'([^']*)'\s*\)")
_INSTANCE = re.compile(r"instance\(\s*'([^']*)'\s*\)")
_PULLDATA = re.compile(r"pulldata\(\s*['\"]([^'\"]+)['\"]")
_SEARCH = re.compile(r"search\(\s*['\"]([^'\"]+)['\"]")
_MEDIA = re.compile(r"^jr://(file-csv|file|images|audio|video)/(.+)$")
_LAST_NAME = re.compile(r"([^/\s()]+)\s*$")
_ASKED_AS = {
    "input": "",
    "range": "",
    "secret": "",
    "select1": "select_one",
    "select": "select_multiple",
    "rank": "rank",
    "trigger": "acknowledge",
    "upload": "binary",
    "group": "group",
}
_ALIASES = {"integer": "int", "select1": "select_one", "select": "select_multiple", "": "string"}


@dataclass(frozen=True)
class MediaNeed:
    """A file that must be on the phone beside the form.

    `kind` is 'csv', 'geojson', 'xml', 'images', 'audio', 'video' or 'file'.
    """

    name: str
    kind: str


@dataclass(frozen=True)
class EntityUse:
    """A list of entities that filled forms add to or change.

    `properties` gives, for each property that is saved, the path of its field.
    """

    dataset: str
    creates: bool
    updates: bool
    path: str
    properties: dict[str, str] = field(default_factory=dict)


class XForm:
    """One XForm, taken apart once.

    Raises:
        UnreadableXml: there is no model with a primary instance.
    """

    def __init__(self, root: Element) -> None:
        self.root = root
        self.model = _first(root, "model")
        instance = _first(self.model, "instance")
        if not len(instance):
            raise xml.UnreadableXml("malformed")
        self.primary = instance[0]
        self.languages: list[str] = []
        self.default_language = DEFAULT_LANGUAGE
        self.texts: dict[str, Texts] = {}
        self._read_texts()

    @property
    def form_id(self) -> str:
        """Return the id that phones and servers know the form by."""
        return self.primary.get("id", "").strip()

    @property
    def version(self) -> str:
        """Return the version, '' when there is none."""
        return self.primary.get("version", "").strip()

    @property
    def title(self) -> str:
        """Return the title that people see."""
        return " ".join((_first(self.root, "title").text or "").split())

    @property
    def sending(self) -> dict[str, str]:
        """Return what the form says of how it is sent, by the attributes' local names."""
        found: dict[str, str] = {}
        for submission in self.model.iterchildren("{*}submission"):
            found |= {local(name): value for name, value in _attributes(submission).items()}
        return found

    @property
    def public_key(self) -> str:
        """Return the key with which phones encrypt what is filled, '' when they do not."""
        submission = next(self.model.iterchildren("{*}submission"), None)
        found = "" if submission is None else submission.get(PUBLIC_KEY, "")
        return "".join(found.split())

    def encrypt_with(self, public_key: str) -> None:
        """Have phones encrypt what is filled."""
        submission = next(self.model.iterchildren("{*}submission"), None)
        if submission is None:
            namespace = self.model.tag.rpartition("}")[0].removeprefix("{") or None
            submission = xml.element("submission", namespace=namespace)
            _first(self.model, "instance").addprevious(submission)
        submission.set(PUBLIC_KEY, public_key)

    def encrypt_no_more(self) -> None:
        """Have phones send what is filled in the plain."""
        for submission in self.model.iterchildren("{*}submission"):
            submission.attrib.pop(PUBLIC_KEY, "")

    def _read_texts(self) -> None:
        """Read the translations: text id -> {language: text}, without pictures and sounds."""
        for translation in self.model.iter("{*}translation"):
            language = translation.get("lang", DEFAULT_LANGUAGE)
            self.languages.append(language)
            if translation.get("default"):
                self.default_language = language
            for each in translation:
                spoken = [value for value in each if not value.get("form")]
                if spoken:
                    texts = self.texts.setdefault(each.get("id", ""), {})
                    texts[language] = _words(spoken[0])

    def said(self, owner: Element | None, name: str) -> Texts:
        """Return the label or hint of a control, by language."""
        for child in owner if owner is not None else ():
            if local(child.tag) == name:
                match = _ITEXT.search(child.get("ref", ""))
                words = self.texts.get(match[1], {}) if match else {}
                own = "" if match else _words(child)
                return {self.default_language: own} if own else words
        return {}


def _first(above: Element, name: str) -> Element:
    found = next(above.iter(f"{{*}}{name}"), None)
    if found is None:
        raise xml.UnreadableXml("malformed")
    return found


def _words(element: Element) -> str:
    """Return the text of a label; a value shown in it is written '${name}'."""
    parts = [element.text or ""]
    for child in element:
        if local(child.tag) == "output":
            name = _LAST_NAME.search(child.get("value", child.get("ref", "")))
            parts.append("${" + name[1] + "}" if name else "…")
        parts.append(child.tail or "")
    return "\n".join(" ".join(line.split()) for line in "".join(parts).strip().splitlines())


def _ref(text: str | None) -> str:
    return (text or "").strip()


def fields_of(form: XForm) -> list[Field]:
    """Return the fields of the form, in document order, without the ids that every form has."""
    return list(_Walk(form).below(form.primary, "", repeat=False))


class _Walk:
    """The walk over the primary instance, with binds, controls and lists at hand."""

    def __init__(self, form: XForm) -> None:
        self.form = form
        self.root = "/" + local(form.primary.tag)
        self.binds = {_ref(bind.get("nodeset")): bind for bind in form.model.iter("{*}bind")}
        self.lists = {each.get("id", ""): each for each in form.model.iter("{*}instance")}
        self.read_lists: dict[str, tuple[Choice, ...]] = {}
        self.controls: dict[str, Element] = {}
        self.repeats: set[str] = set()
        for control in _first(form.root, "body").iter():
            if local(control.tag) == "repeat":
                self.repeats.add(_ref(control.get("nodeset")))
            elif local(control.tag) in _ASKED_AS and control.get("ref"):
                self.controls.setdefault(_ref(control.get("ref")), control)

    def below(self, element: Element, path: str, repeat: bool) -> Iterator[Field]:
        """Yield the fields of a group; a repeat's template and its first row are the same."""
        seen: set[str] = set()
        for child in element:
            name = local(child.tag)
            if name in seen or path + name in _OF_EVERY_FORM or _is_entity(child):
                continue
            seen.add(name)
            here = self._field(child, path + name, repeat)
            yield here
            if here.type in STRUCTURES:
                yield from self.below(child, f"{path}{name}/", repeat or here.type == "repeat")

    def _field(self, element: Element, path: str, repeat: bool) -> Field:
        ref = f"{self.root}/{path}"
        bind, control = self.binds.get(ref), self.controls.get(ref)
        said: Mapping[str, str] = {} if bind is None else _attributes(bind)
        asked: Mapping[str, str] = {} if control is None else _attributes(control)
        choices, source = self._choices(control)
        return Field(
            path=path,
            name=path.rpartition("/")[2],
            type="repeat" if ref in self.repeats else _type_of(element, said, control),
            repeat=repeat,
            labels=self.form.said(control, "label"),
            hint=self.form.said(control, "hint"),
            choices=choices,
            source=source,
            relevant=_ref(said.get("relevant")),
            required=_ref(said.get("required")),
            constraint=_ref(said.get("constraint")),
            appearance=_ref(asked.get("appearance")),
            media=asked.get("mediatype", "").partition("/")[0],
            save_to=said.get(f"{ENTITIES}saveto", ""),
        )

    def _choices(self, control: Element | None) -> tuple[tuple[Choice, ...], str]:
        """Return the choices when the form holds them, or the name of the file that does."""
        if control is None:
            return (), ""
        search = _SEARCH.search(control.get("appearance", ""))
        if search:  # the items then name columns of the file
            return (), f"{search[1]}.csv"
        for child in control:
            found = _INSTANCE.search(child.get("nodeset", ""))
            held = self.lists.get(found[1]) if found else None
            if found and held is not None:
                source = _MEDIA.match(held.get("src", ""))
                return ((), source[2]) if source else (self._list(found[1], held, child), "")
        items = (child for child in control if local(child.tag) == "item")
        return tuple((_part(each, "value"), self.form.said(each, "label")) for each in items), ""

    def _list(self, name: str, held: Element, itemset: Element) -> tuple[Choice, ...]:
        if name not in self.read_lists:
            refs = {local(part.tag): part.get("ref", "") for part in itemset}
            self.read_lists[name] = tuple(
                self._choice(item, refs.get("value", "name"), refs.get("label", "label"))
                for item in held.iter("{*}item")
            )
        return self.read_lists[name]

    def _choice(self, item: Element, value: str, label: str) -> Choice:
        if label.startswith("jr:itext("):
            return _part(item, value), self.form.texts.get(_part(item, "itextId"), {})
        words = _part(item, label)
        return _part(item, value), {self.form.default_language: words} if words else {}


def _attributes(element: Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def _part(item: Element, name: str) -> str:
    return next(((p.text or "").strip() for p in item if local(p.tag) == name), "")


def _is_entity(element: Element) -> bool:
    return local(element.tag) == "entity" and "dataset" in element.attrib


def _type_of(element: Element, said: Mapping[str, str], control: Element | None) -> str:
    """Return the type of a field that is no repeat, from its bind and how it is asked."""
    asked = "" if control is None else _ASKED_AS[local(control.tag)]
    if len(element) or asked:
        return asked or "group"
    declared = said.get("type", "").rpartition(":")[2]
    declared = _ALIASES.get(declared, declared)
    if declared != "string":
        return declared
    if control is None:
        return "calculate" if "calculate" in said else declared
    locked = _ref(said.get("readonly")) == "true()" and "calculate" not in said
    return "note" if locked else declared


def media_of(form: XForm) -> list[MediaNeed]:
    """Return the files that the form names, each once, in the order met.

    Lists are named by instances, by pulldata() and search(); pictures, sounds and films by texts.
    What the phone keeps by itself (the last filled form) is not one of them.
    """
    found: dict[str, str] = {}
    for element in form.root.iter():
        for named in (element.get("src", ""), (element.text or "").strip()):
            if media := _MEDIA.match(named):
                found.setdefault(media[2], _kind(*media.groups()))
        for value in element.attrib.values():
            for name in _PULLDATA.findall(str(value)) + _SEARCH.findall(str(value)):
                found.setdefault(name if name.endswith(".csv") else f"{name}.csv", "csv")
    return [MediaNeed(name, kind) for name, kind in found.items()]


def _kind(folder: str, name: str) -> str:
    if folder not in {"file", "file-csv"}:
        return folder
    ending = name.rpartition(".")[2].lower()
    return ending if ending in {"csv", "geojson", "xml"} else "file"


def entities_of(form: XForm, fields: list[Field]) -> list[EntityUse]:
    """Return what filled forms will do to lists of entities."""
    found = (each for each in form.primary.iter("{*}entity") if _is_entity(each))
    return [_entity(each, form.primary, fields) for each in found]


def _entity(element: Element, primary: Element, fields: list[Field]) -> EntityUse:
    """Read one entity; it saves the fields of the group or repeat that its meta stands in."""
    names: list[str] = []
    meta = element.getparent()
    above = None if meta is None else meta.getparent()
    while above is not None and above is not primary:
        names.insert(0, local(above.tag))
        above = above.getparent()
    scope = "".join(f"{name}/" for name in names)
    return EntityUse(
        dataset=element.get("dataset", ""),
        creates="create" in element.attrib,
        updates="update" in element.attrib,
        path="/".join(names),
        properties={f.save_to: f.path for f in fields if f.save_to and f.path.startswith(scope)},
    )
