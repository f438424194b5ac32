"""Files: behind links that methods return, and inside of parameters."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Protocol, Union

from . import _arguments, _native

if TYPE_CHECKING:
    from ._operations import Operation

__all__ = ["BinaryWriter", "Downloaded", "FileData", "download", "download_bytes"]


class BinaryWriter(Protocol):
    """A file that was opened for writing bytes, or something like it."""

    def write(self, data: bytes, /) -> Any: ...


class Downloaded(NamedTuple):
    """A file that was fetched."""

    #: How many bytes it has.
    bytes: int
    #: Its name as the server gives it, without any folder.
    name: Optional[str]
    #: What it is, as the server says: ``"image/png"``.
    media_type: Optional[str]


class FileData:
    """A file to send. It is held whole: the portal takes files as base64 inside of the parameters.

    >>> photo = FileData("face.png", b"...")
    >>> photo.crm_field_value()
    {'fileData': ['face.png', 'Li4u']}

    :param name: its name in the portal.
    :param content: its bytes.
    """

    def __init__(self, name: str, content: bytes) -> None:
        self.name = _arguments.text("name", name)
        if not isinstance(content, (bytes, bytearray, memoryview)):
            raise TypeError(f"content is of type {type(content).__name__}, not bytes")
        self.content = bytes(content)

    def __repr__(self) -> str:
        return f"FileData({self.name!r}, {len(self.content)} bytes)"

    @classmethod
    def read(cls, path: Union[str, os.PathLike[str]]) -> FileData:
        """The file at a path, under the last part of it.

        :raises OSError: it cannot be read.
        """
        where = _arguments.path("path", path)
        with open(where, "rb") as file:
            return cls(os.path.basename(where), file.read())

    def name_and_base64(self) -> list[str]:
        """``[name, base64]``: what ``fileContent`` of ``disk.*`` and the files of tasks and messages are."""
        # Imported late: most programs send no files.
        import base64

        return [self.name, base64.b64encode(self.content).decode("ascii")]

    def crm_field_value(self) -> dict[str, list[str]]:
        """``{"fileData": [name, base64]}``: what a field of type file is in the CRM."""
        return {"fileData": self.name_and_base64()}

    def upload_params(self, folder_id: int) -> dict[str, Any]:
        """The parameters of ``disk.folder.uploadfile`` and, with the ID of a storage, ``disk.storage.uploadfile``."""
        return {
            "id": _arguments.whole_number("folder_id", folder_id, 1),
            "data": {"NAME": self.name},
            "fileContent": self.name_and_base64(),
        }


def _request(link: str, allow_hosts: Sequence[str], any_host: bool, size: Optional[int]) -> dict[str, Any]:
    return {
        "link": _arguments.text("link", link),
        "allow_hosts": _arguments.texts("allow_hosts", allow_hosts),
        "any_host": bool(any_host),
        "size": None if size is None else _arguments.whole_number("size", size, 0),
    }


def download(
    client: _native.Client,
    link: str,
    target: Union[str, os.PathLike[str], BinaryWriter],
    allow_hosts: Sequence[str],
    any_host: bool,
    size: Optional[int],
) -> Operation[Downloaded]:
    """Fetches a file to a path, or writes it to a file that is open."""
    request = _request(link, allow_hosts, any_host, size)
    if isinstance(target, (str, os.PathLike)):
        return Downloaded(*(yield client.download(request, _arguments.path("target", target))))
    if not callable(getattr(target, "write", None)):
        raise TypeError(f"target is of type {type(target).__name__}, not a path or a file that is open")
    opened: _native.OpenedFile = yield client.open_file(request)
    written = 0
    while True:
        piece: Optional[bytes] = yield opened.next_piece()
        if piece is None:
            return Downloaded(written, *opened.facts())
        target.write(piece)
        written += len(piece)


def download_bytes(
    client: _native.Client, link: str, allow_hosts: Sequence[str], any_host: bool, size: Optional[int]
) -> Operation[bytes]:
    """Fetches a file into memory."""
    opened: _native.OpenedFile = yield client.open_file(_request(link, allow_hosts, any_host, size))
    pieces: list[bytes] = []
    while True:
        piece: Optional[bytes] = yield opened.next_piece()
        if piece is None:
            return b"".join(pieces)
        pieces.append(piece)
