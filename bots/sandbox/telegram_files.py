"""Files as Telegram keeps them: photos re-encoded to its sizes, documents as they are."""

import io
import secrets
from dataclasses import dataclass
from functools import lru_cache

import pillow_heif
from PIL import Image, ImageOps

from bots.sandbox.telegram_rules import Json

LONG_SIDES = (90, 320, 800, 1280)  # core.telegram.org/api/files: the sizes s, m, x, y of a photo
QUALITY = 87
MAX_KEPT = 512 * 1024 * 1024  # bytes; the oldest files are forgotten


class NotAPhoto(ValueError):
    """These bytes are not a picture that a client could send as a photo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file: what messages say of it, and the content of the message it was first sent in."""

    about: Json
    content: Json
    data: bytes


@lru_cache(maxsize=16)
def photo_sizes(data: bytes) -> tuple[tuple[int, int, bytes], ...]:
    """Width, height and JPEG bytes of each size, smallest first, never larger than the original."""
    try:
        heic = pillow_heif.is_supported(data) and data[8:12] != b"avif"  # which Pillow opens by itself
        opened = pillow_heif.open_heif(io.BytesIO(data)).to_pillow() if heic else None
        image = ImageOps.exif_transpose(opened or Image.open(io.BytesIO(data))).convert("RGB")
    # Broken files make Pillow raise all of these, SyntaxError for some PNG.
    except (OSError, ValueError, SyntaxError, RuntimeError, Image.DecompressionBombError) as error:
        raise NotAPhoto("This file is not a picture.") from error
    sizes: list[tuple[int, int, bytes]] = []
    for side in sorted({min(side, max(image.size)) for side in LONG_SIDES}):
        smaller, stream = ImageOps.contain(image, (side, side)), io.BytesIO()
        smaller.save(stream, "JPEG", quality=QUALITY)
        sizes.append((*smaller.size, stream.getvalue()))
    return tuple(sizes)


class Files(dict[str, StoredFile]):
    """Every file of the world by its file_id. A new upload has new ids, also for bytes that were here before."""

    _kept = 0  #: bytes

    def photo(self, data: bytes) -> Json:
        """`photo` of a message; raises NotAPhoto."""
        sizes: list[Json] = []
        for width, height, jpeg in photo_sizes(data):
            sizes.append(self._add(jpeg, {"photo": sizes}, width=width, height=height))
        return {"photo": sizes}

    def document(self, data: bytes, *, name: str, mime: str) -> Json:
        """`document` of a message."""
        content: Json = {}
        content["document"] = self._add(data, content, file_name=name, mime_type=mime)
        return content

    def _add(self, data: bytes, content: Json, **about: object) -> Json:
        file_id, unique_id = f"AgACAgIAAxkB{secrets.token_urlsafe(24)}", f"AQAD{secrets.token_hex(8)}"
        told = about | {"file_id": file_id, "file_unique_id": unique_id, "file_size": len(data)}
        self[file_id] = StoredFile(about=told, content=content, data=data)
        self._kept += len(data)
        while self._kept > MAX_KEPT:
            self._kept -= len(self.pop(next(iter(self))).data)
        return told
