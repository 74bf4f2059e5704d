"""The markets of TikTok Shop, and the links to products in them."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from core.model import ANY_MARKET

#: TikTok Shop: the public form of a product's address with an explicit region.
PRODUCT_URL = "https://shop.tiktok.com/view/product/{id}?region={region}&locale={locale}"
#: TikTok Shop: product ids are 19 digits today; nothing else is ever put into a link.
_PRODUCT_ID = re.compile(r"[0-9]{10,30}")
_GLOBE = "🌐"
#: How far a letter is from its regional indicator, two of which make a flag (Unicode, UTS 51).
_TO_INDICATOR = 0x1F1E6 - ord("A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A country that TikTok Shop sells in."""

    #: Upper-case ISO 3166 code.
    code: str
    #: BCP 47: the language of its product pages.
    locale: str
    #: Its English name.
    name: str
    #: Whether the endpoint's upstream documents data for it; otherwise it may have few products.
    proven: bool = True


#: In the order of a list that people choose from: documented ones first.
MARKETS = (
    Market(code="US", locale="en-US", name="United States"),
    Market(code="GB", locale="en-GB", name="United Kingdom"),
    Market(code="ID", locale="id-ID", name="Indonesia"),
    Market(code="TH", locale="th-TH", name="Thailand"),
    Market(code="VN", locale="vi-VN", name="Vietnam"),
    Market(code="MY", locale="ms-MY", name="Malaysia"),
    Market(code="PH", locale="en", name="Philippines"),
    Market(code="SG", locale="en", name="Singapore"),
    Market(code="MX", locale="es-MX", name="Mexico"),
    Market(code="BR", locale="pt-BR", name="Brazil"),
    Market(code="ES", locale="es-ES", name="Spain"),
    Market(code="SA", locale="en", name="Saudi Arabia"),
    Market(code="DE", locale="de-DE", name="Germany", proven=False),
    Market(code="FR", locale="fr-FR", name="France", proven=False),
    Market(code="IT", locale="it-IT", name="Italy", proven=False),
    Market(code="IE", locale="en-IE", name="Ireland", proven=False),
    Market(code="JP", locale="ja-JP", name="Japan", proven=False),
)
_BY_CODE = {market.code: market for market in MARKETS}
_ALIASES = {
    **{market.name.casefold(): market.code for market in MARKETS},
    **{market.code.casefold(): market.code for market in MARKETS},
    **dict.fromkeys(("uk", "great britain", "britain", "england"), "GB"),
    **dict.fromkeys(("usa", "america", "united states of america"), "US"),
    **dict.fromkeys(("any", "any market", "all", "everywhere", "world", "worldwide", ANY_MARKET), ANY_MARKET),
    "ksa": "SA",
    "viet nam": "VN",
    "the philippines": "PH",
}
#: What a caption may say after "#": a code, so that ordinary hashtags stay words.
_TAG = re.compile(rf"(?<![\w#&/])#(any|uk|{'|'.join(_BY_CODE)})(?!\w)", re.IGNORECASE)


def find_market(text: str, names: Iterable[tuple[str, str]] = ()) -> str | None:
    """The market that ``text`` names: its code, ANY_MARKET for "any", or None for a place without one.

    Codes, English names and ``names`` (pairs of name and code) count in any case; ``UK`` is GB.
    """
    wanted = " ".join(text.removeprefix("#").split()).casefold()
    if wanted in _ALIASES:
        return _ALIASES[wanted]
    return next(
        (code for name, code in names if name.casefold() == wanted and (code in _BY_CODE or code == ANY_MARKET)), None
    )


def market(code: str | None) -> Market | None:
    """The market of an exact code, or None for ANY_MARKET, None and codes that are not ours."""
    return _BY_CODE.get(code) if code else None


def flag(code: str | None) -> str:
    """The flag of a two-letter code; a globe for any market and for what is not a code."""
    if code is None or len(code) != 2 or not (code.isascii() and code.isalpha()):
        return _GLOBE
    return "".join(chr(ord(letter) + _TO_INDICATOR) for letter in code.upper())


def take_market(caption: str) -> tuple[str | None, str]:
    """Take ``#US`` (``#uk``, ``#any`` …) out of a caption: the first market or None, and the other words."""
    named = _TAG.search(caption)
    if named is None:
        return None, caption
    return find_market(named[1]), " ".join(_TAG.sub(" ", caption).split())


def product_link(template: str, match_id: str, region: str | None) -> str | None:
    """The address of a product, or None where none can be built safely.

    ``template`` has ``{id}`` and perhaps ``{region}`` and ``{locale}``. For a region without a market the
    query is dropped when it needs one. The address is https, or http on this machine.
    """
    if not _PRODUCT_ID.fullmatch(match_id) or not safe_address(template):
        return None
    place = market(region)
    if place is None:
        parts = urlsplit(template)
        if _needs_market(parts.query):
            template = urlunsplit(parts._replace(query=""))
        if _needs_market(template):
            return None
    else:
        template = template.replace("{region}", place.code).replace("{locale}", place.locale)
    return template.replace("{id}", match_id)


def safe_address(url: str) -> bool:
    """Whether ``url`` is a whole https address, or an http one of this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or "{" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(host))


def is_this_machine(host: str) -> bool:
    """Whether a host, as urlsplit gives it, is this machine's loopback: nobody else listens in there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _needs_market(text: str) -> bool:
    return "{region}" in text or "{locale}" in text
