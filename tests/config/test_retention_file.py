"""The retention file: one bad rule holds and disables no other; a bad frame is refused."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bridge.errors import SettingsInvalid
from bridge.rules.retention.citations import is_law_applicable
from bridge.rules.retention.holds import find_retention_holds
from config.retention_file.retention import load_retention
from config.retention_file.retention_model import ResidueRules
from tests.kit.config_files import copy_changed

SHIPPED = Path(__file__).parents[2] / "config" / "retention.toml"


@pytest.fixture
def changed(tmp_path):
    """The shipped file with some of its text replaced, as a path."""

    def change(*pairs):
        return copy_changed(SHIPPED, tmp_path / "retention.toml", pairs)

    return change


def test_the_shipped_file_is_read_completely():
    retention = load_retention(SHIPPED)

    assert (retention.broken, retention.faults) == ((), ())
    assert retention.laws["dpdp_core"].in_force_from == date(2027, 5, 13)
    assert not retention.laws["spdi"].is_in_force(date(2027, 5, 14))
    assert retention.holds["gst_books"].args == {"months": 72}
    assert retention.categories["cod_refund_bank"].purpose_lock == ("xvi",)
    assert retention.categories["webhook_payload"].max_age_failed == {"event": "received_at", "days": 90}
    assert retention.categories["customer_profile"].precheck[-1] == "open_order"
    assert retention.calendar.fy_start == (4, 1)
    assert (retention.timezone, retention.reviewed_by, retention.reviewed_on) == ("Asia/Kolkata", "", None)
    assert retention.merchant["warranty_days"] is None


def test_what_counsel_has_not_set_is_named():
    assert set(load_retention(SHIPPED).unset) == {
        "reviewed_by",
        "reviewed_on",
        "merchant.legal_entity_type",
        "merchant.warranty_days",
        "merchant.return_window_days",
        "privacy_policy_sha256",
    }


def test_a_reviewed_file_has_nothing_unset(changed):
    path = changed(
        ('reviewed_by = ""', 'reviewed_by = "A. Counsel"'),
        ('reviewed_on = "" ', "reviewed_on = 2026-12-01"),
        ('policy_sha256 = { value = "",', f'policy_sha256 = "{"3a" * 32}" #'),
        ('legal_entity_type = { value = "unknown", status = "unset" }', 'legal_entity_type = "llp"'),
        ('warranty_days = { value = 0, status = "unset" }', 'warranty_days = { value = 0, status = "confirmed" }'),
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
        ('law = "cgst"', 'law = "gst"', "hold.gst_books", "[hold.gst_books] law names a law the file does not have"),
        (
            "{ months = 72 }",
            '{ months = "72" }',
            "hold.gst_books",
            "[hold.gst_books.args] months must be a whole number",
        ),
        ("{ months = 72 }", "{ months = 0 }", "hold.gst_books", "[hold.gst_books.args] months must be between 1 and"),
        ("{ months = 72 }", "{ years = 6 }", "hold.gst_books", "[hold.gst_books.args] months is missing"),
        ("months = 12 } # s.36", "month = 12 } # s.36", "hold.gst_books", "[hold.gst_books.extend_until] month is not"),
        ('extend_if = "tax', 'extends_if = "tax', "hold.gst_books", "[hold.gst_books] extends_if is not a known key"),
        (
            "[hold.gst_books]",
            "[hold]\ngst_books = 1\n[hold.other]",
            "hold.gst_books",
            "[hold.gst_books] must be a table",
        ),
        ("in_force_from = 2017-07-01", 'in_force_from = "2017"', "law.cgst", "[law.cgst] in_force_from must be a date"),
        ("[law.cgst]", "[law]\ncgst = 1\n[law.other]", "law.cgst", "[law.cgst] must be a table"),
        ("in_force_from = 2017-07-01", "", "law.cgst", "[law.cgst] in_force_from is missing"),
        (
            'jurisdiction = "IN"\nin_force_from = 2017-07-01',
            "in_force_from = 2017-07-01",
            "law.cgst",
            "[law.cgst] jurisdiction is missing",
        ),
        (
            'jurisdiction = "IN"\nin_force_from = 2017-07-01',
            'jurisdiction = "India"\nin_force_from = 2017-07-01',
            "law.cgst",
            "[law.cgst] jurisdiction must be whose law it is",
        ),
        (
            'gdpr_ground = "17(3)(e)"',
            'gdpr_ground = "17(3)(b)"',
            "hold.gst_books",
            "[hold.gst_books] gdpr_ground names Art 17(3)(b) for a law whose jurisdiction is IN",
        ),
        (
            'gdpr_ground = "17(3)(e)"',
            'gdpr_ground = "6(1)(c)"',
            "hold.gst_books",
            "[hold.gst_books] gdpr_ground names Art 6(1)(c) for a law whose jurisdiction is IN",
        ),
        (
            'gdpr_ground = "17(3)(e)"',
            'gdpr_ground = "17(3)"',
            "hold.gst_books",
            "[hold.gst_books] gdpr_ground must be one of",
        ),
        (
            'gdpr_ground = "17(3)(e)"',
            'gdpr_ground = "17(3)(e)"\neu_conflict = "erase"',
            "hold.gst_books",
            "[hold.gst_books] eu_conflict must be removed",
        ),
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
            'applies_if = { "merchant.gst_registered" = [true] }',
            'applies_if = { "merchant.colour" = ["red"] }',
            "law.cgst",
            "[law.cgst.applies_if] merchant.colour must name a key of [merchant]",
        ),
        (
            'applies_if = { "merchant.gst_registered" = [true] }',
            'applies_if = { "merchant.gst_registered" = true }',
            "law.cgst",
            "[law.cgst.applies_if] merchant.gst_registered must be a list of values",
        ),
    ],
)
def test_a_broken_rule_is_named_holds_for_ever_and_disables_no_other(changed, old, new, broken, fault):
    """Requirement P-07."""
    path = changed((old, new))
    retention = load_retention(path)

    assert retention.broken == (broken,)
    assert any(each.startswith(f"{path}: {fault}") for each in retention.faults), retention.faults
    assert {"income_tax_books", "open_contract", "evidence_3y"} <= retention.holds.keys()
    held = find_retention_holds(
        retention.categories["invoice_document"], events={}, today=date(2999, 1, 1), retention=retention
    )
    assert [(hold.ground, hold.erasable_from) for hold in held] == [("gst_books", None)]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"retention-policy/1"', '"x"', "schema must be one of retention-policy/1"),
        ('policy_id = "example-2026-11-22"', "", "policy_id is missing"),
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
        ("gst_registered = { value = true,", "gst_registered = { value = 1,", "[merchant] gst_registered must be true"),
        ("warranty_days = { value = 0,", "warranty_days = { value = -1,", "[merchant] warranty_days must be a whole"),
        ('reviewed_on = ""', "reviewed_on = 5", "reviewed_on must be a date"),
        (
            'holds = ["refund_unsettled", "legal_claim"]',
            'holds = ["refund_unsetled"]',
            "[category.cod_refund_bank] holds names refund_unsetled, a hold the file does not have",
        ),
        ('on_request = "anonymise"', 'on_request = "forget"', "[category.order_lines] on_request must be one of erase"),
        (
            'fields = ["bridge.suppression"]',
            'fields = ["customer.email"]',
            "[category.suppression] fields names customer.email, which [category.contact] names already",
        ),
        (
            'max_age = { event = "created_at", months = 84 }',
            'max_age = { event = "created_at" }',
            "[category.suppression.max_age] event must come with either days or months",
        ),
        (
            'purpose_lock = ["xvi"]',
            'purpose_lock = ["xvi"]\nholdz = []',
            "[category.cod_refund_bank] holdz is not a known key",
        ),
        ('purposes = ["xvi"]', "", "[category.cod_refund_bank] purposes is missing"),
        ('purposes = ["xvi"]', "purposes = []", "[category.cod_refund_bank] purposes must not be empty"),
        (
            'purposes = ["xvi"]',
            'purposes = ["xvii"]',
            "[category.cod_refund_bank] purposes names xvii, a purpose the file does not have",
        ),
        (
            'purpose_lock = ["xvi"]',
            'purpose_lock = ["16"]',
            "[category.cod_refund_bank] purpose_lock names 16, a purpose the file does not have",
        ),
        (
            'purposes = ["rights", "xiii"]',
            'purposes = ["rights", "v"]',
            "[category.request_evidence] purposes must not name v: case.record is the bridge's own",
        ),
        ('xvi = { title = "paying back a refund of a cash order" }', "xvi = {}", "[purpose.xvi] title is missing"),
        ("[purpose]", "[purposes]", "purpose is missing"),
        ('mode = "bridge"', 'mode = "external_attested"', "[vault] mode needs attested_by and attested_on"),
    ],
)
def test_a_fault_of_the_frame_or_of_a_category_raises(changed, old, new, fault):
    path = changed((old, new))

    with pytest.raises(SettingsInvalid) as caught:
        load_retention(path)

    assert any(each.startswith(f"{path}: {fault}") for each in caught.value.faults), caught.value.faults


def test_every_setting_that_the_bridge_does_not_obey_is_refused_by_name_at_once(changed):
    shipment = """on_objection = "stop_and_review"
third_party_notice = ["bluedart", "delhivery"]
never_store = ["cvv"]
forbidden_content = ["name"]
after = "digest"
after_settlement = "mask"
auto_erase = true
inactive_erase = { event = "last_contact_at", months = 36, notice_hours = 48 }
statutory_minimum = ["number"]
"""
    path = changed(
        ("[merchant]\n", 'default_action = "quarantine"\n\n[merchant]\n'),
        ("[category.shipment]\n", f"[category.shipment]\n{shipment}"),
        ('"created_at", months = 84 }', '"created_at", months = 84, notice_hours = 48 }'),
    )

    with pytest.raises(SettingsInvalid) as caught:
        load_retention(path)

    why = "is not obeyed by the bridge: it does not do this yet. Remove the line"
    keys = [line.partition(" = ")[0] for line in shipment.splitlines()]
    assert sorted(caught.value.faults) == sorted(
        [
            f"{path}: default_action {why}",
            *(f"{path}: [category.shipment] {key} {why}" for key in keys),
            f"{path}: [category.suppression.max_age] notice_hours is not a known key: correct its spelling, or remove the line",
        ]
    )


@pytest.mark.parametrize(("registered", "applies"), [("true", True), ("false", False)])
def test_the_gst_books_bind_a_merchant_that_is_registered(changed, registered, applies):
    path = changed(("gst_registered = { value = true,", f"gst_registered = {{ value = {registered},"))
    retention = load_retention(path)

    assert is_law_applicable(retention.laws["cgst"], retention.merchant) is applies


def test_the_sixteen_purposes_of_the_policy_are_there_and_every_field_serves_one():
    """Requirement P-47."""
    retention = load_retention(SHIPPED)
    policy = {"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"}
    policy |= {"xi", "xii", "xiii", "xiv", "xv", "xvi"}

    assert retention.purposes.keys() == policy | {"rights"}
    for category in retention.categories.values():
        assert category.purposes, category.id
        assert set(category.purposes) | set(category.purpose_lock) <= retention.purposes.keys()


def test_records_of_the_bridge_serve_rights_law_and_security_only():
    """P-47."""
    retention = load_retention(SHIPPED)
    own = re.compile(r"(bridge|case|ledger|vault|log|backup)\.")
    found = {
        field: set(category.purposes)
        for category in retention.categories.values()
        for field in category.fields
        if own.match(field)
    }

    assert len(found) > 10
    assert {field: named for field, named in found.items() if named - {"rights", "xiii", "vi", "xii"}} == {}


def test_what_the_bridge_stores_to_reach_carriers_has_an_age():
    categories = load_retention(SHIPPED).categories

    assert categories["parcel_index"].max_age == {"event": "last_heard_at", "months": 36}
    assert categories["instruction_text"].max_age == {"event": "task_ended_at", "months": 12}
    assert [categories[each].fields for each in ("parcel_index", "instruction_text")] == [
        ("bridge.index",),
        ("bridge.instructions",),
    ]


@pytest.mark.parametrize(
    "text", ["Art 17(3)(b)", "Art 6(1)(b); art. 17 (3) (B)", "Art 17(3)(e) or Art 17(3)(b), to be reviewed"]
)
def test_a_basis_that_takes_indian_law_for_art_17_3_b_is_named_and_holds(changed, text):
    """E-05."""
    path = changed(('EU = "Art 6(1)(f), 17(3)(e)"', f'EU = "{text}"'))
    retention = load_retention(path)

    assert retention.broken == ("category.invoice_document",)
    assert retention.faults[0].startswith(f"{path}: [category.invoice_document.basis] EU names Art 17(3)(b)")
    documents = retention.categories["invoice_document"]
    assert documents.basis.keys() == {"IN"}, "what is refused is told to nobody"
    inputs = {
        "events": {"last_processing_at": datetime(2990, 1, 1, tzinfo=UTC)},
        "today": date(2999, 1, 1),
        "retention": retention,
    }
    held = find_retention_holds(documents, **inputs)
    assert [(hold.ground, hold.erasable_from) for hold in held] == [("category.invoice_document", None)]
    assert find_retention_holds(retention.categories["customer_profile"], **inputs) == []


def test_law_of_the_union_and_of_its_members_is_a_ground_of_art_17_3_b(changed):
    """Requirement P-32."""
    for whose in ("EU", "DE"):
        path = changed(
            (
                'jurisdiction = "IN"\nin_force_from = 2017-07-01',
                f'jurisdiction = "{whose}"\nin_force_from = 2017-07-01',
            ),
            ('gdpr_ground = "17(3)(e)"', 'gdpr_ground = "17(3)(b)"'),
        )
        retention = load_retention(path)

        assert retention.broken == ()
        assert retention.holds["gst_books"].gdpr_ground == "17(3)(b)"


def test_eu_conflict_of_the_one_year_rule_is_a_setting(changed):
    """E-11."""
    assert load_retention(SHIPPED).holds["dpdp_one_year"].eu_conflict == "restrict_and_disclose"
    decided = load_retention(changed(('eu_conflict = "restrict_and_disclose"', 'eu_conflict = "erase"')))
    assert decided.holds["dpdp_one_year"].eu_conflict == "erase"
    unread = load_retention(changed(('eu_conflict = "restrict_and_disclose"', 'eu_conflict = "ignore"')))
    assert unread.broken == ("hold.dpdp_one_year",)


def test_the_shipped_file_removes_nothing_that_other_apps_wrote():
    residue = load_retention(SHIPPED).residue

    assert residue == ResidueRules(apply=False, erased_kinds=("customer_metafields", "order_notes"))
    assert not residue.removes_kind("order_notes")


def test_what_other_apps_wrote_is_removed_where_the_file_says_so(changed):
    residue = load_retention(changed(("apply = false", "apply = true"))).residue

    touched = {kind for kind in ("customer_metafields", "order_attributes", "orders") if residue.removes_kind(kind)}
    assert touched == {"customer_metafields", "orders"}
    customer_only = load_retention(
        changed(("apply = false", "apply = true"), ('order_notes = "erase"', 'order_notes = "keep"'))
    ).residue
    assert not customer_only.removes_kind("orders")


def test_a_file_without_platform_residue_keeps_what_other_apps_wrote(changed):
    text = SHIPPED.read_text()
    table = text[
        text.index("[platform_residue]") : text.index(
            "# ---------------------------------------------------------------- laws"
        )
    ]

    assert load_retention(changed((table, ""))).residue == ResidueRules()


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
def test_a_fault_in_platform_residue_names_its_key(changed, old, new, fault):
    path = changed((old, new))
    with pytest.raises(SettingsInvalid) as raised:
        load_retention(path)

    assert [each for each in raised.value.faults if fault in each]
    assert "retention.toml: " in str(raised.value)


UNREACHED = {"invoice_document", "suppression", "identity_proof", "webhook_payload", "access_package", "backup"}


def test_the_one_year_rule_reaches_every_category_that_is_not_left_out_with_a_reason():
    retention = load_retention(SHIPPED)

    for category in retention.categories.values():
        reason = retention.holds["dpdp_one_year"].not_reached.get(category.id, "")
        assert ("dpdp_one_year" in category.holds) is not bool(reason), category.id
        assert category.holds.count("dpdp_one_year") <= 1
    assert retention.holds["dpdp_one_year"].not_reached.keys() == UNREACHED


def test_one_word_turns_the_one_year_rule_off_for_every_category(changed):
    retention = load_retention(changed(('reach = "all"', 'reach = "none"')))

    assert retention.broken == ()
    assert [each.id for each in retention.categories.values() if "dpdp_one_year" in each.holds] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('reach = "all"', 'reach = "some"'),
        ('reach = "all"', "reach = 1"),
        ('law = "dpdp_r8_3"', 'law = "of_no_name"'),
        ('from_event = "last_processing_at"', 'from_event = ""'),
    ],
)
def test_a_one_year_rule_that_cannot_be_read_still_holds_what_it_reaches(changed, old, new):
    retention = load_retention(changed((old, new)))

    assert retention.broken == ("hold.dpdp_one_year",)
    reached = {each.id for each in retention.categories.values() if "dpdp_one_year" in each.holds}
    assert reached == retention.categories.keys() - UNREACHED


def test_a_reach_that_leaves_out_something_without_reason_is_named(changed):
    retention = load_retention(
        changed(('backup = "a copy of data that is reached under its own categories"', 'backup = ""'))
    )
    assert retention.broken == ("hold.dpdp_one_year",)
    without = load_retention(changed(('reach = "all"\n', "")))
    assert any("not_reached must come with reach" in each for each in without.faults)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            "[hold.dpdp_one_year.not_reached]",
            "[hold.dpdp_one_year.not_reached]\nbackups = 'a copy'",
            "names backups, a category",
        ),
        (
            'holds = ["refund_unsettled", "legal_claim"]',
            'holds = ["refund_unsettled", "dpdp_one_year"]',
            "holds must not name dpdp_one_year: its own reach",
        ),
    ],
)
def test_a_reach_at_odds_with_the_categories_stops_the_start(changed, old, new, why):
    with pytest.raises(SettingsInvalid, match=why):
        load_retention(changed((old, new)))


@pytest.mark.parametrize(
    ("cited", "why"),
    [
        ('{ dpdp = "s.11" }', "dpdp is a law the file does not have"),
        ('{ gdpr = "Art 17(3)(b)" }', "gdpr must not be cited here"),
        ("{ dpdp_core = 1 }", "dpdp_core must be text"),
        ('"DPDP s.11"', "cites must be a table"),
    ],
)
def test_what_is_cited_without_a_law_of_the_file_stops_the_start_or_breaks_the_hold(changed, cited, why):
    with pytest.raises(SettingsInvalid, match=why):
        load_retention(
            changed(('cites = { spdi = "SPDI Rules r.5(6)", dpdp_core = "DPDP Act s.11" }', f"cites = {cited}"))
        )
    path = changed(
        (
            'cites = { dpdp_core = "DPDP Act 2023 s.17(1)(a): needed to enforce a legal right or claim" }',
            f"cites = {cited}",
        )
    )
    if "table" in why:
        return
    retention = load_retention(path)
    assert retention.broken == ("hold.legal_claim",)
    assert why in retention.faults[0]


def test_p62_the_shipped_file_says_which_data_rest_on_a_consent_alone():
    """Requirement P-62."""
    resting = {name: each for name, each in load_retention(SHIPPED).categories.items() if each.rests_on_consent}
    assert resting.keys() == {"greetings"}
    assert resting["greetings"].rests_on_consent == ("email", "sms", "whatsapp", "profiling")
    assert resting["greetings"].fields == ("customer.birth_date", "customer.anniversary")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            'rests_on_consent = ["email", "sms", "whatsapp", "profiling"]',
            'rests_on_consent = ["post"]',
            "must name the channels",
        ),
        (
            'rests_on_consent = ["email", "sms", "whatsapp", "profiling"]',
            "rests_on_consent = []",
            "must name the channels",
        ),
        (
            'profiling"]\non_request = "erase"',
            'profiling"]\non_request = "keep"',
            'on_request must be "erase" with rests_on_consent',
        ),
        (
            'fields = ["customer.birth_date", "customer.anniversary"]',
            'fields = ["customer.birth_date", "analytics.session"]',
            "must not name analytics.session with rests_on_consent",
        ),
        (
            'fields = ["customer.birth_date", "customer.anniversary"]',
            'fields = ["customer.birth_date", "customer.language"]',
            "must not name customer.language with rests_on_consent",
        ),
        (
            'purposes = ["v"]\npolicy_sections = ["2", "5.v", "6", "13"]',
            'purposes = ["v", "xiii"]',
            "must not name xiii with",
        ),
    ],
)
def test_p62_what_the_bridge_could_not_erase_by_itself_is_refused(changed, old, new, fault):
    """Requirement P-62: a key that nothing obeys would promise what nobody does."""
    with pytest.raises(SettingsInvalid) as refused:
        load_retention(changed((old, new)))
    assert fault in str(refused.value)


def test_p62_a_metafield_may_be_named_by_itself(changed):
    path = changed(
        (
            'fields = ["customer.birth_date", "customer.anniversary"]',
            'fields = ["customer.birth_date", "customer.metafields.crm.style"]',
        )
    )
    assert load_retention(path).categories["greetings"].fields[1] == "customer.metafields.crm.style"
