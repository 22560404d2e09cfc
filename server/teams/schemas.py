"""Sign-ins and accounts as JSON."""

from marshmallow import fields

from server.bodies import Body, Password, Text
from server.permissions import Role


class CredentialsSchema(Body):
    """An account and its password, coming in."""

    email = Text(300, required=True)
    password = Password(required=True)


class SessionSchema(Body):
    """A sign-in, going out; its key is told once, to whoever opened it."""

    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()


class GrantSchema(Body):
    """A role over an area; '' is the whole country."""

    role = fields.Enum(Role, by_value=True)
    area = fields.String()


class PersonSchema(Body):
    """Who is signed in, going out."""

    id = fields.Integer()
    email = fields.String()
    display_name = fields.String(attribute="name")
    language = fields.String()
    created_at = fields.AwareDateTime()
    roles = fields.List(fields.Nested(GrantSchema), attribute="grants")
