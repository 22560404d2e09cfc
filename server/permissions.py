"""Who may do what, on one page.

A person holds one or more roles, each over an area: a place and all beneath it, or the whole
country. What someone may not see reads as 404; what they may see and not change as 403.
"""

import enum


class May(enum.Enum):
    """One right each; a route names the one it needs."""

    RUN_SERVER = "run-server"
    MANAGE_PEOPLE = "manage-people"
    MANAGE_PLACES = "manage-places"
    MANAGE_BOUNDARIES = "manage-boundaries"
    MANAGE_PLANS = "manage-plans"
    MANAGE_FORMS = "manage-forms"
    MANAGE_PHONES = "manage-phones"
    DRAW = "draw"
    SEE_PLANS = "see-plans"
    SEE_FORMS = "see-forms"
    SEE_DRAWS = "see-draws"
    SEE_PHONES = "see-phones"
    SEE_RECORDS = "see-records"
    REVIEW_FIRST = "review-first"
    REVIEW = "review"
    COMMENT_RECORDS = "comment-records"
    SEE_QUARANTINE = "see-quarantine"
    REINGEST = "reingest"
    OPEN_SEALED = "open-sealed"
    SEE_FINDINGS = "see-findings"
    SETTLE_FINDINGS = "settle-findings"
    ANSWER_FINDINGS = "answer-findings"
    COMMENT_FINDINGS = "comment-findings"
    RECOMMEND = "recommend"
    SEE_JOURNAL = "see-journal"
    SEND_SUBMISSION = "send-submission"
    ENTER_RECORDS = "enter-records"


class Role(enum.Enum):
    """A person's part in the programme's supervision."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    TEAM_LEADER = "team-leader"
    INSPECTOR = "inspector"
    REVIEWER = "reviewer"
    VIEWER = "viewer"
    UNIT_OFFICER = "unit-officer"


ROLE_NAMES: dict[Role, tuple[str, str]] = {
    Role.ADMINISTRATOR: ("Quản trị", "Administrator"),
    Role.COORDINATOR: ("Điều phối viên", "Coordinator"),
    Role.TEAM_LEADER: ("Trưởng đoàn", "Team leader"),
    Role.INSPECTOR: ("Thành viên đoàn", "Inspector"),
    Role.REVIEWER: ("Người duyệt", "Reviewer"),
    Role.VIEWER: ("Lãnh đạo xem", "Viewer"),
    Role.UNIT_OFFICER: ("Cán bộ đơn vị được giám sát", "Unit officer"),
}

_LOOK = {May.SEE_PLANS, May.SEE_FORMS, May.SEE_DRAWS, May.SEE_RECORDS, May.SEE_FINDINGS}

ROLES: dict[Role, frozenset[May]] = {
    Role.ADMINISTRATOR: frozenset(May) - {May.SEND_SUBMISSION},
    Role.COORDINATOR: frozenset(
        _LOOK
        | {May.MANAGE_PLANS, May.MANAGE_FORMS, May.MANAGE_PHONES, May.MANAGE_PLACES, May.DRAW}
        | {May.SEE_PHONES, May.SEE_QUARANTINE, May.REINGEST, May.OPEN_SEALED, May.SEE_JOURNAL}
        | {May.ANSWER_FINDINGS, May.COMMENT_FINDINGS, May.RECOMMEND, May.COMMENT_RECORDS}
        | {May.ENTER_RECORDS}
    ),
    Role.TEAM_LEADER: frozenset(
        _LOOK
        | {May.SEND_SUBMISSION, May.SETTLE_FINDINGS, May.COMMENT_FINDINGS, May.RECOMMEND}
        | {May.REVIEW_FIRST, May.COMMENT_RECORDS, May.ENTER_RECORDS}
    ),
    Role.INSPECTOR: frozenset(
        {May.SEE_PLANS, May.SEE_RECORDS, May.SEND_SUBMISSION, May.COMMENT_RECORDS}
        | {May.ENTER_RECORDS}
    ),
    Role.REVIEWER: frozenset(
        _LOOK
        | {May.SETTLE_FINDINGS, May.COMMENT_FINDINGS, May.RECOMMEND, May.SEE_QUARANTINE}
        | {May.REVIEW_FIRST, May.REVIEW, May.COMMENT_RECORDS}
    ),
    Role.VIEWER: frozenset(_LOOK | {May.COMMENT_FINDINGS, May.COMMENT_RECORDS}),
    Role.UNIT_OFFICER: frozenset({May.SEE_FINDINGS, May.ANSWER_FINDINGS, May.COMMENT_FINDINGS}),
}


def rights(roles: set[Role]) -> frozenset[May]:
    """Return everything that the holders of `roles` may do."""
    return frozenset[May]().union(*(ROLES[role] for role in roles))
