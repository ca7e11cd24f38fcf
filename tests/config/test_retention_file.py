"""The retention file: one bad rule holds and disables no other; a bad frame says nothing at all."""

from datetime import date
from pathlib import Path

import pytest

from bridge.errors import SettingsInvalid
from bridge.rules.retention import holds_on
from config.retention import load_retention
from config.rulebook import PlatformResidue

SHIPPED = Path(__file__).parents[2] / "config" / "retention.toml"


@pytest.fixture
def changed(tmp_path):
    """The shipped file with some of its text replaced, as a path."""

    def change(*pairs):
        text = SHIPPED.read_text()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "retention.toml"
        path.write_text(text)
        return path

    return change


def test_the_shipped_file_is_read_whole():
    retention = load_retention(SHIPPED)

    assert (retention.broken, retention.faults) == ((), ())
    assert retention.laws["dpdp_core"].in_force_from == date(2027, 5, 13)
    assert not retention.laws["spdi"].in_force(date(2027, 5, 13))
    assert retention.holds["gst_books"].args == {"months": 72}
    assert retention.categories["cod_refund_bank"].purpose_lock == ("xvi",)
    assert retention.categories["webhook_payload"].max_age_failed == {"event": "received_at", "days": 90}
    assert retention.categories["customer_profile"].inactive_erase["notice_hours"] == 48
    assert retention.calendar.fy_start == (4, 1)
    assert (retention.timezone, retention.reviewed_by, retention.reviewed_on) == ("Asia/Kolkata", "", None)
    assert retention.merchant["warranty_days"] is None


def test_what_counsel_still_owes_is_named():
    assert set(load_retention(SHIPPED).unset) == {
        "reviewed_by",
        "reviewed_on",
        "merchant.legal_entity_type",
        "merchant.warranty_days",
        "merchant.return_window_days",
    }


def test_a_reviewed_file_owes_nothing(changed):
    path = changed(
        ('reviewed_by = ""', 'reviewed_by = "A. Counsel"'),
        ('reviewed_on = "" ', "reviewed_on = 2026-12-01"),
        ('legal_entity_type = { value = "unknown", status = "unset" }', 'legal_entity_type = "llp"'),
        (
            'warranty_days = { value = 0, status = "unset" }',
            'warranty_days = { value = 0, status = "confirmed" }',
        ),
        ('return_window_days = { value = 0, status = "unset" }', "return_window_days = 7"),
        ("overrides = {}", 'overrides = { "2025-26" = 2027-01-31, "2026-27" = "2028-01-31" }'),
    )

    retention = load_retention(path)

    assert retention.unset == ()
    assert retention.reviewed_on == date(2026, 12, 1)
    assert (retention.merchant["warranty_days"], retention.merchant["return_window_days"]) == (0, 7)
    assert retention.calendar.gst_annual_return_due_overrides == {
        "2025-26": date(2027, 1, 31),
        "2026-27": date(2028, 1, 31),
    }


@pytest.mark.parametrize(
    ("old", "new", "broken", "fault"),
    [
        (
            '"gst_annual_return_due_plus_months"',
            '"__import__"',
            "hold.gst_books",
            "[hold.gst_books] last_day_rule must",
        ),
        (
            'law = "cgst"',
            'law = "gst"',
            "hold.gst_books",
            "[hold.gst_books] law names a law the file does not have",
        ),
        (
            "{ months = 72 }",
            '{ months = "72" }',
            "hold.gst_books",
            "[hold.gst_books.args] months must be a whole number",
        ),
        (
            "{ months = 72 }",
            "{ months = 0 }",
            "hold.gst_books",
            "[hold.gst_books.args] months must be between 1 and",
        ),
        ("{ months = 72 }", "{ years = 6 }", "hold.gst_books", "[hold.gst_books.args] months is missing"),
        (
            "months = 12 } # s.36",
            "month = 12 } # s.36",
            "hold.gst_books",
            "[hold.gst_books.extend_until] month is not",
        ),
        (
            'extend_if = "tax',
            'extends_if = "tax',
            "hold.gst_books",
            "[hold.gst_books] extends_if is not a known key",
        ),
        (
            "[hold.gst_books]",
            "[hold]\ngst_books = 1\n[hold.other]",
            "hold.gst_books",
            "[hold.gst_books] must be a table",
        ),
        (
            "in_force_from = 2017-07-01",
            'in_force_from = "2017"',
            "law.cgst",
            "[law.cgst] in_force_from must be a date",
        ),
        ("[law.cgst]", "[law]\ncgst = 1\n[law.other]", "law.cgst", "[law.cgst] must be a table"),
        ("in_force_from = 2017-07-01", "", "law.cgst", "[law.cgst] in_force_from is missing"),
        (
            "in_force_from = 2017-07-01",
            "in_force_from = 2017-07-01T00:00:00",
            "law.cgst",
            "[law.cgst] in_force_from must be a date",
        ),
        (
            "in_force_from = 2017-07-01",
            "in_force_from = 2017-07-01\nin_force_to = 2016-01-01",
            "law.cgst",
            "[law.cgst] in_force_to must not lie before in_force_from",
        ),
        (
            "in_force_from = 2017-07-01",
            'in_force_from = 2017-07-01\napplies_if = { "merchant.colour" = ["red"] }',
            "law.cgst",
            "[law.cgst.applies_if] merchant.colour must name a key of [merchant]",
        ),
        (
            "in_force_from = 2017-07-01",
            'in_force_from = 2017-07-01\napplies_if = { "merchant.gst_registered" = true }',
            "law.cgst",
            "[law.cgst.applies_if] merchant.gst_registered must be a list of values",
        ),
    ],
)
def test_a_broken_rule_is_named_holds_for_ever_and_disables_no_other(changed, old, new, broken, fault):
    path = changed((old, new))
    retention = load_retention(path)

    assert retention.broken == (broken,)
    assert any(each.startswith(f"{path}: {fault}") for each in retention.faults), retention.faults
    assert {"income_tax_books", "open_contract", "evidence_3y"} <= retention.holds.keys()
    held = holds_on(
        retention.categories["invoice_document"], events={}, today=date(2999, 1, 1), retention=retention
    )
    assert [(hold.ground, hold.erasable_from) for hold in held] == [("gst_books", None)]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"retention-policy/1"', '"x"', "schema must be one of retention-policy/1"),
        ('policy_id = "minimiss-2026-11-22"', "", "policy_id is missing"),
        ("[calendar]", "[calendars]", "calendar is missing"),
        ('fy_start = "04-01"', 'fy_start = "4-1"', "[calendar] fy_start must be a month and day"),
        ('fy_start = "04-01"', 'fy_start = "02-29"', "[calendar] fy_start must be a month and day"),
        (
            "overrides = {}",
            'overrides = { "2025" = 2027-01-31 }',
            "[calendar.gst_annual_return_due_overrides] 2025 must",
        ),
        (
            "overrides = {}",
            'overrides = { "2025-26" = "soon" }',
            "[calendar.gst_annual_return_due_overrides] 2025-26 must",
        ),
        (
            "gst_registered = { value = true,",
            "gst_registered = { value = 1,",
            "[merchant] gst_registered must be true",
        ),
        (
            "warranty_days = { value = 0,",
            "warranty_days = { value = -1,",
            "[merchant] warranty_days must be a whole",
        ),
        ('reviewed_on = ""', "reviewed_on = 5", "reviewed_on must be a date"),
        (
            'holds = ["refund_unsettled", "legal_claim"]',
            'holds = ["refund_unsetled"]',
            "[category.cod_refund_bank] holds names refund_unsetled, a hold the file does not have",
        ),
        (
            'on_request = "anonymise"',
            'on_request = "forget"',
            "[category.order_lines] on_request must be one of erase",
        ),
        (
            'fields = ["bridge.suppression"]',
            'fields = ["customer.email"]',
            "[category.suppression] fields claims customer.email, which is of contact already",
        ),
        (
            'max_age = { event = "created_at", months = 84 }',
            'max_age = { event = "created_at" }',
            "[category.suppression.max_age] event must come with either days or months",
        ),
        (
            "auto_erase = true",
            "auto_erase = true\nholdz = []",
            "[category.cod_refund_bank] holdz is not a known key",
        ),
    ],
)
def test_a_fault_of_the_frame_or_of_a_category_raises(changed, old, new, fault):
    path = changed((old, new))

    with pytest.raises(SettingsInvalid) as caught:
        load_retention(path)

    assert any(each.startswith(f"{path}: {fault}") for each in caught.value.faults), caught.value.faults


def test_nothing_that_others_wrote_at_a_platform_goes_by_the_shipped_file():
    residue = load_retention(SHIPPED).residue

    assert residue == PlatformResidue(apply=False, erased=("customer_metafields", "order_notes"))
    assert not residue.touches("order_notes")


def test_what_others_wrote_goes_where_the_file_says_so(changed):
    residue = load_retention(changed(("apply = false", "apply = true"))).residue

    touched = {
        kind for kind in ("customer_metafields", "order_attributes", "orders") if residue.touches(kind)
    }
    assert touched == {"customer_metafields", "orders"}
    only_hers = load_retention(
        changed(("apply = false", "apply = true"), ('order_notes = "erase"', 'order_notes = "keep"'))
    ).residue
    assert not only_hers.touches("orders")


def test_a_file_that_does_not_name_what_others_wrote_keeps_it(changed):
    text = SHIPPED.read_text()
    table = text[
        text.index("[platform_residue]") : text.index(
            "# ---------------------------------------------------------------- laws"
        )
    ]

    assert load_retention(changed((table, ""))).residue == PlatformResidue()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            'order_notes = "erase"',
            'order_notes = "remove"',
            "[platform_residue] order_notes must be one of erase, keep",
        ),
        ('order_notes = "erase"', 'order_note = "erase"', "[platform_residue] order_note is not a known key"),
        ("apply = false", 'apply = "no"', "[platform_residue] apply must be true or false"),
        ("[platform_residue]", "[platform_residues]", "platform_residues is not a known key"),
    ],
)
def test_a_word_about_it_that_cannot_be_understood_is_a_fault_with_its_place(changed, old, new, fault):
    path = changed((old, new))
    with pytest.raises(SettingsInvalid) as raised:
        load_retention(path)

    assert [each for each in raised.value.faults if fault in each]
    assert "retention.toml: " in str(raised.value)
