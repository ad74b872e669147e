"""Which environment this is, what a run keeps of it, and which bits it computes.

Certificates are checked against the published rows, which other processes recorded, and the costs
against genuine 0.12.1's in golden/.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from golden import record

from cnn_raw import InputError, cli
from cnn_raw.environment import Environment, environment, instructions
from cnn_raw.environment import read as read_environment
from cnn_raw.runs.environments import ENVIRONMENTS, read_environments
from cnn_raw.twin import certificate

GOLDEN = Path(record.__file__).parent
THEN = Environment("0.1.0", "2.21.0", "2.4.6", "3.11.7", True, 2, "AVX-512", True, "AMD EPYC")
BITS = {"he": {"1": "a", "2": "b"}}
ROW = certificate.Certificate(THEN, BITS, session=True, distance={"1": 0.0}, seconds=1.0)


# --- The environment ---


def test_environment_is_this_process_s(monkeypatch):
    import numpy
    import tensorflow as tf

    found = environment()
    assert (found.tensorflow, found.numpy) == (tf.__version__, numpy.__version__)
    assert found.python == sys.version.split()[0]
    assert found.deterministic  # conftest.py switches it on
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "7")
    assert environment().threads == 7
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS")
    assert environment().threads == len(os.sched_getaffinity(0))


def test_instructions_are_at_most_those_that_onednn_may_use(monkeypatch):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    widest = instructions()
    assert widest != "unknown"
    flags = Path("/proc/cpuinfo").read_text().split()
    assert (widest == "AVX-512") == ("avx512vl" in flags)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    assert instructions() == ("SSE4.1" if "sse4_1" in flags else widest)


@pytest.mark.parametrize(
    "now, said",
    [
        ({"threads": 1}, ["2 threads then, 1 now"]),
        ({"onednn": False}, ["oneDNN on then, off now"]),
        (
            {"tensorflow": "2.22.0", "python": "3.13.0"},
            ["TensorFlow 2.21.0 then, 2.22.0 now", "Python 3.11.7 then, 3.13.0 now"],
        ),
        ({"instructions": "AVX2"}, ["AVX-512 then, AVX2 now"]),
        ({"workers": 4}, ["1 worker then, 4 now"]),
        ({}, []),
    ],
)
def test_differences_name_what_changed(now, said):
    assert THEN.differences(replace(THEN, **now)) == said


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "two", "100000"])
@pytest.mark.parametrize("command", ["train", "certify"])
def test_threads_that_cannot_be_are_refused_in_one_line(command, text, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main([command, "--threads", text])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out, err.count("\n")) == (2, "", 1)
    assert f"--threads: {text}: this machine has" in err


# --- What a run keeps of it ---


@pytest.mark.parametrize(
    "trained, now, said",
    [
        ([], {}, "nothing is known"),
        ([{}], {}, "same environment: bit-identical to an uninterrupted run"),
        ([{}], {"numpy": "2.5"}, "NumPy 2.4.6 then, 2.5 now: bit-identical"),
        ([{}], {"threads": 1}, "2 threads then, 1 now: the weights will differ"),
        ([{}], {"tensorflow": "2.22.0"}, "2.22.0 now: measured to give the same bits"),
        ([{}], {"processor": "another"}, "another now: the weights may differ"),
        ([{"threads": 1}, {}], {}, "1 thread then, 2 now: the weights will differ"),
    ],
)
def test_continuation_says_whether_the_last_bits_are_the_same(trained, now, said, monkeypatch):
    rows = (
        ROW,
        replace(ROW, environment=replace(THEN, tensorflow="2.22.0")),
        replace(ROW, environment=replace(THEN, threads=1), bits={"he": {"1": "c"}}),
    )
    monkeypatch.setattr(certificate, "table", lambda: rows)
    environments = [replace(THEN, **changed) for changed in trained]
    assert said in certificate.continuation(environments, replace(THEN, **now))


def resume(run, capsys, *options):
    assert cli.main(["train", "--resume", str(run), *options]) == 0
    return capsys.readouterr().out


def test_resume_says_where_the_run_was_trained(small_run, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(small_run, run)
    ((epoch, here),) = read_environments(run, 2)
    assert (epoch, here) == (1, environment())
    assert "same environment: bit-identical to an uninterrupted run" in resume(
        run, capsys, "--epochs", "3"
    )
    there = {"epoch": 1, **asdict(replace(here, threads=here.threads + 1))}
    (run / ENVIRONMENTS).write_text(json.dumps(there) + "\n")
    out = resume(run, capsys, "--epochs", "4", "--out", str(tmp_path / "other"))
    assert f"then, {here.threads} now: the weights " in out
    assert [epoch for epoch, _ in read_environments(tmp_path / "other", 4)] == [1, 4]


def test_run_from_before_resumes_and_says_that_nothing_is_known(small_run, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(small_run, run, ignore=shutil.ignore_patterns(ENVIRONMENTS))
    assert "nothing is known about the environment" in resume(run, capsys, "--epochs", "3")
    assert read_environments(run, 3) == []  # still nothing of its first epochs


@pytest.mark.parametrize("text", ["{", "[]", '{"epoch": 1}', '{"epoch": "1"}', "\xff"])
def test_damaged_environments_are_refused_in_one_line(text, tmp_path):
    (tmp_path / ENVIRONMENTS).write_text(text, "latin-1")
    with pytest.raises(InputError, match=rf"{ENVIRONMENTS}.*"):
        read_environments(tmp_path, 1)


# --- Certificates ---


def test_certificate_survives_its_file(tmp_path):
    path = tmp_path / "certificate.json"
    path.write_text(ROW.json() + "\n")
    assert certificate.read(str(path)) == ROW
    assert "\n" not in ROW.json()


def test_environment_kept_before_there_were_workers_has_one():
    kept = {name: value for name, value in asdict(THEN).items() if name != "workers"}
    assert read_environment(kept, "here") == THEN
    assert replace(THEN, workers=2).key != THEN.key


@pytest.mark.parametrize(
    "text, said",
    [
        (json.dumps({"format": certificate.FORMAT + 1}), "format 2; this cnn_raw reads format 1"),
        ("{}", "holds no certificate"),
        ("", "holds no certificate"),
        (json.dumps({"format": 1}), "damaged"),
        (json.dumps({"format": 1, "environment": {}}), "describes no environment"),
        (ROW.json().replace('"threads": 2', '"threads": "2"'), "threads must be a int"),
        (ROW.json().replace('"bits": {', '"bits": {"2016": 3, '), "damaged"),
    ],
)
def test_certificate_that_cannot_be_read_is_refused_in_one_line(text, said, tmp_path, capsys):
    path = tmp_path / "certificate.json"
    path.write_text(text)
    assert cli.main(["certify", str(path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"cnn-raw: {path}: ") and said in err


def test_verdict_finds_the_row_or_prints_a_new_one(monkeypatch):
    monkeypatch.setattr(certificate, "table", lambda: (ROW,))
    assert certificate.verdict(ROW, None) == [f"row A ({THEN}): the published bits"]
    other = replace(ROW, bits={"he": {"1": "a", "2": "c"}})
    (said,) = certificate.verdict(other, None)
    assert said.startswith("NOT the bits of this environment's row A") and not other.ok
    assert said.endswith("he: between steps 1 and 2")
    elsewhere = replace(ROW, environment=replace(THEN, threads=4))
    said, row = certificate.verdict(elsewhere, None)
    assert "with the bits of row A" in said and certificate.parse(row, "row") == elsewhere
    assert "bits that no row has" in certificate.verdict(replace(elsewhere, bits={}), None)[0]


def test_verdict_compares_with_another_certificate():
    assert certificate.verdict(ROW, ROW) == [f"the same bits ({THEN})"]
    other = replace(ROW, bits={"he": {"1": "x", "2": "b"}}, session=False)
    assert certificate.verdict(other, ROW) == [
        "NOT the same: the Session's bits are not the tape's",
        f"NOT the certificate's bits; they part in he: between steps 0 and 1 ({THEN})",
    ]


@pytest.fixture(scope="module")
def short():
    """The command's module, with 5 steps of two trainings: 160 would take half a minute."""
    from cnn_raw.twin import certify

    with pytest.MonkeyPatch.context() as patch:
        trainings = {name: replace(certify.TRAININGS[name], steps=5) for name in ("he", "2016")}
        patch.setattr(certify, "TRAININGS", trainings)
        patch.setattr(certify, "STEPS", 10)
        yield certify


def test_certify_computes_the_same_bits_twice_and_those_published(short, tmp_path, capsys):
    assert cli.main(["certify", "--json"]) in (0, 1)  # 1: the row has 160 steps
    path = tmp_path / "certificate.json"
    path.write_text(capsys.readouterr().out)
    assert cli.main(["certify", str(path)]) == 0
    assert f"the same bits ({environment()})" in capsys.readouterr().out
    made, row = certificate.read(str(path)), certificate.known(environment())
    assert made.session
    assert made.bits["he"] != made.bits["2016"]
    assert made.distance["5"] < 2e-5  # measured: 4.8e-7
    if row is None:
        pytest.skip(f"no published row for {environment()} on {environment().processor}")
    for training in made.bits:
        assert made.bits[training].items() <= row.bits[training].items()


def test_costs_are_those_of_genuine_0_12_1():
    from cnn_raw.twin.certify import COSTS_TF012

    costs = json.loads((GOLDEN / "steps_tf012.json").read_text())["costs"]
    assert {step: costs[step - 1] for step in COSTS_TF012} == COSTS_TF012


def test_table_is_whole_and_its_page_is_written_from_it():
    rows = certificate.table()
    page = Path(certificate.__file__).with_name("BITS.md").read_text()
    assert page == certificate.markdown() + "\n"
    assert all(row.session for row in rows)
    keys = [row.environment.key for row in rows]
    assert len(keys) == len(set(keys))
    # Without oneDNN, and with two threads, every TensorFlow computes the same bits.
    plain = [
        row.bits
        for row in rows
        if not row.environment.onednn
        and (row.environment.threads, row.environment.instructions) == (2, "AVX-512")
    ]
    assert len(plain) >= 2 and all(bits == plain[0] for bits in plain)


def test_another_number_of_threads_gives_other_bits_and_says_so(small_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(small_run, run)
    now = environment().threads + 1
    done = subprocess.run(
        [sys.executable, "-m", "cnn_raw", "train", "--resume", run, "--epochs", "3"],
        env={**os.environ, "TF_NUM_INTRAOP_THREADS": str(now), "TF_ENABLE_ONEDNN_OPTS": "0"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"then, {now} now: the weights " in done.stdout
    _, there = read_environments(run, 3)[-1]
    assert (there.threads, there.onednn) == (now, False)
