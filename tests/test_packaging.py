"""What is built is complete: it works where it is installed, away from the source."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from cnn_raw import __version__
from cnn_raw.input_data import FILES

SOURCE = Path(__file__).parent.parent
MOST_BYTES = 14_000_000  # of which 11.3 are MNIST and 0.4 the Korean edition


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist and, made from it, the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, SOURCE],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def test_wheel_and_sdist_carry_the_data_and_the_licences(built):
    sdist, wheel = built
    with tarfile.open(sdist) as file:
        in_sdist = {name.partition("/")[2] for name in file.getnames()}
    with zipfile.ZipFile(wheel) as file:
        in_wheel = set(file.namelist())
    modules = {p.relative_to(SOURCE).as_posix() for p in (SOURCE / "cnn_raw").rglob("*.py")}
    data = {f"cnn_raw/MNIST_DATA/{name}" for name in (*FILES, "README.md")} | {"cnn_raw/py.typed"}
    data |= {"cnn_raw/locale/ko.po", "cnn_raw/draw/static/korean.js"}
    assert modules | data <= in_wheel & in_sdist
    assert {"LICENSE", "README.md", "pyproject.toml", "tests/test_packaging.py"} <= in_sdist
    licences = f"cnn_raw-{__version__}.dist-info/licenses"
    assert {f"{licences}/LICENSE", f"{licences}/cnn_raw/MNIST_DATA/README.md"} <= in_wheel
    assert sdist.stat().st_size < MOST_BYTES and wheel.stat().st_size < MOST_BYTES


def test_wheel_works_when_installed_elsewhere(built, tmp_path):
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", target]
    subprocess.run([*pip, "--quiet", "--no-index", built[1]], check=True)
    code = (
        "import cnn_raw, sys; from cnn_raw import cli; "
        "print(cnn_raw.__file__); sys.exit(cli.main(['train', '--dry-run']))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code] if sys.version_info >= (3, 11)
        else [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(target)},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.startswith(str(target))
    assert "of the 1,000 test images are right after 1 of 1 epochs" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["site"]  # nothing was written here
