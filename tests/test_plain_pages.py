"""Every page can be read and its forms sent without scripts, and asks no other host for anything.

Made from the addresses themselves, as in `test_permissions`; a browser sees the same pages in
`walks/test_in_the_browser`, with what its scripts do.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from lxml import html

from server.permissions import Role
from tests.conftest import VU_BAN
from tests.test_permissions import communes, one_of_each, pages, story, world

communes, story, world, one_of_each = communes, story, world, one_of_each
FILLED_BY_SCRIPTS = {
    "/plans/<int:plan_id>/forms/<int:form_pk>/fill",
    "/plans/<int:plan_id>/forms/<int:form_pk>/draft/preview",
    "/submissions/<int:submission_id>/edit",
}
"""Where a form is filled in a browser, which scripts alone can do; the pages say so."""
ALONE = {"/public/verify_draw.html"}
"""One file that is handed on and works without a server: its script is in it, by its hash."""
SCRIPTED = "contains(concat(' ', @class, ' '), ' needs-script ')"
FETCHED = "//@src | //link/@href | //form/@action | //@formaction | //use/@href | //@data-src"


def faults(page: html.HtmlElement, policy: str) -> Iterator[str]:
    """Yield what a reader without scripts would miss, what a policy forbids, and who is asked."""
    if page.xpath("//@style | //style"):
        yield "a style in the page"
    if page.xpath("//@*[starts-with(name(), 'on')] | //@href[starts-with(., 'javascript:')]"):
        yield "a script in an attribute"
    if page.xpath("//script[not(@src) and not(@type='application/json')]"):
        yield "a script in the page"
    if "default-src 'self'" not in policy or "script-src 'unsafe-inline'" in policy:
        yield f"the policy {policy}"
    yield from (f"asks {each}" for each in page.xpath(FETCHED) if urlsplit(each).netloc)
    if not page.xpath("//main//h1 | //header//h1 | //h1"):
        yield "no heading"
    if page.xpath(f"//main//*[@hidden and not(ancestor-or-self::*[{SCRIPTED}])]"):
        yield "hidden until a script shows it"
    lame = f"//main//button[@type='button' and not(ancestor-or-self::*[{SCRIPTED}])]"
    yield from (f"only a script hears {each.text_content().strip()}" for each in page.xpath(lame))
    for form in page.xpath("//main//form[not(.//button[not(@type='button')])]"):
        if not page.xpath(f"//button[@form='{form.get('id')}']"):
            yield f"nothing sends the form {form.get('action') or ''}"


def test_every_page_can_be_read_and_its_forms_sent_without_scripts(app, world, one_of_each):
    clients = one_of_each(VU_BAN)
    found, seen = [], 0
    for rule, right in pages(app, "GET"):
        role = Role.UNIT_OFFICER if right.value == "answer-findings" else Role.ADMINISTRATOR
        if rule.rule.startswith("/v1/"):
            continue
        with clients[role].get(world.address(rule), buffered=True) as answer:
            if answer.mimetype != "text/html" or rule.rule in ALONE:
                continue
            page = html.fromstring(answer.text)
            said = faults(page, answer.headers["Content-Security-Policy"])
        seen += answer.status_code == 200
        if rule.rule in FILLED_BY_SCRIPTS and answer.status_code == 200:
            assert page.xpath("//noscript"), rule.rule
        found += [(rule.rule, each) for each in said]

    assert found == []
    assert seen > 60


def test_what_needs_scripts_or_asks_others_is_told():
    page = html.fromstring(
        "<main><p hidden>x</p><button type=button>Bấm</button><form action=/a><input></form>"
        "<img src='//cdn.example/a.png' onerror=x style='a'><script>1</script></main>"
    )

    assert sorted(faults(page, "default-src 'self'")) == [
        "a script in an attribute",
        "a script in the page",
        "a style in the page",
        "asks //cdn.example/a.png",
        "hidden until a script shows it",
        "no heading",
        "nothing sends the form /a",
        "only a script hears Bấm",
    ]
