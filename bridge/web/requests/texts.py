"""The texts of the page on which a person takes a request back, in each language, and of its errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.model import Language
from bridge.web.notices.messages import ProblemText


@dataclass(frozen=True, kw_only=True, slots=True)
class PageTexts:
    """What the page says before and after the request was taken back."""

    title: str
    question: str
    consequence: str
    button: str
    number: str
    done_title: str
    done: str


PAGE_TEXTS: Mapping[Language, PageTexts] = {
    Language.ENGLISH: PageTexts(
        title="Take your request back",
        question="You asked us to erase your personal data. Do you want to take this request back?",
        consequence="Nothing has been erased yet. If you take the request back, we erase nothing for it, and it ends. "
        "You can ask again at any time. If you do nothing on this page, your request goes on.",
        button="Take the request back",
        number="Request number",
        done_title="Your request is taken back",
        done="Nothing was erased. We confirm this to you in a letter.",
    ),
    Language.HINDI: PageTexts(
        title="अपना अनुरोध वापस लें",
        question="आपने हमसे अपना व्यक्तिगत डेटा मिटाने का अनुरोध किया था। क्या आप यह अनुरोध वापस लेना चाहते हैं?",
        consequence="अभी तक कुछ भी मिटाया नहीं गया है। यदि आप अनुरोध वापस लेते हैं, तो हम इसके लिए कुछ नहीं मिटाएँगे और यह "
        "अनुरोध समाप्त हो जाएगा। आप कभी भी फिर से अनुरोध कर सकते हैं। यदि आप इस पृष्ठ पर कुछ नहीं करते, तो आपका अनुरोध आगे बढ़ेगा।",
        button="अनुरोध वापस लें",
        number="अनुरोध संख्या",
        done_title="आपका अनुरोध वापस ले लिया गया है",
        done="कुछ भी मिटाया नहीं गया। हम पत्र द्वारा आपको इसकी पुष्टि करेंगे।",
    ),
}

_SEND_AGAIN = "Nothing was changed. Open the link of the letter again."
_NOT_OUR_FORM = ProblemText("This is not the form of our page", "What arrived could not be read.", _SEND_AGAIN)
PROBLEM_TEXTS: Mapping[int, ProblemText] = {
    **dict.fromkeys((400, 408, 411, 413, 415), _NOT_OUR_FORM),
    404: ProblemText(
        "This link opens nothing",
        "This link is not valid, or it is not valid any more: it was used, its time is over, what you asked for was "
        "begun, or it was not copied whole.",
        "Open it once more from the letter. If that does not help, write to us at once; the number of the request in "
        "your letter is enough.",
    ),
    429: ProblemText(
        "Too many tries",
        "Too many requests came from your network within a minute.",
        "Wait a minute, then open the link of the letter again.",
    ),
    500: ProblemText(
        "Something went wrong here", "The fault is ours, and nothing was changed.", "Try again later, or write to us."
    ),
    503: ProblemText(
        "We cannot take your answer at this moment", "Nothing was changed.", "Wait a few seconds, and try again."
    ),
}
