"""What a phone asks about entity lists: the manifest's part, the list, what became of rows."""

import threading
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator

from flask import Blueprint, Response, g, request

from server import openrosa
from server.db import db, transaction
from server.entities import declared, delivery, queries
from server.entities.delivery import Copy, Scope
from server.entities.models import EntityList
from server.problems import NotFound
from server.surveys import lists
from server.surveys.lists import Offered
from server.surveys.models import FormVersion
from server.teams.fetched import LIST
from server.teams.phone import at, note_fetched
from server.teams.service import Carrier

bp = Blueprint("entities_phone", __name__)
MOST_IDS = 1000
_turns: dict[tuple[object, int, str], threading.Lock] = defaultdict(threading.Lock)


@lists.offers
def offer(phone: Carrier, names: Collection[str]) -> list[Offered]:
    """Return the entity lists among the files that a form asks for, as this phone gets them."""
    wanted = [name.removesuffix(".csv") for name in names if name.endswith(".csv")]
    if not wanted:
        return []
    session = db.session()
    found = queries.lists_named(session, phone.plan_id, wanted)
    if not found:
        return []
    rules = {each.delivery: each for each in found}
    scopes = {rule: delivery.scope_of(session, one, phone) for rule, one in rules.items()}
    parts = [(each, scopes[each.delivery]) for each in found]
    ready = delivery.current_of(session, parts)
    return [_offered(each, ready.get(each.id) or _copy(each, scope)) for each, scope in parts]


def offer_for_trial(draft: FormVersion, names: Collection[str]) -> list[Offered]:
    """Return the lists among the files that a draft asks for, as whoever tries it gets them.

    One that is only declared by the draft is empty until the draft is published.
    """
    session, plan_id = db.session(), draft.form.plan_id
    wanted = [name.removesuffix(".csv") for name in names if name.endswith(".csv")]
    found = queries.lists_named(session, plan_id, wanted) if wanted else []
    parts = [(each, delivery.whole(each)) for each in found]
    ready = delivery.current_of(session, parts) if parts else {}
    made = [_offered(each, ready.get(each.id) or _copy(each, scope)) for each, scope in parts]
    known = {each.name for each in made}
    empty = {name: data for name, data in _declared(draft).items() if name in names}
    return made + [
        Offered(
            name,
            openrosa.md5(data),
            f"datasets/{name.removesuffix('.csv')}/entities.csv",
            "entityList",
            f"datasets/{name.removesuffix('.csv')}/integrity",
        )
        for name, data in empty.items()
        if name not in known
    ]


def _declared(draft: FormVersion) -> dict[str, bytes]:
    """Return, by file, the lists that a draft declares, without a row."""
    columns: dict[str, list[str]] = {}
    for use in declared.uses_of(db.session(), draft.id, draft.xform_md5):
        columns.setdefault(f"{use.dataset}.csv", []).extend(use.properties)
    return {
        name: (",".join(["name", "label", "__version", *dict.fromkeys(more)]) + "\n").encode()
        for name, more in columns.items()
    }


def for_trial(draft: FormVersion, name: str) -> Response:
    """Give a list to whoever tries a draft.

    Raises:
        NotFound: the draft asks for no such list, or there is none.
    """
    file = f"{name}.csv"
    if file not in {need["name"] for need in draft.needs}:
        raise NotFound()
    session = db.session()
    found = queries.find_list(session, draft.form.plan_id, name)
    if found is not None:
        return _sent(_copy(found, delivery.whole(found)))
    empty = _declared(draft).get(file)
    if empty is None:
        raise NotFound()
    return openrosa.kept(
        Response(empty, content_type="text/csv; charset=utf-8"), openrosa.md5(empty)
    )


def fates_for_trial(draft: FormVersion, name: str) -> Response:
    """Tell whoever tries a draft what became of rows; those of trials are never on the list."""
    session = db.session()
    found = queries.find_list(session, draft.form.plan_id, name)
    if found is None:
        return _told([])
    return _told(delivery.fates(session, found, delivery.whole(found), None, _asked()))


def _offered(found: EntityList, copy: Copy) -> Offered:
    return Offered(
        name=f"{found.name}.csv",
        md5=copy.md5,
        path=f"datasets/{found.name}/entities.csv?md5={copy.md5}",
        kind="approvalEntityList" if found.approval_required else "entityList",
        integrity_path=f"datasets/{found.name}/integrity",
    )


def _copy(found: EntityList, scope: Scope) -> Copy:
    """Return the copy of a part as its rows are now; of several who ask, one makes it."""
    session = db.session()
    held = delivery.current(session, found, scope)
    if held is not None:
        return held
    key = (session.get_bind().engine.url, found.id, scope.key)
    with _turns[key]:
        session.rollback()  # what another has kept meanwhile is to be seen
        held = delivery.current(session, found, scope)
        if held is not None:
            return held
        made = delivery.make(session, found, scope)
        with transaction() as writing:
            return delivery.keep(writing, made)


@at(bp, "/datasets/<name>/entities.csv")
def entities_csv(token: str, plan_id: int, name: str) -> Response:
    """Give the list as this phone carries it: the very bytes that its manifest named, if kept."""
    copy = _carried(g.phone, name, request.args.get("md5", ""))
    note_fetched(LIST, f"{name}.csv", copy.md5)
    return _sent(copy)


def carried(phone: Carrier, name: str) -> Response:
    """Return a list as `phone` carries it.

    Raises:
        NotFound: the plan has no such list.
    """
    return _sent(_carried(phone, name))


def _carried(phone: Carrier, name: str, named: str = "") -> Copy:
    """Return the copy of a list that `phone` carries: the one with hash `named`, if it is kept."""
    session = db.session()
    found = queries.list_named(session, phone.plan_id, name)
    scope = delivery.scope_of(session, found, phone)
    copy = delivery.copy_named(session, found, scope, named) if named else None
    return copy or _copy(found, scope)


def _sent(copy: Copy) -> Response:
    """Return a copy, packed for those who take it so; 304 for those who have it."""
    response = Response(content_type="text/csv; charset=utf-8")
    response.set_etag(copy.md5)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    response.make_conditional(request)
    if response.status_code == 304:
        return response
    content = delivery.packed(db.session(), copy)
    if request.accept_encodings["gzip"] > 0:
        response.headers["Content-Encoding"] = "gzip"
        response.set_data(content)
    else:
        response.response = _unpacked(content)
    return response


def _unpacked(content: bytes) -> Iterator[bytes]:
    stream = zlib.decompressobj(wbits=31)
    view = memoryview(content)
    for start in range(0, len(view), 65_536):
        yield stream.decompress(view[start : start + 65_536])
    yield stream.flush()


@at(bp, "/datasets/<name>/integrity")
def integrity(token: str, plan_id: int, name: str) -> Response:
    """Tell what became of rows that the phone made itself and misses in the list."""
    session = db.session()
    found = queries.list_named(session, plan_id, name)
    scope = delivery.scope_of(session, found, g.phone)
    return _told(delivery.fates(session, found, scope, g.phone, _asked()))


def _asked() -> list[str]:
    """Return the ids that the phone asks about."""
    asked = [each.strip().lower() for each in request.args.get("id", "").split(",")]
    return list(dict.fromkeys(filter(None, asked)))[:MOST_IDS]


def _told(fates: Collection[tuple[str, bool]]) -> Response:
    rows = "".join(
        f'<entity id="{openrosa.safe(uuid)}"><deleted>{"true" if gone else "false"}</deleted>'
        "</entity>"
        for uuid, gone in fates
    )
    return openrosa.xml(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<data><entities>{rows}</entities></data>'
    )
