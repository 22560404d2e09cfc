"""A plan that encrypts: from the warning on its page to findings of what was decrypted."""

import io
import re
import zipfile

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from server.cipher import fingerprint, new_pair
from server.db import db, transaction
from server.findings.models import Finding
from server.journal import Line
from server.maintenance import soundness
from server.permissions import Role
from server.submissions import commands
from server.submissions.models import Submission, SubmissionOpened, SubmissionVersion
from server.surveys import keys
from server.surveys import service as surveys
from server.surveys.models import FormVersion, PlanKey
from server.teams import service as teams
from tests import forms, sealing
from tests.conftest import ACTOR, VU_BAN
from tests.desk.conftest import WORKBOOK, interview, photo
from tests.worlds import kept

PASSPHRASE = "ruộng bậc thang mùa nước đổ"
PLAIN = "Nguyễn Thị Nhung"


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


@kept
def key(story):
    with transaction() as session:
        return keys.make(session, story.plan_id, PASSPHRASE, "két của phòng", ACTOR)


@pytest.fixture
def version(app, story, key):
    """The story's form, published again: the encrypted twin of its plain version."""
    with transaction() as session:
        plain = session.get(FormVersion, story.version_id)
        found = surveys.publish(session, plain, ACTOR)
        return found.version


@pytest.fixture
def send(app, base, story, key, version, drain):
    """Fill the form, encrypt it as a phone does and send it; return the record's id."""

    def post(media=None, spoil=None, batches=None, instance_id="uuid:kin-1", replaces="", **said):
        filled = interview(story.visit.code, story.hamlet.code, instance_id=instance_id, **said)
        if replaces:
            end = f"</orx:instanceID><orx:deprecatedID>{replaces}</orx:deprecatedID>".encode()
            filled = filled.replace(b"</orx:instanceID>", end)
        filled = filled.replace(b'version="7"', f'version="{version}"'.encode())
        parcel = sealing.seal(key.public_key, filled, media or {}, "hogd", version, instance_id)
        if spoil:
            spoil(parcel)
        post.sent.append(parcel)
        names = list(parcel.files)
        for batch in batches or [names]:
            chosen = {names[n] if isinstance(n, int) else n for n in batch}
            files = {name: parcel.files[name] for name in names if name in chosen}
            answer = app.test_client().post(
                f"{base}/submission", **forms.parts(parcel.manifest, files)
            )
            assert answer.status_code == 201, answer.text
        drain()
        return fresh().scalar(select(Submission.id).where(Submission.instance_id == instance_id))

    post.sent, post.address = [], f"{base}/submission"
    return post


def fresh():
    db.session().rollback()
    db.session().expire_all()
    return db.session()


def open_(client, submission_id, do, passphrase=PASSPHRASE):
    return client.post(
        f"/submissions/{submission_id}/open",
        data={"passphrase": passphrase, "do": do},
        follow_redirects=True,
    )


def on(client, plan_id, **given):
    said = {"passphrase": PASSPHRASE, "again": PASSPHRASE, "understood": "1", "hint": "két"}
    return client.post(f"/plans/{plan_id}/encryption", data=said | given, follow_redirects=True)


def test_the_page_warns_makes_the_key_and_keeps_the_passphrase_nowhere(minh, story, app, caplog):
    warning = minh.get(f"/plans/{story.plan_id}/encryption").text
    answer = on(minh, story.plan_id)

    assert "mất mọi phiếu đã mã hóa" in warning and "nêu phát hiện" in warning
    assert "Đang bật" in answer.text
    key = fresh().scalars(select(PlanKey)).one()
    stored = key.private_key + key.lock + key.hint + key.public_key
    lines = [line.detail for line in fresh().scalars(select(Line))]
    assert PASSPHRASE not in stored + str(lines) + caplog.text + answer.text
    assert fingerprint(key.public_key)[:16] in answer.text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"again": "khác"}, "không giống nhau"),
        ({"understood": ""}, "Đã hiểu"),
        ({"passphrase": "ngắn", "again": "ngắn"}, "ít nhất 14 ký tự"),
        ({"hint": f"là {PASSPHRASE}"}, "không được chứa"),
    ],
)
def test_a_key_is_not_made_without_care(minh, story, given, says):
    answer = on(minh, story.plan_id, **given)

    assert answer.status_code in {400, 422} and says in answer.text
    assert fresh().scalars(select(PlanKey)).all() == []


def test_a_second_key_waits_until_the_first_is_switched_off(minh, story, key):
    refused = on(minh, story.plan_id)
    minh.post(f"/plans/{story.plan_id}/encryption/off")
    on(minh, story.plan_id)

    assert refused.status_code == 409
    held = fresh().scalars(select(PlanKey).order_by(PlanKey.id)).all()
    assert [each.retired_at is None for each in held] == [False, True]


def test_forms_published_from_then_on_carry_the_key_in_a_version_of_their_own(
    app, base, story, key, version
):
    listed = app.test_client().get(f"{base}/formList").text
    address = re.search("<downloadUrl>http://[^/]*(.*?)</downloadUrl>", listed)[1]
    xform = app.test_client().get(address).text

    assert version == f"7-enc-{fingerprint(key.public_key)[:8]}"
    assert f"<version>{version}</version>" in listed and "<version>7</version>" not in listed
    assert f'base64RsaPublicKey="{key.public_key}"' in xform and f'version="{version}"' in xform
    plain = fresh().get(FormVersion, story.version_id)
    assert plain.version == "7" and b"base64RsaPublicKey" not in plain.xform


def test_a_draft_becomes_its_encrypted_version_and_the_same_workbook_changes_nothing(
    app, story, key
):
    workbook = WORKBOOK.replace("| hogd     | 7 ", "| hogd     | 8 ")
    first = forms.publish(app, story.plan_id, workbook)
    again = forms.publish(app, story.plan_id, workbook)

    assert first == again
    found = fresh().scalars(select(FormVersion.version).where(FormVersion.id != story.version_id))
    assert [each[:6] for each in found] == ["8-enc-"]


def test_forms_are_published_in_the_plain_again_once_it_is_off(app, minh, story, key):
    minh.post(f"/plans/{story.plan_id}/encryption/off")
    found = forms.publish(
        app, story.plan_id, WORKBOOK.replace("| hogd     | 7 ", "| hogd     | 9 ")
    )

    assert fresh().get(FormVersion, found).version == "9"


def test_files_come_in_any_order_and_the_page_says_how_many_are_here(send, minh, session):
    """Answers first, photos later, one by one; each batch carries the manifest again."""
    submission_id = send(
        {"1.jpg": photo(), "2.jpg": photo("red")}, batches=[["submission.xml.enc"], ["2.jpg.enc"]]
    )
    page = minh.get(f"/submissions/{submission_id}").text

    assert "2/3" in page and "Mới nhận 2/3 tệp" in page
    refused = open_(minh, submission_id, "take-in")
    assert "còn thiếu 1 tệp (1.jpg.enc)" in refused.text
    assert fresh().get(Submission, submission_id).encrypted


def test_viewing_shows_the_answers_once_and_stores_nothing(send, minh, app):
    submission_id = send({"1.jpg": photo()}, anh="1.jpg")
    before = set(app.extensions["files"].names())

    answer = open_(minh, submission_id, "view")

    assert PLAIN in answer.text and '<span class="said">1.jpg</span>' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found = fresh().get(Submission, submission_id)
    assert found.encrypted and found.answers == {} and found.label == ""
    assert set(app.extensions["files"].names()) == before
    assert PLAIN not in minh.get(f"/submissions/{submission_id}").text
    read = select(Line).where(Line.verb == "submission.read-sealed")
    assert fresh().scalars(read).one().actor == "Minh"


def test_a_download_holds_the_answers_and_files_as_the_phone_had_them(send, minh, app):
    image = photo()
    submission_id = send({"1.jpg": image}, anh="1.jpg")

    answer = open_(minh, submission_id, "download")

    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    inside = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
    assert inside["1.jpg"] == image and PLAIN in inside["submission.xml"].decode()
    assert fresh().get(Submission, submission_id).encrypted


def test_taken_in_it_is_linked_raises_findings_and_shows_its_photos(send, minh, story, drain):
    submission_id = send({"1.jpg": photo()}, du="no", anh="1.jpg")
    outside = fresh().get(Submission, submission_id).xml
    assert fresh().scalars(select(Finding)).all() == []

    open_(minh, submission_id, "take-in")
    drain()

    found = fresh().get(Submission, submission_id)
    assert (found.visit_id, found.hamlet_id) == (story.visit.id, story.hamlet.id)
    assert found.answers["ten"] == PLAIN and found.xml == outside
    assert [each.rule_id for each in fresh().scalars(select(Finding))] == ["B01"]
    names = {file.name: file for file in found.files}
    assert set(names) == {"1.jpg.enc", "submission.xml.enc", "1.jpg"}
    assert names["1.jpg"].thumb_sha256
    page = minh.get(f"/submissions/{submission_id}").text
    assert PLAIN in page and f"/files/{names['1.jpg'].id}/thumb" in page
    assert "Minh đã giải mã phiếu này" in page
    assert PLAIN in minh.get(f"/submissions/{submission_id}/opened.xml").text
    assert PLAIN not in minh.get(f"/submissions/{submission_id}/raw.xml").text


def test_taking_in_twice_changes_nothing(send, minh):
    submission_id = send()
    open_(minh, submission_id, "take-in")

    again = open_(minh, submission_id, "take-in")

    assert "không (còn) mã hóa" in again.text
    assert len(fresh().scalars(select(SubmissionOpened)).all()) == 1


def test_the_phone_s_retry_after_it_was_taken_in_is_the_same_submission(send, minh, app, base):
    submission_id = send({"1.jpg": photo()})
    open_(minh, submission_id, "take-in")

    parcel = send.sent[-1]
    again = app.test_client().post(
        f"{base}/submission", **forms.parts(parcel.manifest, parcel.files)
    )

    assert again.status_code == 201 and "2/2" in again.text
    found = fresh().scalars(select(Submission)).one()
    assert found.answers["ten"] == PLAIN and len(found.files) == 3


def flip(parcel):
    data = bytearray(parcel.files["submission.xml.enc"])
    data[20] ^= 1
    parcel.files["submission.xml.enc"] = bytes(data)


@pytest.mark.parametrize("do", ["view", "download", "take-in"])
def test_what_was_changed_on_the_way_is_said_and_changes_nothing(send, minh, app, do):
    submission_id = send({"1.jpg": photo()}, spoil=flip)
    files = set(app.extensions["files"].names())

    answer = open_(minh, submission_id, do)

    assert "chữ ký không khớp" in answer.text
    found = fresh().get(Submission, submission_id)
    assert found.encrypted and found.answers == {} and len(found.files) == 2
    assert set(app.extensions["files"].names()) == files


def test_wrong_passphrases_open_nothing_give_the_hint_and_are_slowed_down(send, minh, story):
    submission_id = send()

    said = [open_(minh, submission_id, "take-in", f"sai {n}").text for n in range(6)]
    right = open_(minh, submission_id, "take-in").text

    assert "không đúng" in said[0] and "két của phòng" in said[0]
    assert "quá nhiều lần" in said[5] and "quá nhiều lần" in right
    assert fresh().get(Submission, submission_id).encrypted
    wrong = select(Line).where(Line.verb == "plan.passphrase-wrong")
    assert len(fresh().scalars(wrong).all()) == 5


def test_a_damaged_private_key_is_told_apart_from_a_wrong_passphrase(app, key):
    other = PlanKey(
        plan_id=key.plan_id, public_key=key.public_key, lock=key.lock, hint="",
        private_key=key.private_key.replace("A", "B", 1), private_sha256=key.private_sha256,
    )  # fmt: skip

    with pytest.raises(keys.DamagedKey):
        keys.unlock(other, PASSPHRASE)


def test_the_drill_tells_whether_the_passphrase_is_still_known(minh, story, key):
    def tried(passphrase):
        address = f"/plans/{story.plan_id}/encryption/try"
        given = {"key_id": key.id, "passphrase": passphrase}
        return minh.post(address, data=given, follow_redirects=True).text

    assert "khóa riêng mở được" in tried(PASSPHRASE)
    assert "không đúng" in tried("quên mất rồi nhé")


def test_all_that_wait_are_taken_in_and_those_that_fail_are_named(send, minh, story, key, drain):
    good = [send(instance_id=f"uuid:kin-{n}", ten=f"Hộ {n}") for n in range(3)]
    bad = send(instance_id="uuid:hong", spoil=flip)
    missing = send({"1.jpg": photo()}, instance_id="uuid:thieu", batches=[["submission.xml.enc"]])
    form_pk = fresh().get(Submission, bad).form_pk
    page = minh.get(f"/plans/{story.plan_id}/encryption").text
    assert f"/forms/{form_pk}/open" in page

    given = {"key_id": key.id, "passphrase": PASSPHRASE, "do": "take-in"}
    answer = minh.post(f"/forms/{form_pk}/open", data=given)

    assert "của 3 phiếu" in answer.text and "1 phiếu chưa giải mã được" in answer.text
    assert "uuid:hong" in answer.text and "chữ ký không khớp" in answer.text
    sealed = select(Submission.id).where(Submission.encrypted).order_by(Submission.id)
    assert fresh().scalars(sealed).all() == [bad, missing]
    assert [fresh().get(Submission, each).answers["ten"] for each in good] == [
        "Hộ 0", "Hộ 1", "Hộ 2"
    ]  # fmt: skip


def test_all_that_wait_are_downloaded_in_one_zip(send, minh, key):
    ids = [send({"1.jpg": photo()}, instance_id=f"uuid:kin-{n}") for n in range(2)]
    bad = send(instance_id="uuid:hong", spoil=flip)
    form_pk = fresh().get(Submission, bad).form_pk

    given = {"key_id": key.id, "passphrase": PASSPHRASE, "do": "download"}
    answer = minh.post(f"/forms/{form_pk}/open", data=given)

    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    folders = {name.partition("_")[0] for name in archive.namelist() if "/" in name}
    assert folders == {str(each) for each in ids}
    assert "uuid:hong" in archive.read("KHONG-GIAI-MA-DUOC.txt").decode()


def test_plain_forms_beside_are_as_ever(send, story, minh):
    sealed = send()
    plain = story.send()

    assert fresh().get(Submission, plain).answers["ten"] == PLAIN
    assert fresh().get(Submission, sealed).encrypted
    page = minh.get(f"/plans/{story.plan_id}/submissions").text
    assert page.count("Đã mã hóa") == 1


def test_a_form_with_a_key_of_its_own_is_taken_and_says_that_it_cannot_be_read_here(
    app, base, minh, story, key, drain
):
    own = new_pair("khóa của viện nghiên cứu").public
    workbook = (
        "| survey | | | |\n| | type | name | label |\n| | text | a | A |\n"
        "| settings | | | | |\n| | form_title | form_id | version | public_key |\n"
        f"| | Phiếu của viện | vien | 1 | {own} |\n"
    )
    version_id = forms.publish(app, story.plan_id, workbook, ("public_key",))
    parcel = sealing.seal(own, b"<data/>", {}, "vien", "1", "uuid:vien")
    sent = app.test_client().post(
        f"{base}/submission", **forms.parts(parcel.manifest, parcel.files)
    )
    drain()

    assert sent.status_code == 201, sent.text
    found = fresh().scalars(select(Submission)).one()
    assert found.version_id == version_id
    assert fresh().get(FormVersion, version_id).version == "1"
    assert "khóa riêng của nó" in minh.get(f"/submissions/{found.id}").text
    assert "khóa riêng của nó" in open_(minh, found.id, "view").text
    assert "không có ở máy chủ" in minh.get(f"/plans/{story.plan_id}/encryption").text


def chain():
    """Return every content of the only record: (number, instanceID, name as answered)."""
    record = fresh().scalars(select(Submission)).one()
    past = fresh().scalars(select(SubmissionVersion).order_by(SubmissionVersion.number))
    return [(each.number, each.instance_id, each.answers.get("ten")) for each in [*past, record]]


def test_an_encrypted_edit_joins_its_record_when_it_is_decrypted(send, minh, drain, app, story):
    first = send({"1.jpg": photo()}, ten="Lan", anh="1.jpg")
    second = send(instance_id="uuid:kin-2", replaces="uuid:kin-1", ten="Hoa", anh="1.jpg")
    early = open_(minh, second, "take-in")
    opened = open_(minh, first, "take-in")
    drain()
    joined = open_(minh, second, "take-in")
    drain()

    assert "hãy giải mã phiếu gốc" in early.text.lower() and opened.status_code == 200
    assert (
        joined.request.path == f"/submissions/{first}" and "đã giải mã và ghép vào" in joined.text
    )
    assert chain() == [(1, "uuid:kin-1", "Lan"), (2, "uuid:kin-2", "Hoa")]
    record = fresh().get(Submission, first)
    assert record.xml == send.sent[1].manifest and record.deprecated_id == "uuid:kin-1"
    assert record.area == story.visit.place.area and record.label
    assert {"1.jpg", "submission.xml.enc"} <= {file.name for file in record.files}
    again = forms.parts(send.sent[1].manifest, {})
    assert app.test_client().post(send.address, **again).status_code == 201
    assert len(chain()) == 2 and minh.get("/journal").status_code == 200
    for number in (1, 2):
        assert minh.get(f"/submissions/{first}/versions/{number}").status_code == 200
    store = app.extensions["files"]
    assert list(soundness.orphans(db.session(), store, -60)) == []


def test_a_whole_chain_that_came_in_any_order_is_joined_at_once(send, minh, drain, story, key):
    for number in (3, 2, 1):
        replaces = f"uuid:kin-{number - 1}" if number > 1 else ""
        send(instance_id=f"uuid:kin-{number}", replaces=replaces, ten=f"Lần {number}")
    form_pk = fresh().scalars(select(Submission.form_pk)).first()
    given = {"passphrase": PASSPHRASE, "key_id": key.id, "do": "take-in"}

    minh.post(f"/forms/{form_pk}/open", data=given)
    drain()

    assert chain() == [(n, f"uuid:kin-{n}", f"Lần {n}") for n in (1, 2, 3)]


def test_the_original_of_a_decrypted_edit_joins_it_when_it_comes(send, minh, drain):
    second = send(instance_id="uuid:kin-2", replaces="uuid:kin-1", ten="Hoa")
    open_(minh, second, "take-in")
    drain()
    send(ten="Lan")

    assert [row[:2] for row in chain()] == [(1, "uuid:kin-1"), (2, "uuid:kin-2")]
    assert chain()[-1][2] == "Hoa"


def test_an_encrypted_edit_that_somebody_commented_stays_a_record(send, minh, drain):
    first, second = send(ten="Lan"), send(instance_id="uuid:kin-2", replaces="uuid:kin-1")
    minh.post(f"/submissions/{second}/comments", data={"body": "Ai gửi?"})
    open_(minh, first, "take-in")

    open_(minh, second, "take-in")

    assert fresh().get(Submission, second).answers and fresh().get(Submission, first).number == 1


def test_only_those_who_run_the_plan_may_open_what_others_may_see(send, browser, cast):
    submission_id = send()
    with transaction() as session:
        leader = teams.add_person(session, "Trưởng", ACTOR, "truong@example.vn")
        teams.grant(session, leader, Role.TEAM_LEADER, VU_BAN, ACTOR)

    def status(person):
        given = {"passphrase": PASSPHRASE, "do": "take-in"}
        return browser(person).post(f"/submissions/{submission_id}/open", data=given).status_code

    assert [status(leader), status(cast.hoa), status(cast.an)] == [403, 403, 404]
    assert fresh().get(Submission, submission_id).encrypted


def test_english_pages_are_english(minh, story, key):
    with minh.session_transaction() as cookie:
        cookie["lang"] = "en"
    answer = minh.get(f"/plans/{story.plan_id}/encryption").text

    assert "Encryption of submissions" in answer and "Mã hóa" not in answer


def typed(passphrase, *words):
    """Type `submission decrypt …` and the passphrase at a terminal."""
    return CliRunner().invoke(
        commands.group, ["decrypt", *words], input=f"{passphrase}\n", standalone_mode=False
    )


def test_the_terminal_asks_the_passphrase_and_writes_what_was_inside(send, tmp_path):
    image = photo()
    submission_id = send({"1.jpg": image}, anh="1.jpg")

    shown = typed(PASSPHRASE, "uuid:kin-1")
    written = typed(PASSPHRASE, "uuid:kin-1", "--to", str(tmp_path / "ra"))
    refused = typed("sai bét cả rồi", "uuid:kin-1", "--to", str(tmp_path / "khac"))
    full = typed(PASSPHRASE, "uuid:kin-1", "--to", str(tmp_path / "ra"))

    assert PLAIN in shown.output and "két của phòng" in shown.output
    assert PASSPHRASE not in shown.output
    assert written.exception is None and (tmp_path / "ra" / "1.jpg").read_bytes() == image
    assert isinstance(refused.exception, keys.WrongPassphrase) and full.exception is not None
    assert not (tmp_path / "khac").exists()
    assert fresh().get(Submission, submission_id).encrypted


def test_the_terminal_takes_in(send):
    submission_id = send()

    done = typed(PASSPHRASE, str(submission_id), "--take-in")

    assert done.exception is None and PLAIN not in done.output
    assert fresh().get(Submission, submission_id).answers["ten"] == PLAIN


def test_verify_finds_a_key_or_an_opened_form_that_was_changed(send, minh, key):
    """The database refuses to change either; a file that was edited by hand does not."""
    submission_id = send()
    open_(minh, submission_id, "take-in")
    assert list(soundness._keys(fresh())) == list(soundness._opened(fresh())) == []

    for statement in (
        "UPDATE plan_key SET private_key = 'x'",
        "DELETE FROM plan_key",
        "UPDATE submission_opened SET opened_by = 'x'",
        "UPDATE form_version SET key_id = NULL WHERE key_id IS NOT NULL",
    ):
        with pytest.raises(DBAPIError), transaction() as session:
            session.execute(text(statement))
