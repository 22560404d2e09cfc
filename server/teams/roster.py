"""A list of people who get phones (danh sách người giữ máy), read from a table and taken in whole.

Whatever is wrong is said by row; a list with a wrong row is not taken in at all. Who is in the
team already keeps their post and gets no second phone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import text
from server.journal import Actor
from server.places import sheets
from server.problems import Problem
from server.teams import queries, service
from server.teams.models import Member, Person, Phone, Team
from server.teams.service import Issued

MOST = 2000
LONGEST = 100
_TITLE_ROWS = 20
_HEADINGS = {
    "name": ("ho ten", "ho va ten", "ten", "nguoi giu may", "name", "full name"),
    "post": ("chuc danh", "chuc vu", "post", "position"),
    "agency": ("don vi", "co quan", "don vi cong tac", "agency", "organisation"),
    "team": ("doan", "ten doan", "doan giam sat", "team"),
    "commune": ("xa", "xa phuong", "ten xa", "commune"),
}
_COLUMN = {heading: column for column, headings in _HEADINGS.items() for heading in headings}
_NAMES = {
    "name": ("Họ tên", "Full name"),
    "post": ("Chức danh", "Post"),
    "agency": ("Đơn vị", "Agency"),
    "team": ("Đoàn", "Team"),
    "commune": ("Xã", "Commune"),
}


class NoNameColumn(Problem):
    """Without names there is nobody to give a phone to."""

    code = "teams.no-name-column"
    status = 422
    message = (
        "Tệp {file} không có cột Họ tên trong {rows} dòng đầu. Hãy đặt dòng tiêu đề gồm Họ tên, "
        "Chức danh, Đơn vị, Đoàn, Xã."
    )
    message_en = (
        "{file} has no column 'Full name' in its first {rows} rows. Give it the headings "
        "Full name, Post, Agency, Team, Commune."
    )


class RowsToMend(Problem):
    """Rows of the list cannot be used; nothing was taken in."""

    code = "teams.rows-to-mend"
    status = 422
    message = "{count} dòng cần sửa, chưa nhập gì: {said}"
    message_en = "{count} rows are to be mended, nothing was taken in: {said}"


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be used, in both languages."""

    row: int
    why: tuple[str, str]


@dataclass(frozen=True)
class Entry:
    """One person of the list; `known`: they are in that team already, so nothing is to be done."""

    row: int
    name: str
    post: str
    agency: str
    team: Team
    commune: str
    known: bool = False


@dataclass(frozen=True)
class Roster:
    """What a list would do: who gets a phone, who has one, which rows are to be mended."""

    source: str
    entries: list[Entry] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def new(self) -> list[Entry]:
        """Return those who would get a phone."""
        return [entry for entry in self.entries if not entry.known]


def read(session: Session, plan_id: int, data: bytes, name: str, communes: Iterable[str]) -> Roster:
    """Return what a list of people says for a plan, whose communes are these by name.

    Raises:
        FileTooLarge, UnreadableFile: as `sheets.rows` says.
        NoNameColumn: no row near the top holds that heading.
    """
    rows = sheets.rows(data, name, MOST)
    at, columns = _headings(rows, name)
    teams = {text.fold(team.name): team for team in queries.teams_of(session, plan_id)}
    members = {
        (member.team_id, text.fold(member.person.name))
        for team in teams.values()
        for member in team.members
    }
    judge = _Judge(teams, members, {_commune(each) for each in communes})
    roster = Roster(name)
    for number, cells in rows[at + 1 :]:
        found = judge.entry(number, {
            column: text.clean(cells[index]) if index < len(cells) else ""
            for column, index in columns.items()
        })  # fmt: skip
        if isinstance(found, Fault):
            roster.faults.append(found)
        else:
            roster.entries.append(found)
    return roster


def _headings(rows: Sequence[sheets.Row], name: str) -> tuple[int, dict[str, int]]:
    for at, (_number, cells) in enumerate(rows[:_TITLE_ROWS]):
        columns: dict[str, int] = {}
        for index, cell in enumerate(cells):
            if column := _COLUMN.get(text.fold(cell).strip()):
                columns.setdefault(column, index)
        if "name" in columns:
            return at, columns
    raise NoNameColumn(file=name, rows=_TITLE_ROWS)


def _commune(name: str) -> str:
    folded = text.fold(name)
    for kind in ("xa ", "phuong ", "thi tran "):
        folded = folded.removeprefix(kind)
    return folded


class _Judge:
    """What is known while a list is read: the plan's teams, their members, the rows so far."""

    def __init__(
        self, teams: dict[str, Team], members: set[tuple[int, str]], communes: set[str]
    ) -> None:
        self.teams, self.members, self.communes = teams, members, communes
        self.seen: dict[str, int] = {}

    def entry(self, row: int, said: dict[str, str]) -> Entry | Fault:
        """Return the person of a row, or why it cannot be used."""
        said = {name: said.get(name, "") for name in _HEADINGS}
        folded, team = text.fold(said["name"]), self._team(said["team"])
        why = self._wrong(said, folded)
        if why is None and team is None:
            why = self._no_team(said["team"])
        if why is not None or team is None:
            return Fault(row, why or ("", ""))
        self.seen[folded] = row
        known = (team.id, folded) in self.members
        return Entry(row, said["name"], said["post"], said["agency"], team, said["commune"], known)

    def _team(self, name: str) -> Team | None:
        if not name and len(self.teams) == 1:
            return next(iter(self.teams.values()))
        return self.teams.get(text.fold(name))

    def _no_team(self, name: str) -> tuple[str, str]:
        have = ", ".join(team.name for team in self.teams.values()) or "—"
        if not name:
            return (
                f"thiếu tên đoàn; kế hoạch có: {have}",
                f"the team is missing; the plan has: {have}",
            )
        return (
            f"không có đoàn “{name}”; kế hoạch có: {have}. Đoàn mới thì thêm ở trang Đoàn trước",
            f"there is no team '{name}'; the plan has: {have}. Add new teams on their page first",
        )

    def _wrong(self, said: dict[str, str], folded: str) -> tuple[str, str] | None:
        long = next((name for name, value in said.items() if len(value) > LONGEST), None)
        if long is not None:
            vi, en = _NAMES[long]
            return f"cột {vi} dài quá {LONGEST} ký tự", f"{en} has over {LONGEST} characters"
        if not any(letter.isalpha() for letter in said["name"]):
            return "thiếu họ tên", "the name is missing"
        if folded in self.seen:
            row = self.seen[folded]
            return f"trùng họ tên với dòng {row}", f"the same name as in row {row}"
        if said["commune"] and _commune(said["commune"]) not in self.communes:
            return (
                f"không có xã “{said['commune']}” trong địa bàn của kế hoạch",
                f"the plan's area has no commune '{said['commune']}'",
            )
        return None


def take_in(session: Session, plan_id: int, roster: Roster, actor: Actor) -> list[Issued]:
    """Make the people of a list members of their teams, each with a phone; all or nothing.

    Raises:
        RowsToMend: the list has rows that cannot be used.
    """
    if roster.faults:
        said = "; ".join(f"{fault.row}: {fault.why[0]}" for fault in roster.faults[:10])
        raise RowsToMend(count=len(roster.faults), said=said)
    issued = []
    for entry in roster.new:
        person = service.add_person(session, entry.name, actor)
        service.join(session, entry.team, person, entry.post, False, actor, entry.agency)
        given = service.issue(session, plan_id, person, actor, entry.team.id)
        given.phone.commune = entry.commune
        issued.append(given)
    session.flush()
    return issued


def issue_all(
    session: Session, plan_id: int, actor: Actor, team_id: int | None = None, renew: bool = False
) -> list[Issued]:
    """Give every member of a plan's teams, or of one team, a phone; those who have one keep it.

    `renew`: they get a new one too, and their old keys are dead.
    """
    held = {
        phone.person_id: phone
        for phone in session.scalars(
            select(Phone).where(Phone.plan_id == plan_id, Phone.revoked_at.is_(None))
        )
    }
    members = select(Member).join(Team).join(Person, Person.id == Member.person_id)
    members = members.where(Team.plan_id == plan_id, Person.active)
    if team_id is not None:
        members = members.where(Team.id == team_id)
    issued: dict[int, Issued] = {}
    for member in session.scalars(members.order_by(Team.id, Member.id)):
        old = held.get(member.person_id)
        if member.person_id in issued or (old is not None and not renew):
            continue
        given = service.issue(session, plan_id, member.person, actor, member.team_id)
        given.phone.commune = old.commune if old is not None else ""
        issued[member.person_id] = given
    session.flush()
    return list(issued.values())
