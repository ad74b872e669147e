"""Texts in the reader's language, from gettext's catalogues (.po files).

    from cnn_raw.text import translate, use

    use("ko")  # from here on
    print(translate("The cost is NaN: a logarithm of 0"))

``locale/LANGUAGE.po`` has the package's texts. Where a catalogue has ``{0}``, ``{1}``, ..., the
text may have anything. What no catalogue has stays English.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnn_raw import InputError

LOCALE = Path(__file__).parent / "locale"
LANGUAGES = ("en", *sorted(path.stem for path in LOCALE.glob("*.po")))
PLACEHOLDER = re.compile(r"\{\d\}")


class Texts:
    """The translations in some catalogues; fuzzy ones are left out.

    Raises InputError if a translation has not the placeholders of its original.
    """

    def __init__(self, *catalogues: Path):
        self._whole: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern, str]] = []
        for path in catalogues:
            for text, translation in _read(path):
                self._whole[text] = translation
                if PLACEHOLDER.search(text) and "$" not in text:  # in a formula {1} is no place
                    self._patterns.append((_pattern(text), translation))
        self._patterns.sort(key=lambda pair: -len(pair[0].pattern))  # the most exact one first

    def __call__(self, text: str) -> str:
        """Return the translation of ``text``, or ``text`` if there is none."""
        if text in self._whole:
            return self._whole[text]
        for pattern, translation in self._patterns:
            if match := pattern.fullmatch(text):
                return self._filled(translation, match)
        return text

    def _filled(self, translation: str, match: re.Match) -> str:
        return PLACEHOLDER.sub(lambda found: self(match[f"n{found[0][1]}"]), translation)


_language, _texts = "en", Texts()


def translate(text: str) -> str:
    """Return ``text`` in the language in use."""
    return _texts(text)


def language() -> str:
    """Return the language in use."""
    return _language


def use(language: str, *more: Path) -> None:
    """Use ``language``, one of LANGUAGES; ``more``: catalogues beside the package's own."""
    global _language, _texts
    _texts = Texts(*(() if language == "en" else (LOCALE / f"{language}.po", *more)))
    _language = language


@contextmanager
def using(language: str) -> Iterator[None]:
    """Use ``language`` inside a ``with``."""
    global _language, _texts
    before = _language, _texts
    use(language)
    try:
        yield
    finally:
        _language, _texts = before


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the originals and the translations of a catalogue."""
    from babel.messages.pofile import read_po  # only other languages need it

    with path.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        text, translation = str(message.id), str(message.string)
        if text and translation and not message.fuzzy:
            if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(translation)):
                raise InputError(f"{path}: the placeholders differ from the original's: {text!r}")
            yield text, translation


def _pattern(text: str) -> re.Pattern:
    """Return what matches a text with anything in the place of its placeholders."""
    parts = re.split(r"\{(\d)\}", text)
    fixed, numbers = parts[::2], parts[1::2]
    groups = [f"(?P<n{number}>.*?)" for number in numbers] + [""]
    return re.compile("".join(re.escape(a) + b for a, b in zip(fixed, groups, strict=True)), re.S)
