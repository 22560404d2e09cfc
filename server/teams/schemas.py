"""Sign-ins and accounts as JSON."""

from marshmallow import fields

from server.bodies import Body, Password, Text, Whole
from server.central import At, Nothing
from server.permissions import Role


class CredentialsSchema(Body):
    """An account and its password, coming in."""

    email = Text(300, required=True)
    password = Password(required=True)


class SessionSchema(Body):
    """A sign-in, going out; its key is told once, to whoever opened it."""

    created_at = At()
    expires_at = At()


class GrantSchema(Body):
    """A role over an area; '' is the whole country."""

    role = fields.Enum(Role, by_value=True)
    area = fields.String()


class PersonSchema(Body):
    """Who is signed in, going out."""

    id = fields.Integer()
    email = fields.String()
    display_name = fields.String(attribute="name")
    type = fields.Constant("user")
    language = fields.String()
    created_at = At()
    updated_at = Nothing()
    deleted_at = Nothing()
    roles = fields.List(fields.Nested(GrantSchema), attribute="grants")


class NewPhoneSchema(Body):
    """A phone, coming in: for whom, and for which of the plan's teams."""

    display_name = Text(100, least=1, required=True)
    person_id = Whole(1)
    team_id = Whole(1)


class PhoneSchema(Body):
    """A phone, going out, as the app user that clients of ODK Central know.

    Its `token` is told to whoever issued it. Later it is '' while it is good, and null once it is
    revoked: that is how those clients tell whether a phone still has access.
    """

    id = fields.Integer()
    type = fields.Constant("field_key")
    project_id = fields.Integer(attribute="plan_id")
    display_name = fields.String(attribute="person.name")
    person_id = fields.Integer()
    team_id = fields.Integer(allow_none=True)
    username = fields.String(allow_none=True)
    token = fields.Function(lambda phone: None if phone.revoked_at else "")
    created_at = At()
    updated_at = At(attribute="revoked_at")
    deleted_at = At(attribute="revoked_at")
    last_used = At(attribute="last_seen_at")
