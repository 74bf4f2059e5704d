"""The endpoint's stand-in: image search in the catalogue over HTTP, and what it would have charged."""

import asyncio
import hashlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from bots.sandbox import pictures
from bots.sandbox.behaviours import BEHAVIOURS, Behaviour, Exchange, Hit, proxy_page, refusal
from bots.sandbox.catalogue import Catalogue, Listing
from bots.sandbox.question import Refused, look, read

PATH = "/v1/tiktok/product/image-search/analytics"
MAX_BODY = 1 << 20  # bytes: an ordinary proxy's limit, nginx's client_max_body_size
BUCKET = "sandbox-images"

Plan = tuple[str, float | None]  # how a request will be answered: a behaviour's name, and its seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as the stand-in remembers it."""

    at: str = field(default_factory=lambda: datetime.now(UTC).isoformat())
    outcome: str  #: the behaviour's name, or the status that it was refused with
    charged: bool = False
    region: str = ""
    product_name: str = ""
    digest: str = ""  #: sha256 of the picture's bytes, hexadecimal


class Endpoint:
    """What the stand-in knows: its shop, its key, how it can behave and will, what it counted.

    Without a key any that begins with sk_ is good.
    """

    def __init__(self, *, key: str | None = None, behaviours: Mapping[str, Behaviour] = BEHAVIOURS) -> None:
        self.shop = Catalogue()
        self.behaviours = behaviours
        self.requests = self.charged = 0
        self.outcomes: Counter[str] = Counter()
        self.log: deque[Call] = deque(maxlen=200)  # what the page may be sent at once
        self._key = key
        self._always: Plan = ("normal", None)
        self._next: deque[Plan] = deque()

    def behave(self, name: str, times: int | None = None, seconds: float | None = None) -> None:
        """Behave so for the next `times` requests, after those already planned; None: from now on, for all.

        `seconds` are the behaviour's own: how long slow waits. Raises ValueError for an unknown name.
        """
        if name not in self.behaviours:
            raise ValueError("no such behaviour")
        if times is None:
            self._always = (name, seconds)
            self._next.clear()
        else:
            self._next.extend([(name, seconds)] * times)

    def state(self) -> dict[str, object]:
        """Counters, the calls remembered (oldest first), how the next request will be answered."""
        return {
            "requests": self.requests,
            "charged": self.charged,
            "outcomes": dict(self.outcomes),
            "behaviour": (self._next[0] if self._next else self._always)[0],
            "log": [asdict(call) for call in self.log],
        }

    def routes(self) -> list[web.RouteDef]:
        """What the stand-in serves."""
        return [web.post(PATH, self._search), web.get("/pictures/{bucket}/{key:.+}", self._picture)]

    def plan(self, request: web.Request) -> Plan:
        """How to answer this request, which uses up a plan."""
        return self._next.popleft() if self._next else self._always

    async def _search(self, request: web.Request) -> web.StreamResponse:
        name, seconds = self.plan(request)
        self.requests += 1
        free, hits = partial(self._note, Call(outcome=name)), partial(self._hits, request, name)
        exchange = Exchange(request=request, seconds=seconds, free=free, hits=hits)
        try:
            return await self.behaviours[name](exchange)
        except web.HTTPRequestEntityTooLarge:
            self._note(Call(outcome="413"))
            return proxy_page(413, "413 Request Entity Too Large")
        except Refused as refused:
            self._note(Call(outcome=str(refused.status)))
            return refusal(refused.status, refused.message)

    async def _picture(self, request: web.Request) -> web.Response:
        """The picture that an address tos://bucket/key of an answer stands for."""
        product = self.shop.by_picture.get(request.match_info["key"])
        if product is None or request.match_info["bucket"] != BUCKET:
            raise web.HTTPNotFound
        return web.Response(body=await asyncio.to_thread(pictures.card, product.key), content_type="image/jpeg")

    async def _hits(self, request: web.Request, outcome: str) -> list[Hit]:
        """Read the question, count it as charged, search. Raises Refused and HTTPRequestEntityTooLarge."""
        body = await request.read()
        self._admit(request.headers.get("Authorization", ""))
        asked = read(body, request.content_type)
        seen = await asyncio.to_thread(look, asked.image_base64)
        digest = hashlib.sha256(asked.image_base64).hexdigest()
        call = Call(outcome=outcome, charged=True, region=asked.region, product_name=asked.product_name, digest=digest)
        self._note(call)  # before anything can fail: the service takes no charge back either
        search = partial(self.shop.search, seen, size=asked.size, region=asked.region, words=asked.product_name)
        return [_hit(listing, score) for listing, score in await asyncio.to_thread(search)]

    def _note(self, call: Call) -> None:
        self.outcomes[call.outcome] += 1
        self.charged += call.charged
        self.log.append(call)

    def _admit(self, authorization: str) -> None:
        """Let the request in by its key. Raises Refused."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise Refused(401, "apiKey is null")
        if key != self._key if self._key else not key.startswith("sk_"):
            raise Refused(401, "apiKey is invalid")


def _hit(listing: Listing, score: float) -> Hit:
    source = {
        "product_id": listing.id,
        "priority_region": listing.region,
        "vector_source_image": f"tos://{BUCKET}/{listing.picture}",
        "product_name": listing.name,
    }
    return {"_index": "product_image_search", "_id": listing.id, "_score": score, "_source": source}


def endpoint_app(endpoint: Endpoint) -> web.Application:
    """The stand-in as an aiohttp application. Serve it with `handler_cancellation`, as `serve` does."""
    app = web.Application(client_max_size=MAX_BODY)
    app.add_routes(endpoint.routes())
    return app


@asynccontextmanager
async def serve(endpoint: Endpoint, *, port: int = 0) -> AsyncIterator[str]:
    """Serve the stand-in at the loopback address given; open requests end on leaving. Port 0: any free one."""
    runner = web.AppRunner(endpoint_app(endpoint), handler_cancellation=True, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
