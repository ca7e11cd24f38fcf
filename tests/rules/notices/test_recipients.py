"""Which processors an erasure must notify: the holder of the account and nobody else, by what it knows."""

from __future__ import annotations

import hashlib

from bridge.model import Principal, ReferenceKind
from bridge.rules.notices.recipients import NoticeTarget, list_notice_targets
from config.merchant_file.processors import Processor
from tests.kit.gathering import make_parcel

WHO = Principal(customer_id="7001", email=" Asha@Qwertzuiop.example ")
ORDERS = {"1001": "#1001", "1002": "#1002"}


def processor(name, **given):
    result = {"legal_name": name, "named": True, "erasure_channel": "email"}
    return Processor(id=name, **(result | given))


def carrier(name, **given):
    return processor(name, applies_to="parcels", names="waybill", **given)


def make_parcel_of_order(number, carrier_="delhivery", holder="merchant"):
    return make_parcel(number, carrier_, holder, order_id="1001", order_name="#1001")


def list_targets(*processors, parcels=(), who=WHO, orders=ORDERS):
    return [
        (one.processor, one.reference_kind, one.reference)
        for one in list_notice_targets(who, parcels, orders, processors)
    ]


def test_a_waybill_goes_to_its_account_and_to_nobody_else():
    both = carrier("delhivery"), carrier("bluedart")
    parcels = [
        make_parcel_of_order("D1"),
        make_parcel_of_order("B1", "bluedart"),
        make_parcel_of_order("S1", "bluedart", "shiprocket"),
    ]
    assert list_targets(*both, parcels=parcels) == [
        ("delhivery", ReferenceKind.WAYBILL, "D1"),
        ("bluedart", ReferenceKind.WAYBILL, "B1"),
        ("shiprocket", ReferenceKind.WAYBILL, "S1"),
    ]


def test_a_processor_says_whose_parcels_are_on_its_account():
    group = carrier("delhivery_group", carries=("delhivery", "ecomexpress"))
    assert list_targets(group, parcels=[make_parcel_of_order("E1", "ecomexpress")]) == [
        ("delhivery_group", ReferenceKind.WAYBILL, "E1")
    ]


def test_a_parcel_whose_carrier_nobody_named_is_for_a_person_to_decide():
    assert list_targets(carrier("delhivery"), parcels=[make_parcel_of_order("X1", "unknown")]) == [
        ("unknown", ReferenceKind.WAYBILL, "X1")
    ]


def test_one_who_has_a_copy_of_every_parcel_is_told_of_every_parcel():
    after = carrier("aftership", carries=("*",), erasure_channel="api")
    parcels = [make_parcel_of_order("D1"), make_parcel_of_order("B1", "bluedart")]
    assert [one for one in list_targets(carrier("delhivery"), after, parcels=parcels) if one[0] == "aftership"] == [
        ("aftership", ReferenceKind.WAYBILL, "D1"),
        ("aftership", ReferenceKind.WAYBILL, "B1"),
    ]


def test_those_without_waybills_know_orders_or_the_customer():
    pay = processor("pay", applies_to="orders", names="order")
    news = processor("news", applies_to="everyone", names="customer")
    ads = processor("ads", applies_to="everyone", names="email_sha256")
    digest = hashlib.sha256(b"asha@qwertzuiop.example").hexdigest()
    assert list_targets(pay, news, ads) == [
        ("pay", ReferenceKind.ORDER, "#1001"),
        ("pay", ReferenceKind.ORDER, "#1002"),
        ("news", ReferenceKind.CUSTOMER, "7001"),
        ("ads", ReferenceKind.EMAIL_SHA256, digest),
    ]
    assert list_targets(pay, orders={}) == []


def test_who_cannot_be_named_there_is_told_of_without_a_name():
    (one,) = list_notice_targets(Principal(email="a@b.example"), [], {}, [processor("news", names="customer")])
    assert one == NoticeTarget(processor="news", reference_kind=ReferenceKind.CUSTOMER, reference="")


def test_who_is_not_told_by_us_and_who_has_no_name_get_nothing():
    for silent in (
        processor("shopify", erasure_channel="platform"),
        processor("host", erasure_channel="own"),
        processor("google", erasure_channel=""),
        processor("sms", named=False),
    ):
        assert list_targets(silent) == []


def test_no_instruction_holds_a_name_a_phone_or_an_e_mail():
    everyone = [processor(f"p{n}", names=n) for n in ("customer", "email_sha256")]
    who = Principal(customer_id="7001", email="asha@qwertzuiop.example", phone="+919811122233")
    output = repr(list_notice_targets(who, [make_parcel_of_order("D1")], ORDERS, [*everyone, carrier("delhivery")]))
    assert "qwertzuiop" not in output
    assert "98111" not in output


def test_twice_is_once():
    assert list_targets(carrier("delhivery"), parcels=[make_parcel_of_order("D1"), make_parcel_of_order("D1")]) == [
        ("delhivery", ReferenceKind.WAYBILL, "D1")
    ]


def test_advertisers_are_told_of_every_address():
    ads = processor("ads", applies_to="everyone", names="email_sha256")
    addresses = ("asha@example.com", "asha@example.in")
    targets = list_notice_targets(Principal(email=", ".join(addresses)), [], {}, [ads])
    assert [one.reference for one in targets] == [hashlib.sha256(each.encode()).hexdigest() for each in addresses]
