"""End the lines of a text in one way, whichever way they are ended in a file."""

from __future__ import annotations

from collections.abc import Iterator


def unix_lines(text: Iterator[bytes]) -> Iterator[bytes]:
    r"""The text (UTF-8) with \r\n and \r turned into \n, also where a chunk ends between the two."""
    held = b""
    for chunk in text:
        whole = held + chunk if held else chunk
        held = b"\r" if whole.endswith(b"\r") else b""
        whole = whole[:-1] if held else whole
        yield whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in whole else whole
    if held:
        yield b"\n"
