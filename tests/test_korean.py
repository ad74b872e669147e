"""The Korean edition is complete, follows the English one, and keeps to its glossary.

    python notebooks/make_korean.py

brings the catalogues and the Korean notebooks up to date; what it cannot know, these tests name.
"""

import io
import json
import re
import shlex
import sys
from collections import Counter
from pathlib import Path

import matplotlib
import pytest
from markdown_it import MarkdownIt
from matplotlib import font_manager
from matplotlib.text import Text

from cnn_raw import InputError, cli, lesson, text
from cnn_raw.diff.reasons import BY_KEY, REASONS
from cnn_raw.text import LOCALE, Texts

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
sys.path.insert(0, str(NOTEBOOKS))
import make_korean  # noqa: E402

KOREAN = NOTEBOOKS / "ko"
CATALOGUES = make_korean.catalogues()
CATALOGUE = LOCALE / "ko.po"
FONT = "DejaVu Sans"  # its translation is the names of other fonts
HANGUL = "[가-힣]"
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]

# What is the same in both languages.
KEPT = {
    "a formula": r"\$\$[^$]+\$\$|\$[^$\n]+\$",
    "a name of code": r"(`+).+?\1",
    "a link": r"\]\([^)]*\)",
    "a placeholder": r"\{\w+\}",
}


def messages(path):
    return [message for message in make_korean.catalogue(path) if message.id]


def faults_in(original, translation):
    """Yield what a translation lost of its original, or has too much."""
    sides = [original, translation]
    for what, pattern in KEPT.items():
        found = [{match[0] for match in re.finditer(pattern, side)} for side in sides]
        if found[0] != found[1]:
            yield f"{what}: {found[0] - found[1]} became {found[1] - found[0]}"
        sides = [re.sub(pattern, " ", side) for side in sides]
    numbers = [Counter(re.findall(r"(?<![A-Za-z_\d])\d+(?:[.,]\d+)*", side)) for side in sides]
    words = {str(NUMBERS.index(word)) for word in NUMBERS if word in original.lower()}
    lost, more = numbers[0] - numbers[1], set(numbers[1] - numbers[0]) - words
    if lost or more:
        yield f"a number: {dict(lost)} became {more}"
    bold = [len(re.findall(r"\*\*", side)) for side in sides]
    loud = 2 * len(re.findall(r"\b[A-Z]{2,}\b", sides[0]))  # bold in Korean, which has no capitals
    if not bold[0] <= bold[1] <= bold[0] + loud:
        yield "bold text"
    if original not in (translation, FONT) and not re.search(HANGUL, translation):
        yield "no Korean"
    if stray_marks(translation) > stray_marks(original):
        yield "a mark that does not work"


def stray_marks(markdown):
    """How many ** Markdown does not take for the start or end of bold text."""
    inline = MarkdownIt("commonmark").parseInline(markdown)[0].children
    return sum(token.content.count("**") for token in inline if token.type == "text")


def terms():
    """The rows of the glossary: English forms, Korean, what is not used, English at first use."""
    table = (KOREAN / "GLOSSARY.md").read_text().partition("## Terms")[2]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if line]
    return [
        (english.split(", "), korean, wrong.split(", ") if wrong else [], first)
        for english, korean, wrong, first in rows[2:]
    ]


def wrong_terms(original, translation, names=False):
    """Yield the terms of the glossary that a translation has otherwise.

    ``names``: a term may be a name of code, which stays, without being marked as code.
    """
    code = r"(`+).+?\1|\"[^\"]*\"|[\w.]*\w[._=(][\w(]\S*|\S+=\S*|\S+\(\)"
    prose = re.sub(code, " ", original)
    for english, korean, wrong, _ in terms():
        term = rf"(?i)\b({'|'.join(map(re.escape, english))})s?(?![a-z0-9])"
        stayed = names and re.search(term, translation)
        if re.search(term, prose) and korean not in translation and not stayed:
            yield f"{english[0]} is {korean}"
        for other in wrong:
            if other in translation:
                yield f"{other}: write {korean}"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_catalogue_has_every_text_of_today_and_no_other(path):
    """A sentence that was changed in English is named here."""
    today = [string for string, _ in CATALOGUES[path]()]
    there = [message.id for message in messages(path)]
    assert [string for string in today if string not in there] == []
    assert [string for string in there if string not in today] == []
    assert list(dict.fromkeys(today)) == there


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_catalogue_is_complete_and_nothing_was_lost_in_translation(path):
    wrong = []
    for message in messages(path):
        if not message.string:
            wrong.append((message.id, "not translated"))
        elif message.fuzzy:
            wrong.append((message.id, "changed in English: look at its translation"))
        else:
            pair, names = (message.id, message.string), path.parent.name == "locale"
            faults = (*faults_in(*pair), *wrong_terms(*pair, names))
            wrong += [(message.id, fault) for fault in faults]
    assert wrong == []


def test_catalogues_agree_with_each_other():
    translations = {}
    for path in CATALOGUES:
        for message in messages(path):
            translations.setdefault(message.id, set()).add(message.string)
    assert {string: found for string, found in translations.items() if len(found) > 1} == {}


def test_terms_have_their_english_name_where_they_are_first_used():
    everything = "\n".join(
        message.string
        for path in sorted(KOREAN.glob("*.po"), key=lambda path: int(path.name.split("_")[0]))
        for message in messages(path)
    )  # fmt: skip
    missing = []
    for _, korean, _, first in terms():
        longer = [other for _, other, _, _ in terms() if korean in other and korean != other]
        alone = everything
        for other in longer:
            alone = alone.replace(other, "-" * len(other))
        place = alone.find(korean)
        after = alone[place + len(korean) :]
        if first and place >= 0 and not re.match(rf"(?i)\**\({re.escape(first)}\b", after):
            missing.append((korean, first, alone[place - 30 : place + 30]))
    assert missing == []


@pytest.mark.parametrize("path", sorted(KOREAN.glob("*.ipynb")), ids=lambda path: path.stem)
def test_korean_notebook_is_what_the_catalogue_makes(path):
    made = make_korean.built(NOTEBOOKS / path.name, Texts(path.with_suffix(".po")))
    assert path.read_text() == made


@pytest.mark.parametrize("path", sorted(KOREAN.glob("*.ipynb")), ids=lambda path: path.stem)
def test_korean_notebook_has_the_english_ones_code(path):
    """Byte for byte, with the same cell ids, and no outputs; links lead somewhere."""
    english, korean = make_korean.read(NOTEBOOKS / path.name), make_korean.read(path)
    assert [cell.id for cell in korean.cells] == [cell.id for cell in english.cells]
    assert korean.metadata == english.metadata
    for one, other in zip(english.cells, korean.cells, strict=True):
        if one.cell_type == "code":
            assert one == other
        else:
            prose = re.sub(r"```.*?```", "", other.source, flags=re.DOTALL)
            for target in re.findall(r"\]\(([^)#]+)\)", prose):
                assert "://" in target or (KOREAN / target).exists(), target
            fences = [re.findall(r"```.*?```", c.source, re.DOTALL) for c in (one, other)]
            assert fences[0] == fences[1]


@pytest.mark.parametrize(
    ("original", "translation", "fault"),
    [
        ("28 pixels of `l1a`", "`l1a`의 픽셀 28개", ""),
        ("28 pixels of `l1a`", "`l1a`의 픽셀 27개", "a number"),
        ("28 pixels of `l1a`", "`l1`의 픽셀 28개", "a name of code"),
        ("the root $n^2$", "제곱근 $n^3$", "a formula"),
        ("see [that](5_diff.ipynb)", "[그것](6_diff.ipynb)을 보세요", "a link"),
        ("step {0} of {1}", "{0}번째 스텝", "a placeholder"),
        ("a **bold** word", "굵은 낱말", "bold"),
        ("a **bold** word", "**굵은(bold)**낱말", "a mark"),
        ("a word", "a word!", "no Korean"),
        ("the cost", "손실 값", "cost is 비용"),
        ("a loss", "손실 값", "손실: write 비용"),
        ("`cost`", "`cost` 값", ""),
    ],
)
def test_what_a_translation_may_lose_is_noticed(original, translation, fault):
    found = "; ".join((*faults_in(original, translation), *wrong_terms(original, translation)))
    assert found.startswith(fault) and bool(found) == bool(fault)


def catalogue_of(path, *pairs):
    lines = [f'msgid "{one}"\nmsgstr "{other}"\n' for one, other in pairs]
    path.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n' + "\n".join(lines)
    )
    return path


def test_text_with_placeholders_is_recognised_whatever_stands_in_them(tmp_path):
    translate = Texts(
        catalogue_of(
            tmp_path / "ko.po",
            ("a number", "수"),
            ("must be {0}", "{0}여야 합니다"),
            ("must be {0}; is {1}", "{1}인데 {0}여야 합니다"),
            ("left", ""),
        )
    )
    assert translate("must be a number") == "수여야 합니다"
    assert translate("must be a number; is (2,\n3)") == "(2,\n3)인데 수여야 합니다"
    assert translate("left") == "left" and translate("another") == "another"


def test_catalogue_with_a_broken_placeholder_is_refused_in_one_line(tmp_path):
    broken = catalogue_of(tmp_path / "ko.po", ("step {0}", "스텝 {1}"))
    with pytest.raises(InputError, match=r"ko\.po: the placeholders .* 'step \{0\}'$"):
        Texts(broken)


def test_changed_sentence_is_fuzzy_until_somebody_looks_at_it(tmp_path):
    po = catalogue_of(
        tmp_path / "ko.po", ("The filter sees nine pixels.", "필터는 픽셀 아홉 개를 봅니다.")
    )
    changed = "The filter sees 25 pixels."
    po.write_bytes(make_korean.updated(po, iter([(changed, "cell")])))
    (message,) = messages(po)
    assert message.fuzzy and message.id == changed and "아홉" in message.string
    assert Texts(po)(changed) == changed


def test_english_is_spoken_unless_another_language_is_asked_for():
    with text.using("ko"):
        assert text.translate("Right.") == "맞았습니다."
    assert text.translate("Right.") == "Right."


def test_diff_and_why_explain_in_korean(tmp_path, capsys):
    page = tmp_path / "diff.html"
    assert cli.main(["diff", "--lang", "ko", "--html", str(page)]) == 0
    assert '<html lang="ko">' in page.read_text() and "두 프로그램" in page.read_text()
    assert "Each statement" not in page.read_text()
    assert cli.main(["diff", "--lang", "ko"]) == 0
    screen = capsys.readouterr().out
    assert re.search("같음 [0-9]+, 바뀜 [0-9]+", screen)
    for translated, shown in ((page.read_text(), "page"), (screen, "screen")):
        for reason in REASONS:
            assert reason.title not in translated, shown
    assert cli.main(["why", "--lang", "ko", "No gradients provided for any variable"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == Texts(CATALOGUE)(BY_KEY["tape"].title)
    assert [line.split(":")[0].strip() for line in said[1:]] == [
        "원인", "TensorFlow 2", "함정", "노트북",
    ]  # fmt: skip
    assert cli.main(["why", "No gradients provided for any variable"]) == 0
    assert capsys.readouterr().out.startswith(BY_KEY["tape"].title)  # English again


def test_every_mistake_in_a_copy_is_told_in_korean():
    """The texts are found in the modules; here they are looked for as they are shown."""
    translate = Texts(CATALOGUE)
    for said, korean in (
        ("the filter w3 takes 32 channels, its input has 64: TensorFlow 0.x and 1.x refuse this, "
         "2 makes it a grouped convolution",
         "필터 w3: 채널 32개를 받는데 입력에는 64개가 있습니다: TensorFlow 0.x와 1.x는 거부하고, "
         "2는 그룹 합성곱으로 만듭니다"),
        ("3 lines of Jupyter's own (%, ! or ?) left out", "Jupyter 고유의 줄(%, !, ?) 3개 빠짐"),
        ("1 cell that is not Python left out", "파이썬이 아닌 셀 1개 빠짐"),
    ):  # fmt: skip
        assert translate(said) == korean


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", True), ("cp949", True), ("ascii", False)]
)
def test_terminal_that_cannot_show_korean_gets_english_and_one_line(
    encoding, shown, monkeypatch, capsys
):
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding, newline="\n"))
    assert cli.main(["why", "--lang", "ko", "No gradients provided"]) == 0
    sys.stdout.flush()
    written = screen.getvalue().decode(encoding)
    assert bool(re.search(HANGUL, written)) == shown
    if shown:
        assert capsys.readouterr().err == ""
    else:
        assert written.startswith(BY_KEY["tape"].title)
        assert capsys.readouterr().err == "cnn-raw: this terminal cannot show ko; here is English\n"


@pytest.mark.parametrize("fonts", [["DejaVu Sans", "NanumGothic"], ["DejaVu Sans"]])
def test_figures_are_korean_only_where_a_font_can_show_it(fonts, monkeypatch):
    """Elsewhere their texts stay English: no boxes, of which matplotlib would warn."""
    there = [font_manager.FontEntry(fname=f"/{name}.ttf", name=name) for name in fonts]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", there)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    monkeypatch.setattr(Text, "set_text", Text.set_text)
    with text.using("ko"), matplotlib.rc_context():
        lesson._translate_figures()
        families = matplotlib.rcParams["font.family"]
        shown = [Text(text=words).get_text() for words in ("filter", "no such text", "filter\nrow")]
    if "NanumGothic" in fonts:
        assert families == ["DejaVu Sans", "NanumGothic"]
        assert shown == ["필터", "no such text", "필터\n행"]
    else:
        assert "NanumGothic" not in families
        assert shown == ["filter", "no such text", "filter\nrow"]


def test_hints_are_korean(capsys):
    with text.using("ko"):
        lesson.check(..., 6)
        lesson.check([6], 6)
        lesson.check("6", 6)
    assert capsys.readouterr().out.splitlines() == [
        "아직 답하지 않았습니다. 점 세 개를 답으로 바꾸고 두 셀을 다시 실행하세요.",
        "틀렸습니다. 형상은 ()이어야 하는데, 지금 답의 형상은 (1,)입니다.",
        "틀렸습니다. 답의 종류는 수이어야 하는데, 지금 답은 문자열(따옴표를 빼세요)입니다.",
    ]


def test_page_has_every_text_in_korean():
    made = make_korean.page_script(Texts(CATALOGUE))
    assert (make_korean.STATIC / "korean.js").read_text() == made
    texts = json.loads(made.partition(" = ")[2].rstrip(";\n"))
    assert list(texts) == list(make_korean.page_texts()) and len(texts) > 200


def test_korean_readme_links_and_commands_are_real():
    readme = (KOREAN / "README.md").read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", readme):
        assert (KOREAN / target).exists(), target
    commands = re.findall(r"^    cnn-raw (.+)$|`cnn-raw (\w+ [^`]+)`", readme, re.MULTILINE)
    assert len(commands) == 8
    for command in commands:
        cli.build_parser().parse_args(shlex.split("".join(command)))
    for _, korean, wrong, _ in terms():
        assert not any(other in readme for other in wrong), korean
    for path in NOTEBOOKS.glob("*.ipynb"):
        title = make_korean.read(KOREAN / path.name).cells[0].source.splitlines()[0]
        assert f"[{title.removeprefix('# ').replace('(convolution)', '')}]({path.name})" in readme
