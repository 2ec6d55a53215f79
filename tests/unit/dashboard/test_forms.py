"""Forms as values: each problem beside its field, and what was typed."""

from weighbridge.dashboard.forms import DONE, UNDONE, Field, Form, Posted, filled, notice_of
from weighbridge.errors import Problem

FORM = Form(
    name="make",
    title="Make",
    submit="Make",
    fields=(Field(name="name", label="Name"), Field(name="rates", label="Rates")),
)


def test_problems_stand_beside_their_fields() -> None:
    """By name, or by the name before a dot; what belongs nowhere stands above all."""
    problems = (
        Problem("name", "too long"),
        Problem("rates.input", "no amount", "'x'", remedy="write a decimal"),
        Problem("elsewhere", "is wrong"),
    )
    posted = Posted(form="make", values={"name": ("typed",)}, problems=problems, message="m")
    name, rates = filled(FORM, posted).fields
    assert (name.value, name.problem) == ("typed", "too long")
    assert rates.problem == "no amount, got 'x'; write a decimal"
    assert filled(FORM, posted).problems == ("elsewhere: is wrong",)
    assert not filled(FORM, posted).folded


def test_what_was_sent_to_another_form_changes_nothing() -> None:
    """Two forms of a page do not mix."""
    assert filled(FORM, Posted(form="other", values={"name": ("typed",)})) == FORM
    assert filled(FORM, None) == FORM


def test_a_message_without_fields_stands_above() -> None:
    """What a service says of the whole."""
    shown = filled(FORM, Posted(form="make", values={}, message="it is gone"))
    assert shown.problems == ("it is gone",)


def test_a_secret_is_never_written_back() -> None:
    """What else was typed is; the field says that it has to be typed again."""
    secret = Field(name="url", label="URL", kind="secret")
    form = Form(name="make", title="Make", submit="Make", fields=(*FORM.fields, secret))
    values = {"name": ("n",), "url": ("json://s3cr3t",)}
    name, _, url = filled(form, Posted(form="make", values=values, message="m")).fields
    assert name.values == ("n",)
    assert (url.values, url.hint) == ((), "Type it again: it is never sent back.")


def test_an_act_is_told_on_the_page_that_it_leads_to() -> None:
    """By a word in the address, of those that are known."""
    assert {notice.tone for done in DONE if (notice := notice_of(done))} == {"good"}
    assert {notice.tone for done in UNDONE if (notice := notice_of(done))} == {"bad"}
    assert notice_of("<b>") is None
