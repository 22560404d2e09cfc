"""Where there is nothing, a page says what to do next."""

from pathlib import Path

from jinja2 import Environment, nodes

TEMPLATES = Path(__file__).parent.parent / "server" / "templates"
_READ = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])


def empties():
    """Yield (where, call, whether more stands inside) of every empty state of the pages."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        page = _READ.parse(path.read_text("utf-8"))
        filled = {id(block.call) for block in page.find_all(nodes.CallBlock)}
        for call in page.find_all(nodes.Call):
            if isinstance(call.node, nodes.Getattr) and call.node.attr == "empty":
                yield f"{path.relative_to(TEMPLATES)}:{call.lineno}", call, id(call) in filled


def silent(said):
    """Tell whether a text is, or can be, no words at all."""
    if isinstance(said, nodes.CondExpr):
        return said.expr2 is None or silent(said.expr1) or silent(said.expr2)
    return isinstance(said, nodes.Const) and not said.value


def test_every_empty_state_says_what_to_do_next_and_names_the_way():
    found, mute, nameless = 0, [], []
    for where, call, filled in empties():
        found += 1
        if not filled and (len(call.args) < 2 or silent(call.args[1])):
            mute.append(where)
        if len(call.args) > 2 and (len(call.args) == 3 or silent(call.args[3])):
            nameless.append(where)

    assert found > 50
    assert (mute, nameless) == ([], [])
