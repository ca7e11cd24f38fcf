"""What the Admin API's order says of parcels: those that went out and those that come back."""

from bridge.model import Waybill
from bridge.rules.index.shipping import read_platform_parcels
from config.merchant_file.processors import AttributionRule

ORDER = {
    "legacyResourceId": "1001",
    "name": "#1001",
    "fulfillments": [
        {
            "location": {"id": "gid://shopify/Location/65"},
            "trackingInfo": [
                {"company": "Blue Dart Surface", "number": " 69810000002 ", "url": "https://x.shiprocket.co/1"},
                {"company": "Delhivery", "number": None, "url": None},
            ],
        }
    ],
    "returns": [
        {
            "reverseFulfillmentOrders": [
                {
                    "reverseDeliveries": [
                        {"deliverable": {"tracking": {"carrierName": "Delhivery", "number": "14908100000016"}}},
                        {"deliverable": None},
                    ]
                }
            ]
        }
    ],
}


def test_parcels_of_both_directions_are_read_and_an_aggregator_is_the_account_holder():
    out, back = read_platform_parcels(ORDER, ())
    assert out == Waybill(
        number="69810000002", carrier="bluedart", account_holder="shiprocket", order_id="1001", order_name="#1001"
    )
    assert out.account_system == "shiprocket"
    assert (back.number, back.account_system) == ("14908100000016", "delhivery")


def test_the_merchants_own_rule_comes_first():
    rules = (AttributionRule(location="65", carrier="bluedart"),)
    out, back = read_platform_parcels(ORDER, rules)
    assert (out.carrier, out.account_holder) == ("bluedart", "merchant")
    assert back.carrier == "delhivery"


def test_open_returns_and_disputes_of_the_order_are_with_each_parcel():
    open_ = {"returns": [{"id": "gid://shopify/Return/9", "status": "OPEN"}, {"id": 8, "status": "CLOSED"}]}
    disputed = {"disputes": [{"id": "gid://shopify/ShopifyPaymentsDispute/4", "status": "NEEDS_RESPONSE"}]}
    (out,) = read_platform_parcels(ORDER | open_ | disputed, ())
    assert out.matters == ("dispute/4", "return/9")
    won = {"disputes": [{"id": 4, "status": "WON"}], "returns": []}
    assert [parcel.matters for parcel in read_platform_parcels(ORDER | won, ())] == [()]


def test_malformed_orders_have_no_parcel():
    assert (
        list(read_platform_parcels({"fulfillments": "x", "returns": [None, {"reverseFulfillmentOrders": 3}]}, ())) == []
    )
