"""Record rows of the table of bits: cnn_raw/twin/certificates.jsonl.

    python tests/golden/record_bits.py PYTHON [PYTHON ...]
    python -m cnn_raw.twin.certificate > cnn_raw/twin/BITS.md

Each PYTHON has a TensorFlow of its own, and what cnn_raw needs (numpy, rich, fissix). It runs
``cnn-raw certify --json`` with oneDNN on and off; with 2, 1 and 4 threads; and, with 2, limited to
AVX2 and to SSE4.1. Rows that are there already are left as they are, so stop it at any time.
Run from the checkout's folder; a row takes about 40 seconds of CPU.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from cnn_raw.twin import certificate

VERSION = (
    "import importlib.metadata as m, contextlib\n"
    "for name in ('tensorflow', 'tensorflow-cpu'):\n"
    "    with contextlib.suppress(m.PackageNotFoundError): print(m.version(name)); break"
)
VARIANTS = [  # what is most telling first
    {"TF_ENABLE_ONEDNN_OPTS": onednn, "TF_NUM_INTRAOP_THREADS": threads, "ONEDNN_MAX_CPU_ISA": isa}
    for threads, isa in [("2", ""), ("2", "AVX2"), ("1", ""), ("4", ""), ("2", "SSE41")]
    for onednn in ("1", "0")
]


def is_recorded(version, variant):
    isa = variant["ONEDNN_MAX_CPU_ISA"].replace("SSE41", "SSE4.1")
    wanted = version, variant["TF_ENABLE_ONEDNN_OPTS"] == "1", variant["TF_NUM_INTRAOP_THREADS"]
    for line in certificate.TABLE.read_text().splitlines():
        e = json.loads(line)["environment"]
        instructions = e["instructions"] if isa else ""
        if not isa and e["instructions"] in ("AVX2", "SSE4.1"):
            continue
        if (e["tensorflow"], e["onednn"], str(e["threads"])) == wanted and instructions == isa:
            return True
    return False


def main():
    parser = argparse.ArgumentParser(description="Record rows of the table of bits.")
    parser.add_argument("python", nargs="+", metavar="PYTHON")
    pythons = {}
    for python in parser.parse_args().python:
        done = subprocess.run([python, "-c", VERSION], check=True, capture_output=True, text=True)
        # 2.22.0rc0 calls itself 2.22.0-rc0.
        pythons[python] = done.stdout.strip().replace("rc", "-rc")
    for variant in VARIANTS:
        for python, version in pythons.items():
            if is_recorded(version, variant):
                continue
            done = subprocess.run(
                [python, "-m", "cnn_raw", "certify", "--json"],
                env={**os.environ, **{name: v for name, v in variant.items() if v}},
                stdout=subprocess.PIPE,
                text=True,
            )
            if not done.stdout.startswith("{"):
                print(f"{version}: failed with status {done.returncode}")
                continue
            with certificate.TABLE.open("a") as file:
                file.write(done.stdout.splitlines()[-1] + "\n")
            row = certificate.parse(done.stdout.splitlines()[-1], python)
            print(f"{row.environment}: {row.seconds:.0f} s, Session {row.session}", flush=True)


if __name__ == "__main__":
    main()
