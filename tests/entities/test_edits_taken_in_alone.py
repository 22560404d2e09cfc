"""What an edit that was taken in alone did to rows is not undone by its late original."""

from sqlalchemy import select

from server.db import db, transaction
from server.submissions import service
from server.submissions.holding import sender_of
from server.submissions.models import Held, Submission
from tests.conftest import ACTOR
from tests.entities.conftest import said


def test_a_late_original_undoes_nothing_that_its_edit_did(grove):
    original = said("uuid:1", create=1, label="Đa", cao=3, loai="đa")
    edit = said("uuid:2", "uuid:1", create=1, label="Đa lông", cao=5, loai="đa")
    third = said("uuid:3", "uuid:2", create=1, label="Đa lông", cao=6, loai="đa")
    grove.send(edit)
    with transaction() as session:
        held = session.scalars(select(Held)).one()
        service.reingest(session, held, sender_of(held), ACTOR)
    grove.send(original)

    assert grove.tree().data["cao"] == "5" and grove.tree().label == "Đa lông"
    grove.send(third)
    assert grove.tree().data["cao"] == "6" and grove.tree().label == "Đa lông"
    assert db.session().query(Submission).count() == 1
