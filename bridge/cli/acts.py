"""Which act each command is, so that a role decides about it. `None`: nobody is asked who runs it.

A command that is missing here is allowed to an administrator only, once there are users; a test names it.
"""

from __future__ import annotations

from collections.abc import Mapping

import click

from bridge.model import Act

ACT_BY_COMMAND: Mapping[str, Act | None] = {
    "backfill": Act.OPERATE,
    "completion": None,
    "consent check": Act.CHECK_CONSENTS,
    "demo": None,
    "disclosure add": Act.KEEP_DISCLOSURES,
    "disclosure list": Act.KEEP_DISCLOSURES,
    "disclosure remove": Act.KEEP_DISCLOSURES,
    "disclosure secrecy": Act.KEEP_DISCLOSURES,
    "disclosure show": Act.KEEP_DISCLOSURES,
    "doctor": None,  # monitors run it
    "dsr acknowledge": Act.WORK_REQUESTS,
    "dsr answer": Act.WORK_REQUESTS,
    "dsr approve": Act.APPROVE,
    "dsr cancel": Act.REFUSE_REQUESTS,
    "dsr close": Act.REFUSE_REQUESTS,
    "dsr continue": Act.WORK_REQUESTS,
    "dsr decide": Act.WORK_REQUESTS,
    "dsr deliver": Act.WORK_REQUESTS,
    "dsr details": Act.REVEAL_DATA,
    "dsr evidence": Act.READ_REGISTER,
    "dsr extend": Act.REFUSE_REQUESTS,
    "dsr hold": Act.HOLD_RECORDS,
    "dsr identified": Act.WORK_REQUESTS,
    "dsr identify": Act.WORK_REQUESTS,
    "dsr lift": Act.WORK_REQUESTS,
    "dsr link": Act.WORK_REQUESTS,
    "dsr list": Act.SEE_REQUESTS,
    "dsr open": Act.OPEN_REQUESTS,
    "dsr outcome": Act.WORK_REQUESTS,
    "dsr package": Act.REVEAL_DATA,
    "dsr plan": Act.SEE_REQUESTS,
    "dsr refuse": Act.REFUSE_REQUESTS,
    "dsr release": Act.HOLD_RECORDS,
    "dsr replay": Act.REPLAY,
    "dsr show": Act.SEE_REQUESTS,
    "dsr waive": Act.WORK_REQUESTS,
    "dsr withdraw": Act.REFUSE_REQUESTS,
    "evidence export": Act.READ_REGISTER,
    "evidence heads": Act.READ_REGISTER,
    "evidence register": Act.READ_REGISTER,
    "evidence sign-head": Act.READ_REGISTER,
    "evidence verify": None,  # anybody may check, and a monitor does
    "hold accept": Act.APPROVE,
    "hold approve": Act.APPROVE,
    "hold changes": Act.SEE_REQUESTS,
    "hold list": Act.SEE_REQUESTS,
    "hold open": Act.HOLD_RECORDS,
    "hold release": Act.HOLD_RECORDS,
    "hold review": Act.HOLD_RECORDS,
    "hold sweep": Act.HOLD_RECORDS,
    "inbox dismiss": Act.WORK_REQUESTS,
    "inbox list": Act.SEE_REQUESTS,
    "inbox replay": Act.REPLAY,
    "inbox show": Act.SEE_REQUESTS,
    "incident affected": Act.WORK_REQUESTS,
    "incident approve": Act.APPROVE,
    "incident describe": Act.WORK_REQUESTS,
    "incident notice": Act.WORK_REQUESTS,
    "incident notify": Act.WORK_REQUESTS,
    "incident report": Act.WORK_REQUESTS,
    "incident show": Act.SEE_REQUESTS,
    "init": None,
    "keys list": Act.MANAGE_KEYS,
    "keys overwrite": Act.MANAGE_KEYS,
    "keys rotate": Act.MANAGE_KEYS,
    "law due": None,  # they read files
    "law release": None,
    "law show": None,
    "letter bounce": Act.WORK_REQUESTS,
    "letter dismiss": Act.WORK_REQUESTS,
    "letter list": Act.SEE_REQUESTS,
    "letter preview": Act.REVEAL_DATA,
    "letter resend": Act.WORK_REQUESTS,
    "letter show": Act.SEE_REQUESTS,
    "mail dismiss": Act.WORK_REQUESTS,
    "mail fetch": Act.OPERATE,
    "mail list": Act.SEE_REQUESTS,
    "mail open": Act.OPEN_REQUESTS,
    "mail show": Act.SEE_REQUESTS,
    "migrate": None,  # the release phase runs it, before there is a table of users
    "nomination accept": Act.WORK_REQUESTS,
    "nomination approve": Act.APPROVE,
    "nomination decline": Act.REFUSE_REQUESTS,
    "nomination end": Act.WORK_REQUESTS,
    "nomination list": Act.SEE_REQUESTS,
    "notice acknowledge": Act.WORK_REQUESTS,
    "notice answer": Act.WORK_REQUESTS,
    "notice attribute": Act.WORK_REQUESTS,
    "notice bounce": Act.WORK_REQUESTS,
    "notice cancel-parcel": Act.WORK_REQUESTS,
    "notice export": Act.REVEAL_DATA,
    "notice file": Act.WORK_REQUESTS,
    "notice hold": Act.HOLD_RECORDS,
    "notice list": Act.SEE_SHIPMENTS,
    "notice release": Act.HOLD_RECORDS,
    "notice reopen": Act.WORK_REQUESTS,
    "notice resend": Act.REPLAY,
    "notice show": Act.SEE_SHIPMENTS,
    "processors": None,  # it is a public page
    "reconcile": Act.OPERATE,
    "refund approve": Act.APPROVE,
    "refund erase": Act.KEEP_BANK_DETAILS,
    "refund keep": Act.KEEP_BANK_DETAILS,
    "refund list": Act.KEEP_BANK_DETAILS,
    "refund read": Act.READ_BANK_DETAILS,
    "refund settle": Act.KEEP_BANK_DETAILS,
    "refund show": Act.KEEP_BANK_DETAILS,
    "restore-check": Act.OPERATE,
    "review close": Act.WORK_REQUESTS,
    "review find": Act.SEE_REQUESTS,
    "review list": Act.SEE_REQUESTS,
    "review show": Act.SEE_REQUESTS,
    "sandbox": None,
    "send": None,  # it signs with the client secret, as Shopify does
    "serve": None,
    "shop identify": Act.OPERATE,
    "shop list": Act.SEE_REQUESTS,
    "shopify-app": None,
    "status": None,  # monitors run it
    "token forget": Act.MANAGE_KEYS,
    "token list": Act.MANAGE_KEYS,
    "token put": Act.MANAGE_KEYS,
    "user add": Act.MANAGE_USERS,
    "user disable": Act.MANAGE_USERS,
    "user list": Act.MANAGE_USERS,
    "user secret": Act.MANAGE_USERS,
    "user token": Act.MANAGE_USERS,
    "vault attest": Act.WORK_REQUESTS,
    "vault export": Act.OPEN_VAULT,
    "vault file": Act.WORK_REQUESTS,
    "vault list": Act.SEE_REQUESTS,
    "vault open": Act.OPEN_VAULT,
    "vault waive": Act.WORK_REQUESTS,
}


LETTER_FORMS = ("text", "html", "pdf")


def name_command(context: click.Context) -> str:
    """Return the words of a command, without the program's name."""
    return context.command_path.partition(" ")[2]


def find_act(context: click.Context) -> Act | None:
    """Return what the running command does; `--reveal`, or the form of a letter, makes a view the reading of personal data."""
    words = name_command(context)
    revealing = LETTER_FORMS if words == "letter show" else ("reveal",)
    if any(context.params.get(name) for name in revealing):
        return Act.REVEAL_DATA
    return ACT_BY_COMMAND.get(words, Act.MANAGE_USERS)
