"""What the page says: every text has a name, and stands in one place."""

import re

from cnn_raw.draw.bundle import STATIC

ENGLISH = (STATIC / "english.js").read_text("utf-8")
TEXTS = dict(re.findall(r"^  (\w+):((?:.|\n)*?),\n(?=  \w|\n|})", ENGLISH, re.MULTILINE))
MODULES = {path.name: path.read_text("utf-8") for path in STATIC.rglob("*.js")}
MODULES.pop("english.js")
MODULES.pop("korean.js")


def test_every_text_that_is_named_exists_and_none_is_left_over():
    assert len(TEXTS) > 100
    source = "\n".join(MODULES.values())
    named = set(re.findall(r'say\("(\w+)"', source))
    assert named <= set(TEXTS)
    # Some names are chosen: say(right < 0 ? "left" : "right"), or stand in a list or as a key.
    assert {name for name in TEXTS if not re.search(rf"\b{name}\b", source)} == set()


def test_no_module_says_a_sentence_of_its_own():
    for name, source in MODULES.items():
        code = re.sub(r"^\s*//.*$|\s// .*$", "", source, flags=re.MULTILINE)
        strings = re.findall(r'"((?:[^"\\\n]|\\.)*)"', code)
        assert [text for text in strings if re.search(r"[a-z]{2,} [a-z]+ [a-z]{2,}", text)] == [], (
            name
        )
