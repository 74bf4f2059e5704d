"""The endpoint's JSON: bytes of a question, and what an answer of any kind means."""

import base64
import json
import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from core.keyapi.errors import AccessDenied, Denial, NoAnswer, RateLimited, Refused, TooLarge
from core.model import ANY_MARKET, Match
from core.texts import clean

#: KeyAPI, "size": at most 30 hits an answer, for the same price; asked for and kept whole, so that paging is free.
MOST_MATCHES = 30
#: Characters of a product's name that are kept; names of 100 kB have been seen.
NAME_LIMIT = 200
#: Characters of an id; ids have 19 digits today.
_ID_LIMIT = 64
#: Characters of what the endpoint says about an error.
_MESSAGE_LIMIT = 160
#: Bytes of an error's body that are looked at where it is not JSON.
_EXCERPT = 2048
#: Seen at the service behind KeyAPI with status 500 and 403: the operator is out of credits.
_OUT_OF_CREDITS = "usage limit exceeded"
_REGION = re.compile(r"[A-Z]{2}")
#: TOS: a bucket's name has 3 to 63 characters; keys are printable.
_PICTURE = re.compile(r"tos://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([!-~]{1,512})")
_SECONDS = re.compile(r"\d{1,9}(\.\d+)?")


def request_body(jpeg: bytes, hint: str | None, region: str | None) -> bytes:
    """The question as JSON. Joined by hand: base64 needs no escaping, and the picture is nearly all of it.

    Raw standard base64; ``product_name`` and ``region`` are left out where there is none, never empty.
    """
    parts = [b'{"image_base64":"', base64.b64encode(jpeg), b'","size":%d' % MOST_MATCHES]
    if hint:
        parts += b',"product_name":', json.dumps(hint).encode()
    if region and region != ANY_MARKET:
        parts += b',"region":', json.dumps(region).encode()
    parts.append(b"}")
    return b"".join(parts)


def parse(status: int, headers: Mapping[str, str], body: bytes) -> tuple[Match, ...]:
    """The matches of an answer, best first; raises the SearchFailed that fits any other.

    The HTTP status decides first, then the body's ``code``, never a text alone but for "usage limit
    exceeded".
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    fields = document if isinstance(document, dict) else {}
    succeeded = 200 <= status < 300
    code = _code(fields.get("code")) if succeeded else status
    if code != 0:
        _fail(status, code, fields, headers, body)
    hits = fields.get("data")
    if not isinstance(hits, list):
        raise NoAnswer(f"HTTP {status}, code 0 without a list of products")
    matches = _matches(hits)
    if hits and not matches:
        raise NoAnswer(f"HTTP {status}, code 0 with {len(hits)} products that cannot be read")
    return matches


def _fail(
    status: int, code: int | None, fields: Mapping[str, Any], headers: Mapping[str, str], body: bytes
) -> NoReturn:
    message = fields.get("message")
    if isinstance(message, str):
        said = clean(message, _MESSAGE_LIMIT)
    else:
        said = clean(re.sub("<[^>]*>", " ", body[:_EXCERPT].decode(errors="replace")), _MESSAGE_LIMIT)
    detail = f"HTTP {status}" if code in (None, status) else f"HTTP {status}, code {code}"
    if said:
        detail = f"{detail}: {said}"
    if isinstance(message, str) and _OUT_OF_CREDITS in message.casefold():
        raise AccessDenied(detail, kind=Denial.QUOTA)
    match code:
        case 400:
            raise Refused(detail)
        case 401:
            raise AccessDenied(detail, kind=Denial.KEY)
        case 402:
            raise AccessDenied(detail, kind=Denial.QUOTA)
        case 403:
            raise AccessDenied(detail, kind=Denial.FORBIDDEN)
        case 413:
            raise TooLarge(detail)
        case 429:
            raise RateLimited(detail, retry_after=_retry_after(headers))
        case _:
            raise NoAnswer(detail)


def _code(value: object) -> int | None:
    """The body's code, also where it is written as text."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,6}", value, re.ASCII):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After (RFC 9110, 10.2.3): a number, or a date less the answer's own Date."""
    text = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        later, now = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (later - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _matches(hits: list[Any]) -> tuple[Match, ...]:
    """At most MOST_MATCHES products: sorted stably by score, those without one last, each id once."""
    usable = [hit for hit in hits if isinstance(hit, dict) and isinstance(hit.get("_source"), dict)]
    found: dict[str, Match] = {}
    for hit in sorted(usable, key=_rank):
        source = hit["_source"]
        product = _id(source.get("product_id")) or _id(hit.get("_id"))
        if product and product not in found:
            found[product] = _match(product, source)
            if len(found) == MOST_MATCHES:
                break
    return tuple(found.values())


def _rank(hit: Mapping[str, Any]) -> float:
    score = hit.get("_score")
    if isinstance(score, bool) or not isinstance(score, int | float):
        return math.inf
    try:
        return -score if math.isfinite(score) else math.inf
    except OverflowError:  # An integer beyond what a float holds.
        return math.inf


def _id(value: object) -> str | None:
    """A product id as text: ids are above 2^53, so one that came as a float is lost."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return (clean(value, _ID_LIMIT) or None) if isinstance(value, str) else None


def _match(product: str, source: Mapping[str, Any]) -> Match:
    name, region, picture = (
        value if isinstance(value, str) else ""
        for value in (
            source.get("product_name"),
            source.get("priority_region"),
            source.get("vector_source_image"),
        )
    )
    region = region.strip().upper()
    place = _PICTURE.fullmatch(picture)
    return Match(
        id=product,
        name=clean(name, NAME_LIMIT),
        region=region if _REGION.fullmatch(region) else None,
        picture=(place[1], place[2]) if place else None,
    )
