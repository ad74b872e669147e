"""``cnn-raw why``: what a message, or a whole traceback, says about a program of 2016."""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from cnn_raw.diff.messages import MESSAGES
from cnn_raw.diff.reason import Reason
from cnn_raw.diff.reasons import REASONS
from cnn_raw.diff.tf_names import reason_for
from cnn_raw.text import translate

LONGEST = 20_000  # characters: the end of a longer text is what counts
ALL = (*REASONS, *MESSAGES)
_NOTICES = ("onednn", "retracing")  # printed along the way, whatever the error is
_NAME = re.compile(r"module '(?:tensorflow|keras)([\w.]*)' has no attribute '(\w+)'")
_COMMON = {"the", "for", "not", "and", "has", "have", "with", "that", "module", "attribute"}


class Answer(NamedTuple):
    """The cause of a message; what TensorFlow 2 has instead; the trap behind it.

    ``message`` is the line that it is about, ``notebook`` the one that shows it, or "".
    """

    message: str
    title: str
    cause: str
    form: str
    trap: str
    notebook: str

    @property
    def lines(self) -> list[str]:
        """What is said of it, a line for each part that there is."""
        notebook = f"notebooks/{self.notebook}.ipynb" if self.notebook else ""
        parts = (
            (translate("cause"), translate(self.cause)),
            ("TensorFlow 2", translate(self.form)),
            (translate("trap"), translate(self.trap)),
            (translate("notebook"), notebook),
        )
        return [translate(self.title), *(f"  {name}: {words}" for name, words in parts if words)]


def answer(text: str) -> Answer | None:
    """Return why a text says what it says: its last line that is known; None if none is."""
    lines = text[-LONGEST:].splitlines()
    is_error = any(re.match(r"[\w.]*(Error|Exception)\b", line) for line in lines)
    for line in reversed(lines):
        reason = _reason(line.strip())
        if reason and not (is_error and reason.key in _NOTICES):
            parts = reason.title, reason.why, reason.new, reason.wrong, reason.notebook
            return Answer(line.strip(), *parts)
    return None


def _reason(line: str) -> Reason | None:
    for reason in ALL:
        if re.search(reason.says, line):
            return reason
    if match := _NAME.search(line):
        module = re.sub(r"^(\._api\.v2|\._tf_keras\.keras)?\.?", "", match[1])
        name = f"{module}.{match[2]}" if module else match[2]
        return reason_for(name)
    return None


def nearest(text: str, count: int = 3) -> list[Reason]:
    """Return the reasons whose words are nearest to a text's, the nearest first."""
    wanted = _words(text[-LONGEST:])

    def likeness(reason: Reason) -> float:
        words = _words(" ".join((reason.title, reason.old, reason.why, reason.wrong)))
        ratio = SequenceMatcher(None, text[-200:].lower(), reason.title.lower()).ratio()
        return len(wanted & words) / (len(wanted) or 1) + ratio / 10

    return sorted(ALL, key=likeness, reverse=True)[:count]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{3,}", text.lower())) - _COMMON
