"""Nouns of the officer's desk: what a person states and asks for, who decides about it, the letters, links and mail."""

from bridge.model.desk.approvals import Approval, ApprovalGate, AwaitingRequest, DeedPlan
from bridge.model.desk.disclosures import AuthorityDisclosure, DisclosureParticulars, Secrecy
from bridge.model.desk.identity import IdentityCheck, IdentityDoubt, IdentityMethod, PageSubmission, PersonLink
from bridge.model.desk.incidents import AffectedPersons, IncidentRecipient, IncidentReport
from bridge.model.desk.letters import LetterKind, LetterState, LinkPurpose, PersonLetter
from bridge.model.desk.mails import FetchedMail, IncomingMail, Mail, MailboxPosition, MailContent, MailKind, MailState
from bridge.model.desk.nominations import Nomination
from bridge.model.desk.outcomes import AnswerBasis, RequestEnding
from bridge.model.desk.particulars import (
    CorrectionParticulars,
    FieldChange,
    GrievanceParticulars,
    IncidentParticulars,
    Language,
    NominationParticulars,
    NomineeParticulars,
    ObjectionParticulars,
    Particulars,
    ReplyContact,
    RequestDetails,
    RestrictionParticulars,
    WithdrawalParticulars,
)
from bridge.model.desk.progress import IncidentProgress, NominationProgress, NomineeProgress
from bridge.model.desk.rights import (
    CorrectableOrder,
    CorrectableRecord,
    CorrectionProgress,
    ObjectionProgress,
    Restriction,
    RestrictionProgress,
)
from bridge.model.desk.users import Act, Role, User

__all__ = [
    "Act",
    "AffectedPersons",
    "AnswerBasis",
    "Approval",
    "ApprovalGate",
    "AuthorityDisclosure",
    "AwaitingRequest",
    "CorrectableOrder",
    "CorrectableRecord",
    "CorrectionParticulars",
    "CorrectionProgress",
    "DeedPlan",
    "DisclosureParticulars",
    "FetchedMail",
    "FieldChange",
    "GrievanceParticulars",
    "IdentityCheck",
    "IdentityDoubt",
    "IdentityMethod",
    "IncidentParticulars",
    "IncidentProgress",
    "IncidentRecipient",
    "IncidentReport",
    "IncomingMail",
    "Language",
    "LetterKind",
    "LetterState",
    "LinkPurpose",
    "Mail",
    "MailContent",
    "MailKind",
    "MailState",
    "MailboxPosition",
    "Nomination",
    "NominationParticulars",
    "NominationProgress",
    "NomineeParticulars",
    "NomineeProgress",
    "ObjectionParticulars",
    "ObjectionProgress",
    "PageSubmission",
    "Particulars",
    "PersonLetter",
    "PersonLink",
    "ReplyContact",
    "RequestDetails",
    "RequestEnding",
    "Restriction",
    "RestrictionParticulars",
    "RestrictionProgress",
    "Role",
    "Secrecy",
    "User",
    "WithdrawalParticulars",
]
