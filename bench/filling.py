"""Fills an XForm by the types of its questions, and makes photos of a given size.

No skip rule is heeded: every question gets an answer, so the form is as long as it can be.
"""

import io
import random
import re
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from PIL import Image

XF = "http://www.w3.org/2002/xforms"
JR = "http://openrosa.org/javarosa"
ORX = "http://openrosa.org/xforms"
HTML = "http://www.w3.org/1999/xhtml"
TEMPLATE = f"{{{JR}}}template"
SIDES = (1600, 1280, 1024, 800, 640, 480, 320, 200, 120, 64, 32, 16)
QUALITIES = (95, 90, 85, 75, 60, 40)
FAMILY = (
    "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vàng", "Lò", "Giàng", "Sùng", "Hà", "Quàng", "Bùi",
    "Đinh", "Thào", "Lường", "Mùa", "Hạng", "Cà", "Tòng", "Đỗ",
)  # fmt: skip
MIDDLE = (
    "Văn", "Thị", "Đức", "Minh", "A", "Hồng", "Quốc", "Thanh", "Xuân", "Bích", "Ngọc", "Mạnh",
)  # fmt: skip
GIVEN = (
    "An", "Bình", "Chi", "Dũng", "Giang", "Hạnh", "Hương", "Khánh", "Lan", "Mai", "Nam", "Oanh",
    "Phúc", "Quý", "Sơn", "Thủy", "Tuyết", "Vân", "Xuân", "Ỷ",
)  # fmt: skip
SENTENCES = (
    "Gia đình được hỗ trợ con giống từ năm ngoái nhưng chưa được tập huấn kỹ thuật chăn nuôi.",
    "Đường vào bản còn lầy lội vào mùa mưa, xe máy đi lại khó khăn.",
    "Hộ đề nghị được vay vốn ưu đãi để sửa chữa nhà ở và làm bể chứa nước sinh hoạt.",
    "Cán bộ xã đã đến rà soát, công khai danh sách tại nhà văn hóa thôn.",
    "Trẻ em trong hộ đi học đầy đủ, được miễn học phí và hỗ trợ chi phí học tập.",
    "Thu nhập chủ yếu từ trồng ngô, chăn nuôi trâu bò và đi làm thuê theo thời vụ.",
    "Chưa được tiếp cận thông tin về chương trình đưa lao động đi làm việc ở nước ngoài.",
    "Công trình cấp nước tập trung hư hỏng, người dân phải dùng nước khe suối.",
)


class Filler:
    """Reads an XForm once and makes filled instances of it."""

    def __init__(self, xform: bytes, rows: int = 3) -> None:
        root = ET.fromstring(xform)
        model = root.find(f"{{{HTML}}}head/{{{XF}}}model")
        if model is None:
            raise ValueError("this is no XForm: it has no model")
        instances = model.findall(f"{{{XF}}}instance")
        self.data = instances[0][0]
        self.form_id, self.version = self.data.get("id", ""), self.data.get("version", "")
        self.rows = rows
        binds = {bind.get("nodeset", ""): bind for bind in model.findall(f"{{{XF}}}bind")}
        self.types = {path: _type(bind) for path, bind in binds.items()}
        self.repeats = {e.get("nodeset") for e in root.iter(f"{{{XF}}}repeat")}
        self.choices = _choices(root, instances[1:])
        self.takes_photos = "binary" in self.types.values()

    def instance(self, rng: random.Random, instance_id: str, photo: str | None = None) -> bytes:
        """Return one filled form; `photo` is named in its first photo question."""
        return _Writing(self, rng, instance_id, photo).xml()


def _type(bind: ET.Element) -> str:
    preload = bind.get(f"{{{JR}}}preload")
    if preload is not None:
        return {"timestamp": "dateTime", "date": "date"}.get(preload, "id")
    return bind.get("type", "string")


def _choices(root: ET.Element, lists: list[ET.Element]) -> dict[str, tuple[str, list[str]]]:
    named = {
        one.get("id"): [e.text for e in one.iter() if _local(e.tag) == "name" and e.text]
        for one in lists
    }
    found = {}
    for e in root.iter():
        if _local(e.tag) in {"select", "select1", "rank"} and (ref := e.get("ref")):
            values = [v.text or "" for item in e for v in item if _local(v.tag) == "value"]
            for itemset in e.iter(f"{{{XF}}}itemset"):
                pattern = r"\s*(?:randomize\()?instance\('([^']+)'\)"
                match = re.match(pattern, itemset.get("nodeset", ""))
                if match:
                    values = named.get(match[1], [])
            found[ref] = (_local(e.tag), [v for v in values if v])
    return found


class _Writing:
    """One instance being written."""

    def __init__(self, form: Filler, rng: random.Random, instance_id: str, photo: str | None):
        self.form, self.rng, self.instance_id, self.photo = form, rng, instance_id, photo
        self.out = ["<?xml version='1.0' encoding='UTF-8'?>"]

    def xml(self) -> bytes:
        self._element(self.form.data, "/" + _local(self.form.data.tag))
        return "".join(self.out).encode()

    def _element(self, element: ET.Element, path: str) -> None:
        name = _local(element.tag)
        prefixed = f"orx:{name}" if element.tag.startswith(f"{{{ORX}}}") else name
        self.out.append(self._root(name) if element is self.form.data else f"<{prefixed}>")
        if len(element):
            self._children(element, path)
        else:
            self.out.append(escape(self._value(path, name)))
        self.out.append(f"</{prefixed}>")

    def _root(self, name: str) -> str:
        form_id, version = quoteattr(self.form.form_id), quoteattr(self.form.version)
        return f'<{name} xmlns:orx="{ORX}" id={form_id} version={version}>'

    def _children(self, element: ET.Element, path: str) -> None:
        done = set()
        for child in element:
            below = f"{path}/{_local(child.tag)}"
            if below in done:  # a repeat stands there as its template and as its first row
                continue
            repeats = below in self.form.repeats
            if repeats:
                done.add(below)
            for _ in range(self.form.rows if repeats else 1):
                self._element(child, below)

    def _value(self, path: str, name: str) -> str:
        if name == "instanceID":
            return self.instance_id
        if path in self.form.choices:
            return self._choice(*self.form.choices[path])
        kind = self.form.types.get(path, "string")
        if kind == "binary":
            photo, self.photo = self.photo, None
            return photo or ""
        if kind == "string":
            return self._text(name.lower())
        return self._typed(kind)

    def _choice(self, tag: str, values: list[str]) -> str:
        if not values:
            return ""
        if tag == "select1":
            return self.rng.choice(values)
        return " ".join(self.rng.sample(values, min(len(values), self.rng.randint(1, 3))))

    def _text(self, name: str) -> str:
        pick = self.rng.choice
        if "ten" in name or "name" in name:
            return f"{pick(FAMILY)} {pick(MIDDLE)} {pick(GIVEN)}"
        return " ".join(self.rng.sample(SENTENCES, self.rng.randint(1, 2)))

    def _typed(self, kind: str) -> str:
        rng = self.rng
        match kind:
            case "int":
                return str(rng.randint(0, 90))
            case "decimal":
                return f"{rng.random() * 5000:.1f}"
            case "date":
                return self._day()
            case "dateTime":
                hour, minute, second = rng.randint(7, 17), rng.randint(0, 59), rng.randint(0, 59)
                return f"{self._day()}T{hour:02d}:{minute:02d}:{second:02d}.000+07:00"
            case "geopoint":
                lat, lon = 20.5 + rng.random() * 2.5, 102.5 + rng.random() * 4
                return f"{lat:.7f} {lon:.7f} {rng.randint(50, 1500)}.0 {rng.random() * 12:.2f}"
            case "boolean":
                return rng.choice(["true", "false"])
            case "id":
                return "collect:" + uuid.UUID(int=rng.getrandbits(128)).hex[:16]
        return " ".join(rng.sample(SENTENCES, rng.randint(1, 2)))

    def _day(self) -> str:
        return f"2026-{self.rng.randint(1, 9):02d}-{self.rng.randint(1, 28):02d}"


def _local(tag: str) -> str:
    return tag.rsplit("}", 1)[-1]


def photo(size_bytes: int) -> bytes:
    """Return a JPEG of exactly that size: the largest picture that fits, and comments."""
    rng, body = random.Random(7), b""
    for side in SIDES:
        small = Image.new("RGB", (max(1, side // 8), max(1, side * 3 // 32)))
        count = small.width * small.height
        small.putdata([tuple(rng.randint(40, 190) for _ in range(3)) for _ in range(count)])
        picture = small.resize((side, side * 3 // 4), Image.Resampling.BICUBIC)
        made = (_jpeg(picture, quality) for quality in QUALITIES)
        body = next((jpeg for jpeg in made if len(jpeg) + 64 <= size_bytes), b"")
        if body:
            break
    return body[:2] + _comments(size_bytes - len(body)) + body[2:]


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _comments(size: int) -> bytes:
    found = b""
    while size >= 4:
        length = min(size, 65_000)
        if 0 < size - length < 4:
            length -= 4
        found += b"\xff\xfe" + (length - 2).to_bytes(2, "big") + bytes(length - 4)
        size -= length
    return found


def unlike(photo_bytes: bytes, nonce: bytes) -> bytes:
    """Return the photo with a comment of its own, so that no two have one hash."""
    comment = b"\xff\xfe" + (len(nonce) + 2).to_bytes(2, "big") + nonce
    return photo_bytes[:2] + comment + photo_bytes[2:]
