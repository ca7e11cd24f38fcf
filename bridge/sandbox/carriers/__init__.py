"""The stand-ins of the carriers and aggregators, with their credentials. Holds no logic of its own."""

from bridge.sandbox.carriers.aftership import API_KEY as AFTERSHIP_KEY
from bridge.sandbox.carriers.aftership import make_aftership
from bridge.sandbox.carriers.bluedart import CREDENTIALS as BLUEDART_CREDENTIALS
from bridge.sandbox.carriers.bluedart import make_bluedart
from bridge.sandbox.carriers.delhivery import API_TOKEN as DELHIVERY_TOKEN
from bridge.sandbox.carriers.delhivery import make_delhivery
from bridge.sandbox.carriers.shiprocket import API_USER as SHIPROCKET_USER
from bridge.sandbox.carriers.shiprocket import make_shiprocket

__all__ = [
    "AFTERSHIP_KEY",
    "BLUEDART_CREDENTIALS",
    "DELHIVERY_TOKEN",
    "SHIPROCKET_USER",
    "make_aftership",
    "make_bluedart",
    "make_delhivery",
    "make_shiprocket",
]
