"""Files: written whole or not at all, never over another's; read with one kind of error."""

import errno
import json
import os
import zipfile

import numpy as np
import pytest

from cnn_raw import InputError, cli, files

OURS = {
    files.PICTURE: files.PICTURE.start + b"\0\0\0\x10tEXt" + files.PICTURE.mark,
    files.PAGE: files.PAGE.start + b"\n<head>" + files.PAGE.mark,
}
FOREIGN = {
    "a script": b"import tensorflow as tf\n",
    "nothing": b"",
    "a photo": files.PICTURE.start + b"\0\0\0\x10tEXtSoftware\0Photos",
    "somebody's page": files.PAGE.start + b"\n<title>cnn-raw</title>",
    "a script that names the marks": b"# " + OURS[files.PICTURE] + OURS[files.PAGE],
    "a page that names it late": files.PAGE.start + b" " * 1024 + files.PAGE.mark,
}


def everything(folder):
    """What is in a folder: content, or what a symbolic link says."""
    return {
        path: os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes()
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("kind", [files.PICTURE, files.PAGE, None])
def test_write_makes_a_new_file_as_open_would(tmp_path, kind):
    files.write(tmp_path / "new", "é", kind)
    (tmp_path / "opened").touch()
    assert (tmp_path / "new").read_bytes() == "é".encode()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "opened").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "opened"]


@pytest.mark.parametrize("kind", list(OURS))
def test_write_replaces_what_this_program_wrote_and_nothing_else(tmp_path, kind):
    path = tmp_path / "out"
    for content in [*FOREIGN.values(), *(ours for other, ours in OURS.items() if other != kind)]:
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"out: already exists and is not a {kind.name} that"):
            files.write(path, b"new", kind)
        assert path.read_bytes() == content
    path.write_bytes(OURS[kind])
    files.write(path, lambda file: file.write(b"new"), kind)
    assert path.read_bytes() == b"new" and list(tmp_path.iterdir()) == [path]


def test_write_never_touches_folders_devices_and_fifos(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name, target in (("null", "/dev/null"), ("pipe", "fifo"), ("loop", "loop")):
        (tmp_path / name).symlink_to(target)
    before = everything(tmp_path)
    for name in ("fifo", "folder", "null", "pipe", "loop", "/dev/null", "no/file", "x" * 300):
        for kind in (None, files.PICTURE):
            with pytest.raises(InputError) as error:
                files.write(tmp_path / name, b"new", kind)
            assert str(error.value).startswith(f"{tmp_path / name}: ")
    assert everything(tmp_path) == before


def test_write_follows_a_link_and_leaves_it(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/file")
    files.write(tmp_path / "link", OURS[files.PAGE], files.PAGE)
    files.write(tmp_path / "link", b"two", files.PAGE)
    assert (tmp_path / "folder" / "file").read_bytes() == b"two"
    assert os.readlink(tmp_path / "link") == "folder/file"
    with pytest.raises(InputError, match="link: already exists"):
        files.write(tmp_path / "link", b"three")


@pytest.mark.parametrize("at", ["fsync", "replace", "content", "taken meanwhile"])
def test_write_that_fails_leaves_what_there_was(tmp_path, monkeypatch, at):
    path = tmp_path / "out"
    path.write_bytes(OURS[files.PAGE])

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def taken(file):
        path.write_bytes(b"mine")

    content = {"content": full, "taken meanwhile": taken}.get(at, b"new")
    if at in ("fsync", "replace"):
        monkeypatch.setattr(os, at, full)
    with pytest.raises(
        InputError, match=r"out: (cannot be written \(No space left|already exists)"
    ):
        files.write(path, content, files.PAGE)
    monkeypatch.undo()
    assert path.read_bytes() == (b"mine" if at == "taken meanwhile" else OURS[files.PAGE])
    assert list(tmp_path.iterdir()) == [path]


def test_replace_syncs_the_content_before_the_rename_and_the_folder_after_it(tmp_path, monkeypatch):
    path, synced = tmp_path / "file", []
    path.write_bytes(b"old")

    def fsync(descriptor):
        is_folder = os.path.samestat(os.fstat(descriptor), tmp_path.stat())
        synced.append((is_folder, path.read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    files.replace(path, b"new")
    assert synced == [(False, b"old"), (True, b"new")]


def test_write_all_makes_all_or_nothing(tmp_path):
    def build(path):
        path.with_name(path.name + ".data").write_bytes(b"data")
        path.with_name(path.name + ".index").write_bytes(b"index")

    (tmp_path / "model.data").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"model\.data: already exists"):
        files.write_all(tmp_path / "model", build)
    assert everything(tmp_path) == {tmp_path / "model.data": b"mine"}
    (tmp_path / "model.data").unlink()
    files.write_all(tmp_path / "model", build)
    assert {path.name for path in tmp_path.iterdir()} == {"model.data", "model.index"}


@pytest.mark.parametrize(
    "command",
    [
        ["diff", "--html"],
        ["plot", "{run}"],
        ["test", "{run}", "--plot"],
        ["compare", "--steps", "1", "--plot"],
        ["export", "{run}", "--to", "npz"],
        ["export", "{run}", "--to", "saver"],
    ],
    ids=lambda command: command[0],
)
def test_no_command_writes_over_a_file_of_another(small_run, tmp_path, capsys, command):
    for name, content in FOREIGN.items():
        (tmp_path / f"{name}.png").write_bytes(content)
    os.mkfifo(tmp_path / "fifo.png")
    (tmp_path / "device.png").symlink_to("/dev/null")
    before = everything(tmp_path)
    for path in before:
        given = [word.format(run=small_run) for word in command]
        assert cli.main([*given, str(path)]) == 2
        _, err = capsys.readouterr()
        assert str(path) in err and err.count("\n") == 1
    assert everything(tmp_path) == before


def raising(error):
    def read(file):
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda file: json.loads(b"[" * 100_000), "is damaged"),
        (lambda file: zipfile.ZipFile(file), "is damaged (File is not a zip file)"),
        (lambda file: np.load(file, allow_pickle=False), "is damaged"),
        (raising(MemoryError()), "is damaged (MemoryError)"),
        (raising(KeyError("two\nlines")), r"is damaged ('two\nlines')"),
        (raising(OSError(errno.EIO, "Input/output error")), "is damaged (Input/output error)"),
        (raising(InputError("as it is")), "as it is"),
    ],
)
def test_reading_turns_every_error_into_one(tmp_path, read, words):
    path = tmp_path / "file"
    path.write_bytes(b"no zip file")
    with pytest.raises(InputError) as error, files.reading(path) as file:
        read(file)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_reading_opens_regular_files_alone(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for name, words in (
        ("fifo", "is not a regular file"),
        ("/dev/zero", "is not a regular file"),
        ("", "is a folder; give a file"),
        ("none", "cannot be read (No such file or directory)"),
        ("x" * 300, "cannot be read (File name too long)"),
    ):
        path = tmp_path / name
        with pytest.raises(InputError) as error, files.reading(path):
            raise AssertionError
        assert str(error.value) == f"{path}: {words}"
