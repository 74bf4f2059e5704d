"""Image files from outside, opened with caution: few formats, and bounds before anything is decoded."""

import functools
import io
import warnings
from dataclasses import dataclass
from enum import StrEnum

from PIL import (
    AvifImagePlugin,  # noqa: F401 - the import registers the format
    Image,
    ImageFile,
    WebPImagePlugin,  # noqa: F401 - the import registers the format
)

from core.model import Problem

#: Bot API, getFile: files of up to 20 MB can be downloaded.
LARGEST_FILE = 20 * 1024 * 1024
#: Pixels: a photo with a shorter side is not worth a credit.
SHORTEST_SIDE = 100


class Kind(StrEnum):
    """The formats that are decoded, by Pillow's names."""

    JPEG = "JPEG"
    PNG = "PNG"
    GIF = "GIF"
    WEBP = "WEBP"
    AVIF = "AVIF"
    HEIF = "HEIF"


#: So that a decoder stays under 400 MiB (measured at these sizes). JPEG is decoded at a scale; WebP and AVIF
#: decoders need three times what they decode to.
MOST_PIXELS = {
    Kind.JPEG: 110_000_000,
    Kind.PNG: 50_000_000,
    Kind.GIF: 50_000_000,
    Kind.WEBP: 24_000_000,
    Kind.AVIF: 36_000_000,
    Kind.HEIF: 50_000_000,
}
#: libjpeg keeps the coefficients of a JPEG with several scans, up to 6 bytes a pixel, whatever the scale.
MOST_PIXELS_IN_SCANS = 50_000_000
#: Encoders write about ten scans; each one costs a pass over the whole picture.
MOST_SCANS = 100

_SIGNATURES = {
    b"\xff\xd8\xff": Kind.JPEG,
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
    b"GIF87a": Kind.GIF,
    b"GIF89a": Kind.GIF,
}
#: ISO/IEC 23008-12 and the AVIF specification: brands of still pictures and of their sequences.
_BRANDS = {
    Kind.AVIF: frozenset((b"avif", b"avis")),
    Kind.HEIF: frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs")),
}
#: TIFF, BMP, ICO, Photoshop, JPEG 2000, JPEG XL, PDF, Matroska/WebM, Ogg, FLV: known, and not taken.
_OTHERS = (
    *(b"II*\0", b"MM\0*", b"BM", b"\0\0\x01\0", b"8BPS", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51"),
    *(b"\xff\x0a", b"\0\0\0\x0cJXL ", b"%PDF", b"\x1aE\xdf\xa3", b"OggS", b"FLV"),
)

# Pillow warns above its limit and refuses at twice as much; here it refuses at once. Both hold for the
# whole process.
Image.MAX_IMAGE_PIXELS = max(MOST_PIXELS.values())
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class UnreadablePhoto(Exception):
    """The photo cannot be used; nothing is charged."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoFile:
    """A picture whose header was read and found within bounds. Nothing is decoded yet."""

    image: ImageFile.ImageFile
    kind: Kind
    #: Pixels that its decoder keeps at once, in full-size pixels of 3 bytes or so.
    weight: int


def open_photo(data: bytes) -> PhotoFile:
    """Read the header of a picture. Raises UnreadablePhoto, and whatever Pillow raises for a broken one."""
    if len(data) > LARGEST_FILE:
        raise UnreadablePhoto(Problem.TOO_LARGE)
    kind = _sniff(data)
    if kind is Kind.HEIF:
        _register_heif()
    # The name of the format keeps every other decoder of Pillow out of reach. Only the first frame is ever
    # read.
    image = Image.open(io.BytesIO(data), formats=(kind,))
    pixels = image.width * image.height
    if pixels > MOST_PIXELS[kind]:
        raise UnreadablePhoto(Problem.TOO_MANY_PIXELS)
    if min(image.size) < SHORTEST_SIDE:
        raise UnreadablePhoto(Problem.TOO_SMALL)
    if kind is not Kind.JPEG:
        return PhotoFile(image=image, kind=kind, weight=pixels)
    if not _has_several_scans(image, data):
        return PhotoFile(image=image, kind=kind, weight=pixels // 16)
    if pixels > MOST_PIXELS_IN_SCANS:
        raise UnreadablePhoto(Problem.TOO_MANY_PIXELS)
    if data.count(b"\xff\xda") > MOST_SCANS:
        raise UnreadablePhoto(Problem.BROKEN)
    return PhotoFile(image=image, kind=kind, weight=pixels // 4)


def _sniff(data: bytes) -> Kind:
    """The format by the file's first bytes; names and announced types are not to be trusted."""
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Kind.WEBP
    if data[4:8] == b"ftyp":
        # ISO/IEC 14496-12: size, "ftyp", major brand, version, compatible brands; files of "mif1" tell by
        # the latter.
        box = data[8 : min(int.from_bytes(data[:4]), 256)]
        brands = [box[:4], *(box[at : at + 4] for at in range(8, len(box), 4))]
        for brand in brands:
            for kind, known in _BRANDS.items():
                if brand in known:
                    return kind
        raise UnreadablePhoto(Problem.UNSUPPORTED)
    if data.startswith(_OTHERS) or (data[:4] == b"RIFF" and data[8:12] == b"AVI ") or _is_svg(data):
        raise UnreadablePhoto(Problem.UNSUPPORTED)
    raise UnreadablePhoto(Problem.NOT_A_PICTURE)


def _is_svg(data: bytes) -> bool:
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    xml = head.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg"))
    return head.startswith(b"<svg") or (xml and b"<svg" in head)


@functools.cache
def _register_heif() -> None:
    """Teach Pillow HEIC when the first one comes: most photos are JPEG, and the library is large."""
    import pillow_heif  # noqa: PLC0415 - the point of this function

    # The pool of decoders is what runs in parallel; embedded thumbnails are never taken for the picture.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _has_several_scans(image: ImageFile.ImageFile, data: bytes) -> bool:
    """Whether libjpeg must keep the whole JPEG before it can scale: progressive, or components one by one.

    Walks the marker segments to the first scan header (ITU-T T.81, B.1 and B.2.3).
    """
    if "progressive" in image.info:
        return True
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:
            return data[at + 4] < len(image.getbands())
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:  # no parameters
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return True
