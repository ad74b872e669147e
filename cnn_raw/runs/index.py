"""The index of a checkpoint, looked through before TensorFlow reads it.

A checkpoint's ``.index`` is a table as LevelDB writes it: blocks of keys and values, and a footer
that says where the block is that lists the blocks. A value is a ``BundleEntryProto`` (TensorFlow's
tensor_bundle.proto): dtype, shape, file, place, size and checksum of a tensor. A large tensor can
be kept in slices. TensorFlow believes what an entry says of them, and aborts the process where it
is not so; 2016's program and this one write none, so whatever has some is refused.
"""

from collections.abc import Iterator

TABLE_END = bytes.fromhex("57fb808b247547db")
_FOOTER = 48  # bytes: two handles, padding, a magic number
_TRAILER = 5  # bytes after a block: how it is compressed, and a checksum
_HEADER_TAGS = {0x08, 0x10, 0x1A}  # number of files, byte order, version
_ENTRY_TAGS = {0x08, 0x12, 0x18, 0x20, 0x28, 0x35}  # all fields but slices


def check_index(content: bytes) -> None:
    """Raise ValueError unless every entry is a whole tensor, and none is hidden."""
    if not content.endswith(TABLE_END):
        raise ValueError("its index is cut")
    try:
        _, at = _handle(content[-_FOOTER:], 0)
        listing, _ = _handle(content[-_FOOTER:], at)
        for _, value in _block(content, *listing):
            handle, _ = _handle(value, 0)
            for key, entry in _block(content, *handle):
                if not _tags(entry) <= (_ENTRY_TAGS if key else _HEADER_TAGS):
                    raise ValueError("its index has entries that are no whole tensors")
    except IndexError:
        raise ValueError("its index is cut") from None


def _block(content: bytes, start: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of a block."""
    if start + size + _TRAILER > len(content) or content[start + size]:
        raise ValueError("its index has a block that is cut or compressed")
    block = content[start : start + size]
    restarts = int.from_bytes(block[-4:], "little")  # places where TensorFlow starts to read
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError("its index has a block that is too short")
    key, at, starts = b"", 0, set()
    while at < end:
        starts.add(at)
        shared, at = _varint(block, at)
        unshared, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + unshared]
        at += unshared
        yield key, block[at : at + length]
        at += length
    places = {int.from_bytes(block[i : i + 4], "little") for i in range(end, len(block) - 4, 4)}
    if at != end or not places <= starts | {0}:
        raise ValueError("its index has a block whose entries overlap")


def _tags(message: bytes) -> set[int]:
    """Return the tags, field number and wire type, of a protocol buffer's message."""
    tags, at = set(), 0
    while at < len(message):
        tag = message[at]
        tags.add(tag)
        at += 1
        if tag & 7 == 5:
            at += 4
        else:
            value, at = _varint(message, at, 10)
            at += value if tag & 7 == 2 else 0
    if at != len(message):
        raise ValueError("its index has an entry that is cut")
    return tags


def _handle(content: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Return where a block is, (start, size), and where the next thing follows."""
    start, at = _varint(content, at)
    size, at = _varint(content, at)
    return (start, size), at


def _varint(content: bytes, at: int, most: int = 5) -> tuple[int, int]:
    """Return the number at a place, seven bits a byte, and where the next thing follows."""
    number = 0
    for place in range(most):
        number |= (content[at + place] & 127) << (7 * place)
        if content[at + place] < 128:
            if number >> 32 and most == 5:
                break
            return number, at + place + 1
    raise ValueError("its index has a number that is too long")
