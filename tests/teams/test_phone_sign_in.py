"""A phone signs in by password as Collect's library does it: Digest, and Basic only behind TLS."""

import base64
import datetime as dt
import hashlib
import re
from dataclasses import replace

import pytest
from lxml import etree
from sqlalchemy import func, select

from server import clock
from server.db import db, transaction
from server.submissions.models import Submission
from server.teams import digest, service
from server.teams.models import DigestNonce, Phone, SignInFailure
from tests import forms
from tests.conftest import ACTOR

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Collect:
    """The sign-in of okhttp-digest: first challenge it knows, kept and sent ahead, rising nc."""

    def __init__(self, app, username, password, knows=("MD5", "SHA-256"), host="localhost"):
        self.client, self.host = app.test_client(), host
        self.username, self.password, self.knows = username, password, knows
        self.challenge, self.count, self.asked = None, 0, 0

    def open(self, method, address, **more):
        header = {"Authorization": self.authorization(method, address)} if self.challenge else {}
        answer = self.send(method, address, header, **more)
        for _ in range(2):
            offered = self.offered(answer)
            if answer.status_code != 401 or not offered:
                break
            if header and not offered.get("stale"):
                break  # a wrong password: the app asks its carrier
            self.challenge, self.count = offered, 0
            header = {"Authorization": self.authorization(method, address)}
            answer = self.send(method, address, header, **more)
        return answer

    def send(self, method, address, header, xml=None, **more):
        self.asked += 1
        if xml is not None:
            more |= forms.parts(xml)
        headers = {"X-OpenRosa-Version": "1.0", "Host": self.host, **header}
        return self.client.open(address, method=method, headers=headers, **more)

    def offered(self, answer):
        for value in answer.headers.getlist("WWW-Authenticate"):
            parts = {name: quoted or bare for name, quoted, bare in
                     re.findall(r'([a-z]+)=(?:"([^"]*)"|([^,\s]+))', value)}  # fmt: skip
            if value.startswith("Digest ") and parts["algorithm"] in self.knows:
                assert parts["qop"] == "auth"
                return parts
        return None

    def authorization(self, method, address, **changed):
        self.count += 1
        said = {
            "username": self.username, "realm": self.challenge["realm"],
            "nonce": self.challenge["nonce"], "uri": address, "nc": f"{self.count:08x}",
            "cnonce": "0a4f113b", "qop": "auth", "opaque": self.challenge["opaque"],
            "algorithm": self.challenge["algorithm"],
        } | changed  # fmt: skip

        def hashed(text):
            return HASHES[self.challenge["algorithm"]](text.encode()).hexdigest()

        ha1 = hashed(f"{self.username}:{self.challenge['realm']}:{self.password}")
        ha2 = hashed(f"{method}:{said['uri']}")
        middle = ":".join(said[name] for name in ("nonce", "nc", "cnonce", "qop"))
        said.setdefault("response", hashed(f"{ha1}:{middle}:{ha2}"))
        bare = ("nc", "qop", "algorithm")
        return "Digest " + ", ".join(
            f"{name}={value}" if name in bare else f'{name}="{value}"'
            for name, value in said.items()
        )


@pytest.fixture
def issued(app, cast, plan):
    forms.publish(app, plan.id)
    with transaction() as session:
        return service.issue(session, plan.id, cast.lan, ACTOR)


@pytest.fixture
def phone(app, issued):
    return Collect(app, issued.username, issued.password)


@pytest.fixture
def base(plan):
    return f"/v1/projects/{plan.id}"


def behind_tls(app):
    settings = replace(app.config["THUCDIA"], public_url="https://khaosat.example.vn")
    app.config["THUCDIA"] = settings
    return "khaosat.example.vn"


def spoken(answer):
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    return etree.fromstring(answer.data)[0].text


def count(model):
    db.session().rollback()
    return db.session().scalar(select(func.count()).select_from(model))


@pytest.mark.parametrize("knows", [("MD5",), ("SHA-256",), ("MD5", "SHA-256")])
def test_list_form_and_submission_go_by_digest(app, plan, issued, base, knows):
    phone = Collect(app, issued.username, issued.password, knows)

    listed = phone.open("GET", f"{base}/formList?deviceID=collect%3Aabc")
    addresses = [one.text for one in etree.fromstring(listed.data).iter("{*}downloadUrl")]
    (address,) = [one.removeprefix("http://localhost") for one in addresses]
    form = phone.open("GET", f"{address}?deviceID=collect%3Aabc")
    head = phone.open("HEAD", f"{base}/submission?deviceID=collect%3Aabc")
    sent = phone.open("POST", f"{base}/submission", xml=forms.filled("uuid:mot"))

    assert [listed.status_code, form.status_code, head.status_code] == [200, 200, 204]
    assert address.startswith(f"{base}/")
    assert head.headers["X-OpenRosa-Accept-Content-Length"] == "10000000"
    assert sent.status_code == 201
    assert phone.asked == 5, "only the first request is asked twice"
    assert count(Submission) == 1


def test_a_post_without_a_head_before_it_is_sent_again_after_the_challenge(phone, base):
    sent = phone.open("POST", f"{base}/submission", xml=forms.filled("uuid:mot"))

    assert (sent.status_code, phone.asked) == (201, 2)


def test_a_challenge_offers_auth_alone_with_opaque_and_both_hashes(phone, base):
    answer = phone.send("HEAD", f"{base}/submission", {})
    offered = answer.headers.getlist("WWW-Authenticate")

    assert answer.status_code == 401
    assert [re.search("algorithm=([^,]+)", one)[1] for one in offered] == ["SHA-256", "MD5"]
    assert all('qop="auth"' in one and "opaque=" in one for one in offered)
    assert not any(one.startswith("Basic") for one in offered)
    assert count(DigestNonce) == 0, "who is only asked leaves nothing behind"


def test_the_password_is_kept_nowhere(issued, session):
    kept = session.get(Phone, issued.phone.id)
    held = {column.name: getattr(kept, column.name) for column in Phone.__table__.columns}

    assert issued.password not in str(held)
    assert issued.token not in str(held)
    assert kept.ha1_md5 == digest.ha1(issued.username, issued.password)["MD5"]
    assert (issued.username + issued.password).isascii()


def test_a_nonce_that_is_too_old_is_stale_and_the_phone_goes_on_by_itself(phone, base, monkeypatch):
    phone.open("GET", f"{base}/formList")
    later = clock.now() + dt.timedelta(seconds=digest.NONCE_SECONDS + 5)
    monkeypatch.setattr(clock, "now", lambda: later)

    answer = phone.open("GET", f"{base}/formList")

    assert (answer.status_code, phone.asked) == (200, 4)
    with transaction() as session:
        service.forget_old(session)
    assert count(DigestNonce) == 1


def test_the_same_count_is_taken_once(phone, base):
    phone.open("GET", f"{base}/formList")
    header = {"Authorization": phone.authorization("GET", f"{base}/formList")}

    first = phone.send("GET", f"{base}/formList", header)
    again = phone.send("GET", f"{base}/formList", header)

    assert (first.status_code, again.status_code) == (200, 401)
    assert "stale=true" in again.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "changed",
    [
        {"response": "0" * 32},
        {"uri": "/v1/projects/1/formList?formID=x"},
        {"opaque": "khac"},
        {"nonce": "AAAA"},
        {"nonce": "không"},
        {"realm": "khac"},
        {"qop": "auth-int"},
        {"nc": "1"},
        {"algorithm": "MD5-sess"},
        {"username": "ai-do"},
        {"username": "a\0b"},
        {"cnonce": ""},
    ],
)
def test_whatever_does_not_fit_is_asked_again_and_never_let_in(phone, base, changed):
    phone.open("GET", f"{base}/formList")
    header = phone.authorization("GET", f"{base}/formList", **changed).encode().decode("latin-1")

    answer = phone.send("GET", f"{base}/formList", {"Authorization": header})

    assert answer.status_code == 401
    assert "Cần tên đăng nhập và mật khẩu" in spoken(answer)


@pytest.mark.parametrize(
    "header", ["Digest", "Digest a", 'Digest a="', "Digest " + "a=b," * 3000, "Bearer x", "Basic !"]
)
def test_a_broken_header_is_asked_again(phone, base, header):
    assert phone.send("GET", f"{base}/formList", {"Authorization": header}).status_code == 401


def test_basic_is_neither_offered_nor_taken_on_a_line_that_others_read(phone, base, issued):
    said = base64.b64encode(f"{issued.username}:{issued.password}".encode()).decode()

    answer = phone.send("GET", f"{base}/formList", {"Authorization": f"Basic {said}"})

    assert answer.status_code == 401
    assert "Basic" not in "".join(answer.headers.getlist("WWW-Authenticate"))


def test_basic_works_behind_tls_and_digest_is_offered_first(app, phone, base, issued):
    phone.host = behind_tls(app)
    said = base64.b64encode(f"{issued.username}:{issued.password}".encode()).decode()

    offered = phone.send("GET", f"{base}/formList", {}).headers.getlist("WWW-Authenticate")
    answer = phone.send("GET", f"{base}/formList", {"Authorization": f"Basic {said}"})
    wrong = base64.b64encode(f"{issued.username}:sai".encode()).decode()

    assert [one.split()[0] for one in offered] == ["Digest", "Digest", "Basic"]
    assert answer.status_code == 200
    assert b"https://khaosat.example.vn/v1/projects/" in answer.data
    refused = phone.send("GET", f"{base}/formList", {"Authorization": f"Basic {wrong}"})
    assert refused.status_code == 401


def test_a_front_that_says_plain_http_gets_no_basic(app, phone, base):
    phone.host = behind_tls(app)

    answer = phone.send("GET", f"{base}/formList", {"X-Forwarded-Proto": "http"})

    assert "Basic" not in "".join(answer.headers.getlist("WWW-Authenticate"))


@pytest.mark.parametrize("path", ["/formList", "/submission"])
@pytest.mark.parametrize("way", ["digest", "basic", "token"])
def test_a_revoked_phone_is_refused_with_a_sentence_in_every_way(
    app, phone, plan, base, issued, session, way, path
):
    with transaction() as writing:
        service.revoke_phone(writing, writing.get(Phone, issued.phone.id), ACTOR)
    if way == "token":
        answer = app.test_client().get(f"/v1/key/{issued.token}/projects/{plan.id}{path}")
    elif way == "basic":
        phone.host = behind_tls(app)
        said = base64.b64encode(f"{issued.username}:{issued.password}".encode()).decode()
        answer = phone.send("GET", base + path, {"Authorization": f"Basic {said}"})
    else:
        answer = phone.open("GET", base + path)

    assert answer.status_code == 403
    assert "không còn hiệu lực" in spoken(answer)
    assert count(SignInFailure) == 0, "it knew its password"


def test_a_new_key_kills_the_old_one_at_once(app, phone, base, issued):
    with transaction() as session:
        fresh = service.rotate_phone(session, session.get(Phone, issued.phone.id), ACTOR)

    assert phone.open("GET", f"{base}/formList").status_code == 403
    assert Collect(app, fresh.username, fresh.password).open(
        "GET", f"{base}/formList"
    ).status_code == 200  # fmt: skip


def test_a_phone_of_another_plan_is_refused(phone, plan):
    assert phone.open("GET", f"/v1/projects/{plan.id + 1}/formList").status_code == 403


def test_guessing_is_slowed_down_and_the_throttle_outlives_the_process(app, base, issued):
    for _ in range(service.TRIES_PER_ACCOUNT):
        assert Collect(app, issued.username, "sai").open("GET", base + "/formList").status_code == (
            401
        )
    answer = Collect(app, issued.username, "sai").open("GET", f"{base}/formList")

    assert answer.status_code == 429
    assert "Đã nhập sai quá nhiều lần" in spoken(answer)
    assert count(SignInFailure) == 2 * service.TRIES_PER_ACCOUNT
