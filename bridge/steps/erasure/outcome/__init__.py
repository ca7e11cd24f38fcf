"""Write the outcome of an erasure for the data subject: what is gone, what stays until when, who must still answer.

Puts the certificate into words, as HTML and as text; figures and days are the certificate's. Never says more than the
certificate, never names the data subject, and is not rendered while the merchant's contact has a blank.
"""

from bridge.steps.erasure.outcome.outcome_letter import OutcomeInput, list_missing_settings, render_erasure_outcome

__all__ = ["OutcomeInput", "list_missing_settings", "render_erasure_outcome"]
