"""The stand-ins of the carriers, and the credentials that open them. Nothing of its own."""

from bridge.sandbox.bluedart import CREDENTIALS as BLUEDART_CREDENTIALS
from bridge.sandbox.bluedart import bluedart
from bridge.sandbox.delhivery import TOKEN as DELHIVERY_TOKEN
from bridge.sandbox.delhivery import delhivery

__all__ = ["BLUEDART_CREDENTIALS", "DELHIVERY_TOKEN", "bluedart", "delhivery"]
