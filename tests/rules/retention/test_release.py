"""What keeps an order's documents: the vectors of the tax laws, credit notes, legal holds, repeals, undecided facts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bridge.model import Document, DocumentForm, DocumentKind, LegalHold, Proceeding
from bridge.rules.retention.holds import LEGAL_FORM_FIELD, REVIEWED_ON_FIELD
from bridge.rules.retention.release import DocumentRetentionCalculator, ReleaseDayChange, compare_release_days
from bridge.rules.retention.statutory_last_days import compute_day_start
from config.retention_file.retention import load_retention
from config.settings import RETENTION_FILE

HERE = Path(__file__).parents[2]
VECTORS = json.loads((HERE / "fixtures/policy/clock_and_release_vectors.json").read_text())["tax_release"]
SHIPPED = load_retention(RETENTION_FILE)
NOVEMBER = datetime(2026, 11, 22, 10, tzinfo=UTC)
TODAY = date(2026, 11, 22)


def file(form="proprietorship", reviewed=date(2026, 12, 1), **laws):
    """The shipped file as decided; `laws` change the days in force of laws."""
    merchant = {**SHIPPED.merchant, "legal_entity_type": form}
    changed = {name: replace(SHIPPED.laws[name], **days) for name, days in laws.items()}
    return replace(SHIPPED, merchant=merchant, reviewed_on=reviewed, laws={**SHIPPED.laws, **changed})


def document(issued_at=NOVEMBER, **given):
    result = {
        "id": "doc_1",
        "shop": "s",
        "kind": DocumentKind.INVOICE,
        "form": DocumentForm.MINIMUM,
        "media_type": "application/json",
        "order_key": "key",
        "digest": "digest",
        "issued_at": issued_at,
        "sealed_at": issued_at,
    }
    return Document(**(result | given))


LEGAL_HOLD = LegalHold(
    id="clm_1",
    shop="s",
    request_id="",
    subject="",
    order_key="key",
    reference="CC-1",
    opened_by="operator:a",
    opened_at=NOVEMBER,
    review_due_at=NOVEMBER + timedelta(days=90),
)


def calculate(*documents, legal_holds=(), today=TODAY, retention=None):
    return DocumentRetentionCalculator(today=today, retention=retention or file()).calculate_retention(
        documents, legal_holds
    )


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["invoice_issued_at"])
@pytest.mark.parametrize("form", ["proprietorship", "company"])
def test_t09_an_invoice_is_released_the_day_after_the_last_duty(vector, form):
    issued = datetime.fromisoformat(vector["invoice_issued_at"])
    kind = "company_or_unknown" if form == "company" else "noncompany"
    day = date.fromisoformat(vector[f"erasable_from_{kind}"])
    result = calculate(document(issued), retention=file(form))
    assert (result.is_erasable, result.erasable_from, result.last_day) == (False, day, day - timedelta(days=1))
    assert "gst_books" in result.grounds
    assert not calculate(document(issued), today=day - timedelta(days=1), retention=file(form)).is_erasable
    on_the_day = calculate(document(issued), today=day, retention=file(form))
    assert (on_the_day.is_erasable, on_the_day.erasable_from) == (True, day)
    assert "gst_books" in on_the_day.grounds, "what had kept it"


def test_t11_a_credit_note_of_the_next_year_keeps_its_invoice_too():
    note = document(datetime(2027, 4, 10, tzinfo=UTC), id="doc_2", kind=DocumentKind.CREDIT_NOTE)
    assert calculate(document()).erasable_from == date(2034, 4, 1)
    assert calculate(document(), note).erasable_from == date(2035, 4, 1) == calculate(note, document()).erasable_from


@pytest.mark.parametrize(
    ("retention", "needs"),
    [
        (file("unknown"), (LEGAL_FORM_FIELD,)),
        (file(reviewed=None), (REVIEWED_ON_FIELD,)),
        (file("unknown", None), (LEGAL_FORM_FIELD, REVIEWED_ON_FIELD)),
    ],
)
def test_t10_an_undecided_fact_leaves_the_release_day_open(retention, needs):
    for today in (TODAY, date(2060, 1, 1)):
        result = calculate(document(), today=today, retention=retention)
        assert (result.is_erasable, result.erasable_from, result.release_needs) == (False, None, needs)
        assert result.legal_end_day == (date(2035, 4, 1) if LEGAL_FORM_FIELD in needs else date(2034, 4, 1))


def test_a_legal_hold_has_no_end_whatever_the_file_says():
    latest = date(2060, 1, 1)
    for retention in (
        file(),
        file(consumer={"in_force_to": date(2030, 1, 1)}),
        replace(file(), holds={name: hold for name, hold in SHIPPED.holds.items() if name != "legal_claim"}),
    ):
        result = calculate(document(), legal_holds=[LEGAL_HOLD], today=latest, retention=retention)
        assert (result.is_erasable, result.erasable_from, result.grounds) == (False, None, ("legal_claim",))
    assert calculate(document(), legal_holds=[LEGAL_HOLD]).erasable_from is None


def test_the_end_and_the_beginning_of_laws_count():
    repealed = {"in_force_to": date(2030, 6, 30)}
    result = calculate(document(), retention=file(income_tax=repealed))
    assert result.erasable_from == date(2034, 1, 1), "the goods and services tax is the longer one then"
    result = calculate(document(), retention=file(income_tax=repealed, cgst=repealed))
    assert result.erasable_from == date(2030, 7, 1)
    later = {"in_force_from": date(2032, 1, 1)}
    result = calculate(document(), retention=file(income_tax=later, cgst={"in_force_to": date(2032, 3, 1)}))
    assert result.erasable_from == date(2034, 4, 1), "a law that begins meanwhile takes over"
    result = calculate(document(), retention=file("unknown", income_tax=repealed, cgst=repealed, companies=repealed))
    assert result.erasable_from == date(2030, 7, 1), "what is not decided holds as long as its law"


def test_a_file_that_cannot_be_read_holds():
    for broken in (
        replace(file(), categories={}),
        replace(file(), laws={name: law for name, law in SHIPPED.laws.items() if name != "cgst"}),
    ):
        result = calculate(document(), today=date(2060, 1, 1), retention=broken)
        assert (result.is_erasable, result.erasable_from) == (False, None)


@pytest.mark.parametrize(
    ("old", "new", "how"),
    [
        (date(2034, 4, 1), date(2035, 4, 1), ReleaseDayChange.LATER),
        (date(2035, 4, 1), date(2034, 4, 1), ReleaseDayChange.EARLIER),
        (date(2034, 4, 1), None, ReleaseDayChange.LATER),
        (None, date(2034, 4, 1), ReleaseDayChange.EARLIER),
        (None, None, ReleaseDayChange.SAME),
        (date(2020, 1, 1), date(2021, 1, 1), ReleaseDayChange.SAME),
        (date(2034, 4, 1), date(2021, 1, 1), ReleaseDayChange.EARLIER),
    ],
)
def test_a_release_day_moves_earlier_or_later_and_past_days_are_equal(old, new, how):
    assert compare_release_days(old, new, today=TODAY) is how


def proceeding(kind, *, opened=NOVEMBER, disposed=None):
    over = {"released_at": disposed + timedelta(days=3), "disposed_at": disposed} if disposed else {}
    return replace(LEGAL_HOLD, kind=kind, opened_at=opened, **over)


def test_an_open_proceeding_is_an_event_of_the_file():
    grounds = {
        kind: {
            hold.ground
            for hold in calculate(document(NOVEMBER), legal_holds=[legal_hold]).holds
            if hold.last_day is None
        }
        for kind, legal_hold in ((kind, proceeding(kind)) for kind in ("", *Proceeding))
    }
    assert grounds == {
        "": {"legal_claim"},
        **{kind: {"legal_claim", "gst_books"} for kind in ("appeal", "revision", "tax", "investigation")},
        "assessment": {"legal_claim", "income_tax_books"},
    }


@pytest.mark.parametrize("kind", ["appeal", "revision", "tax", "investigation"])
@pytest.mark.parametrize(
    ("disposed", "erasable_from"),
    [
        (
            date(2028, 1, 1),
            date(2034, 4, 1),
        ),  # a year later the 72 months, and the seven years of income tax, still run
        (date(2033, 3, 30), date(2034, 4, 1)),
        (date(2033, 3, 31), date(2034, 4, 1)),
        (date(2033, 4, 1), date(2034, 4, 2)),
        (date(2036, 2, 29), date(2037, 3, 1)),
    ],
)
def test_every_proceeding_of_the_proviso_keeps_a_year_after_its_final_disposal_if_later(kind, disposed, erasable_from):
    files, keeping = [document(NOVEMBER)], DocumentRetentionCalculator(today=TODAY, retention=file())

    assert keeping.calculate_retention(files, [proceeding(kind)]).erasable_from is None
    over = proceeding(kind, disposed=compute_day_start(disposed, file()))
    assert keeping.calculate_retention(files, [over]).erasable_from == erasable_from
    another = proceeding("appeal" if kind != "appeal" else "revision")
    assert keeping.calculate_retention(files, [over, another]).erasable_from is None, "another one is open"


def test_the_year_after_the_final_disposal_counts_where_it_is_later():
    latest, early = datetime(2034, 6, 10, 20, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
    keeping = DocumentRetentionCalculator(today=TODAY, retention=file())
    files = [document(NOVEMBER)]
    alone = keeping.calculate_retention(files).erasable_from
    assert keeping.calculate_retention(files, [proceeding("tax", disposed=early)]).erasable_from == alone
    result = keeping.calculate_retention(files, [proceeding("tax", disposed=latest), proceeding("tax", disposed=early)])
    assert result.erasable_from == date(2035, 6, 12), "the day is India's, and a year after it is kept whole"
    assert result.grounds[0] == "gst_books"
    assert keeping.calculate_retention(files).erasable_from == alone, "another order of the same day is another case"
    assert keeping.calculate_retention(files, [proceeding("assessment", disposed=latest)]).erasable_from == alone
    again = [proceeding("tax", disposed=latest), proceeding("tax")]
    assert keeping.calculate_retention(files, again).erasable_from is None, (
        "while another one lives nobody can say a day"
    )
