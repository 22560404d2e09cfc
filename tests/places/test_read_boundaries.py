"""A file of areas is read feature by feature: what can be drawn, and why the rest cannot."""

import json
import math

import pytest

from server.places import outline_child, outlines
from server.places.boundary_problems import BoundariesTooLarge, UnreadableBoundaries
from tests.places.shapes import COMMUNES, beside, collection, feature, square


@pytest.fixture
def apart(tmp_path):
    """Read a file as the server does, in a process of its own."""

    def of(data):
        path = tmp_path / "ranh.geojson"
        path.write_bytes(data)
        with outlines.read(path, "ranh.geojson") as found:
            return list(found)

    return of


def read(data):
    """Read a file as that process does, in this one."""
    return [outlines.outline(json.loads(json.dumps(line))) for line in outline_child.read(data)]


def test_each_feature_comes_with_its_properties_and_its_area(apart):
    first, second, _third = apart(collection(*COMMUNES))

    assert (first.number, second.number) == (1, 2)
    assert first.properties == {"ma": "13741", "ten": "Gôi"}
    assert first.box == (106.06, 20.32, 106.1, 20.36)
    area = json.loads(first.fine)
    assert area["type"] == "MultiPolygon"
    assert sorted(area["coordinates"][0][0][:-1]) == sorted(square(106.06, 20.32)[0][:-1])
    assert first.vertices == first.coarse_vertices == 5


def test_a_border_is_straightened_and_neighbours_keep_sharing_it():
    """A zigzag of some ten metres between two units goes, to the same line on both sides."""
    steps = [[106.1 + (0.0001 if n % 2 else 0), 20.32 + 0.001 * n] for n in range(41)]
    west = [[[106.06, 20.32], *steps, [106.06, 20.36], [106.06, 20.32]]]
    east = [[*steps, [106.14, 20.36], [106.14, 20.32], steps[0]]]

    one, other = read(collection(feature(west, code="1"), feature(east, code="2")))

    def shared(outline):
        ring = json.loads(outline.fine)["coordinates"][0][0]
        return {tuple(point) for point in ring if 106.099 < point[0] < 106.101}

    assert one.vertices < 44 / 2
    assert shared(one) == shared(other) != set()


def test_numbers_read_as_codes_are_written():
    (found,) = read(
        collection(feature(beside(0), ma=359.0, ten="  Vụ   Bản ", co=True, khong=None))
    )

    assert found.properties["ma"] == "359" and found.properties["ten"] == "Vụ Bản"


def test_height_above_the_sea_is_passed_over():
    ring = [[*point, 12.5] for point in square(106.06, 20.32)[0]]

    (found,) = read(collection(feature([ring])))

    assert found.fault is None and found.vertices == 5


BOW = [[[106.0, 20.3], [106.1, 20.4], [106.1, 20.3], [106.0, 20.4], [106.0, 20.3]]]
OPEN = [[[106.0, 20.3], [106.1, 20.3], [106.1, 20.4], [106.0, 20.4]]]
METRES = [[[560_000, 2_250_000], [561_000, 2_250_000], [561_000, 2_251_000], [560_000, 2_250_000]]]


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (feature([106.0, 20.3], "Point"), "places.area.none"),
        (feature([[106.0, 20.3], [106.1, 20.3]], "LineString"), "places.area.none"),
        ({"type": "Feature", "properties": {}, "geometry": None}, "places.area.none"),
        ("no feature", "places.area.none"),
        (7, "places.area.none"),
        (feature(BOW), "places.area.crossed"),
        (feature([*square(106.0, 20.3), *square(106.2, 20.3)]), "places.area.crossed"),
        (feature([square(106.0, 20.3), square(106.01, 20.31)], "MultiPolygon"),
         "places.area.crossed"),
        (feature(OPEN), "places.area.open-ring"),
        (feature([OPEN[0][:2]]), "places.area.open-ring"),
        (feature(METRES), "places.area.not-degrees"),
        (feature([[point[::-1] for point in square(106.0, 20.3)[0]]]), "places.area.swapped"),
        (feature(square(2.3, 48.8)), "places.area.outside-vietnam"),
        (feature([]), "places.area.bad-positions"),
        (feature([[]]), "places.area.bad-positions"),
        (feature("x"), "places.area.bad-positions"),
        (feature({"a": 1}, "MultiPolygon"), "places.area.bad-positions"),
        (feature([[["106", "20"]] * 4]), "places.area.bad-positions"),
        (feature([[[True, False]] * 4]), "places.area.bad-positions"),
        (feature([[[10**400, 20]] * 4]), "places.area.bad-positions"),
        (feature([[[106.0]] * 4]), "places.area.bad-positions"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_says_why_and_the_rest_is_read(made, code):
    bad, good = read(collection(made, COMMUNES[0]))

    assert bad.fault is not None and bad.fault.code == code
    for language in ("vi", "en"):
        assert "{" not in bad.fault.text(language)
    assert good.fault is None and good.fine


def test_a_unit_of_too_many_points_is_left_out():
    count = outlines.MAX_VERTICES_OF_ONE + 1
    ring = [
        [
            106.0 + 0.1 * math.cos(2 * math.pi * n / count),
            20.3 + 0.1 * math.sin(2 * math.pi * n / count),
        ]
        for n in range(count)
    ]

    (found,) = read(collection(feature([[*ring, ring[0]]])))

    assert found.fault.code == "places.area.too-many-vertices"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "FeatureCollection"),
        (b"PK\x03\x04zip", "giải nén"),
        ("{}".encode("utf-16"), "UTF-8"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"[]", "FeatureCollection"),
        (b"{}", "FeatureCollection"),
        (b'{"type":"Topology","features":[]}', "FeatureCollection"),
        (b'{"type":"FeatureCollection","features":7}', "FeatureCollection"),
        (b'{"type":"FeatureCollection","features":[{', "JSON"),
        (b'{"type":"FeatureCollection","features":[]', "JSON"),
        (b'{"type":"FeatureCollection","features":[]} more', "JSON"),
        (b'{"type":"FeatureCollection","features":[NaN]}', "JSON"),
        (b'{"type":"FeatureCollection","features":[-Infinity]}', "JSON"),
        (b'{"type":"FeatureCollection","features":[' + b"9" * 5000 + b"]}", "JSON"),
        (b'{"type":"FeatureCollection","features":[' + b"[" * 200_000, "lồng nhau"),
        (collection(crs={"type": "name", "properties": {"name": "EPSG:3405"}}), "EPSG:3405"),
        (collection(crs={"type": "name", "properties": "x"}), "WGS 84"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_collection_of_areas_is_refused_with_a_sentence(data, sentence):
    with pytest.raises(UnreadableBoundaries) as refused:
        read(data)

    assert sentence in refused.value.text("vi")
    assert 400 <= refused.value.status < 500


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326"])
def test_the_old_way_to_say_wgs_84_is_understood(name):
    data = collection(COMMUNES[0], crs={"type": "name", "properties": {"name": name}})

    assert read(data)[0].fault is None


def test_more_features_than_we_take_are_refused_whole():
    with pytest.raises(BoundariesTooLarge) as refused:
        read(collection(*[0] * (outlines.MAX_FEATURES + 1)))

    assert refused.value.status == 413


def test_a_feature_larger_than_memory_allows_is_refused_and_not_the_end_of_us(apart):
    """Ten million numbers in one list would take the machine's memory in Python's objects."""
    data = b'{"type":"FeatureCollection","features":[' + b"[1.5]," * 8_000_000 + b"0]}"

    with pytest.raises(BoundariesTooLarge):
        apart(data)


def test_a_refusal_names_the_file_as_people_call_it(apart):
    with pytest.raises(UnreadableBoundaries, match=r"The file ranh\.geojson cannot be read"):
        apart(b"[]")


def test_an_empty_collection_has_nothing():
    assert read(collection()) == []
