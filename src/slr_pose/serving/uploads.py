"""The body of a request -> a file in a folder of its own, as large as it may be."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from slr_pose.serving.crew import Refused
from slr_pose.serving.replies import SENT

CLIP = "clip"  # what is sent is called, where nothing else is said
LONGEST_NAME = 100  # characters
LINGER_S = 5.0  # in which the rest of what is refused may come


class Upload:
    """The body of a request.

    Args:
        largest: bytes that it may have.
    """

    def __init__(self, request: Request, largest: int):
        self._sent, self._largest, self._left = request, largest, largest
        self._has_begun = self._has_ended = False

    async def save(self, folder: Path) -> str:
        """Write it into a folder: the name of the file.

        Raises:
            Refused: it is too large, no single file, or has no name of a file.
        """
        headers = self._sent.headers
        if int(headers.get("content-length", 0)) > self._largest:
            raise _too_large(self._largest)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        request = Request(self._sent.scope, self._receive)
        if kind == "multipart/form-data":
            return await _save_file_of_form(request, folder)
        name = SENT if kind == "application/json" else _name(request.query_params.get("name", CLIP))
        with open(folder / name, "wb") as file:
            async for chunk in request.stream():
                file.write(chunk)
        return name

    async def let_pass(self) -> None:
        """Let the rest of what is refused come, as far as it comes soon: who is still sending reads no answer."""
        if self._has_begun or "expect" not in self._sent.headers:  # or it is sent only once it is asked for
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._rest(), LINGER_S)

    async def _rest(self) -> None:
        while not self._has_ended:
            self._has_ended = not (await self._sent.receive()).get("more_body")

    async def _receive(self) -> Message:
        self._has_begun = True
        message = await self._sent.receive()
        self._has_ended = not message.get("more_body")
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _too_large(self._largest)
        return message


async def _save_file_of_form(request: Request, folder: Path) -> str:
    try:
        async with request.form(max_files=1, max_fields=0) as form:
            files = [each for each in form.values() if isinstance(each, UploadFile)]
            if len(files) != 1:
                raise Refused(422, "send one file.")
            name = _name(files[0].filename or CLIP)
            with open(folder / name, "wb") as file:
                await asyncio.to_thread(shutil.copyfileobj, files[0].file, file)
        return name
    except HTTPException as error:
        raise Refused(422, f"this form is not one file: {error.detail}") from error


def _too_large(largest: int) -> Refused:
    return Refused(413, f"this is larger than {largest / 1e6:g} MB; send something shorter or smaller.")


def _name(said: str) -> str:
    """The name of a file, in no folder, hidden nowhere."""
    name = said.replace("\\", "/").rpartition("/")[2]
    if not name.isprintable() or name.startswith(".") or not 0 < len(name) <= LONGEST_NAME or name == SENT:
        raise Refused(422, f"name the file otherwise, with up to {LONGEST_NAME} characters and no dot before them.")
    return name
