"""Verbs about forms filled on a draft: take one, list them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, text
from server.submissions.instance import Instance
from server.submissions.intake import KeptPart
from server.submissions.problems import InstanceConflict
from server.submissions.trial_models import Trial, TrialFile
from server.surveys.models import FormVersion
from server.surveys.problems import UnknownForm

SHOWN = 50


def take(
    session: Session,
    draft: FormVersion,
    found: Instance,
    xml: bytes,
    parts: Sequence[KeptPart],
    device: str,
) -> Trial:
    """Keep a form filled on a draft, once, with the files that came; it may come in parts.

    Raises:
        UnknownForm: it was filled on another form, or on a draft that was replaced.
        InstanceConflict: we hold this instanceID with other bytes.
    """
    form = draft.form
    if (found.form_id, found.version) != (form.form_id, draft.version):
        raise UnknownForm(form_id=found.form_id, version=found.version)
    held = session.scalar(
        select(Trial).where(Trial.form_pk == form.id, Trial.instance_id == found.instance_id)
    )
    if held is not None and held.xml_sha256 != found.xml_sha256:
        raise InstanceConflict(instance_id=found.instance_id)
    if held is None:
        held = Trial(
            form_pk=form.id,
            version_id=draft.id,
            version=draft,
            xform_md5=draft.xform_md5,
            instance_id=found.instance_id,
            xml=xml,
            xml_sha256=found.xml_sha256,
            device_id=text.clean(device)[:200],
            received_at=clock.now(),
        )
        session.add(held)
    names = {file.name for file in held.files}
    held.files += [
        TrialFile(name=part.name, sha256=part.sha256, size_bytes=part.size_bytes)
        for part in {part.name: part for part in parts}.values()
        if part.name not in names
    ]
    session.flush()
    return held


def of_form(session: Session, form_pk: int) -> Sequence[Trial]:
    """Return the newest trials of a form, those that were set aside too."""
    query = select(Trial).where(Trial.form_pk == form_pk).order_by(Trial.id.desc()).limit(SHOWN)
    return session.scalars(query).all()
