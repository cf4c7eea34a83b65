"""Uploads through the external flow: ask for a URL, send the bytes, complete.

Source: docs.slack.dev/messaging/working-with-files#uploading_files.
"""

import secrets

from bot.sandbox.answers import Json, Refusal
from bot.sandbox.ids import Ids

FILE_BOUND = 200
BYTES_BOUND = 64 * 1024 * 1024
SIZE_LIMIT = 10 * 1024 * 1024


class Files:
    """Files of the workspace; the oldest are forgotten beyond two bounds."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._files: dict[str, Json] = {}
        self._bytes: dict[str, bytes] = {}
        self._upload_ids: dict[str, str] = {}

    def expect(self, filename: str, length: int) -> tuple[str, str]:
        """Announce a file; returns its id and the secret of its upload URL."""
        if length <= 0:
            raise Refusal("invalid_arguments")
        if length > SIZE_LIMIT:
            raise Refusal("file_upload_size_restricted")
        file_id = self._ids.make("F")
        secret = secrets.token_urlsafe(18)
        self._files[file_id] = {
            "id": file_id,
            "name": filename,
            "title": filename,
            "size": length,
            "mimetype": "text/plain",
            "mode": "hosted",
            "shares": {},
        }
        self._upload_ids[secret] = file_id
        while (
            len(self._files) > FILE_BOUND or sum(each["size"] for each in self._files.values()) > BYTES_BOUND
        ):
            oldest = next(iter(self._files))
            del self._files[oldest]
            self._bytes.pop(oldest, None)
        return file_id, secret

    def receive(self, secret: str, body: bytes) -> None:
        """Take the bytes of an announced file, once, and no other number of them than announced."""
        file_id = self._upload_ids.pop(secret, None)
        if file_id is None or file_id not in self._files:
            raise Refusal("file_not_found", status=404)
        if len(body) != self._files[file_id]["size"]:
            raise Refusal("invalid_length", status=400)
        self._bytes[file_id] = body

    def complete(self, file_id: str, title: str | None, permalink: str) -> Json:
        """The finished file, ready to be shared."""
        file = self.find(file_id)
        if file_id not in self._bytes:
            raise Refusal("file_not_found")
        file["title"] = title or file["name"]
        file["permalink"] = file["url_private"] = permalink
        return file

    def find(self, file_id: str) -> Json:
        """The file object of that id."""
        file = self._files.get(file_id)
        if file is None:
            raise Refusal("file_not_found")
        return file

    def body(self, file_id: str) -> bytes:
        """The bytes of a file."""
        self.find(file_id)
        return self._bytes.get(file_id, b"")
