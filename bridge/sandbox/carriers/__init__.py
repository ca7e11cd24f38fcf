"""The stand-ins of those who hold parcels, and the credentials that open them. Nothing of its own."""

from bridge.sandbox.carriers.aftership import KEY as AFTERSHIP_KEY
from bridge.sandbox.carriers.aftership import aftership
from bridge.sandbox.carriers.bluedart import CREDENTIALS as BLUEDART_CREDENTIALS
from bridge.sandbox.carriers.bluedart import bluedart
from bridge.sandbox.carriers.delhivery import TOKEN as DELHIVERY_TOKEN
from bridge.sandbox.carriers.delhivery import delhivery
from bridge.sandbox.carriers.shiprocket import USER as SHIPROCKET_USER
from bridge.sandbox.carriers.shiprocket import shiprocket

__all__ = [
    "AFTERSHIP_KEY",
    "BLUEDART_CREDENTIALS",
    "DELHIVERY_TOKEN",
    "SHIPROCKET_USER",
    "aftership",
    "bluedart",
    "delhivery",
    "shiprocket",
]
