"""What is outside of the core, in memory: an endpoint that charges, chats, photos, admins."""

import asyncio
import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from itertools import count

from PIL import Image

from core import photos
from core.adapter import PhotoGone, Unreachable
from core.keyapi.errors import AccessDenied, Denial, NoAnswer, NotSent, RateLimited, Refused, SearchFailed, TooLarge
from core.model import Match, Origin, Outcome, Problem, Working
from core.photos import Photo, UnreadablePhoto
from tests.simulation.virtual_time import Died, InlineExecutor

TIMEOUT = 30.0
#: Seconds that keep two moments apart.
GRAIN = 1e-6
MATCHES = (Match(id="1729592969713225728", name="Red shoe"), Match(id="1729592969713225729", name="Blue shoe"))


@cache
def picture(name: str) -> Photo:
    """A real prepared photo of a name: the same name is the same photo."""
    image = Image.linear_gradient("L").resize((360, 120))
    shifts = hashlib.sha256(name.encode()).digest()[:3]
    tinted = Image.merge("RGB", [image.point(lambda level, by=by: (level + by) % 256) for by in shifts])
    file = io.BytesIO()
    tinted.save(file, "PNG")
    return photos.prepare(file.getvalue())


class Does(Enum):
    """What the endpoint does with a request."""

    ANSWERS = auto()
    FINDS_NOTHING = auto()
    #: 400
    REFUSES = auto()
    #: 402
    DENIES = auto()
    #: 413
    SAYS_TOO_LARGE = auto()
    #: 429
    SAYS_TOO_FAST = auto()
    #: 500; charged all the same
    FAILS_CHARGED = auto()
    #: A reset; not charged
    LOSES = auto()
    #: Never sent
    UNREACHABLE = auto()
    #: Answers, and charges, after the client's deadline
    DAWDLES = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """One request's fate, and how long it takes in seconds."""

    does: Does = Does.ANSWERS
    seconds: float = 1.0
    retry_after: float | None = None


@dataclass(slots=True)
class Request:
    """One request as the endpoint saw it."""

    question: tuple[bytes, str | None, str | None]
    at: float
    life: int
    reply: Reply
    charged: bool = False
    #: When its sender knew how it ended, or was gone.
    ended: float | None = None


CHARGING = (Does.ANSWERS, Does.FINDS_NOTHING, Does.FAILS_CHARGED, Does.DAWDLES)


class Endpoint:
    """The search endpoint: ``plan`` says what becomes of each request; `requests` says what came."""

    def __init__(self, plan: Callable[[], Reply] = Reply) -> None:
        self.plan = plan
        self.requests: list[Request] = []
        self.life = 0
        self.on_start: Callable[[Request], None] = lambda request: None
        self.on_end: Callable[[Request, bool], None] = lambda request, heard: None

    @property
    def charged(self) -> int:
        return sum(request.charged for request in self.requests)

    @property
    def live(self) -> list[Request]:
        return [request for request in self.requests if request.ended is None]

    async def search(self, jpeg: bytes, *, hint: str | None, region: str | None) -> tuple[Match, ...]:
        """Has the interface of core.keyapi.client.KeyApi."""
        loop = asyncio.get_running_loop()
        reply = self.plan()
        request = Request((jpeg, region, hint and hint.casefold()), loop.time(), self.life, reply)
        self.on_start(request)
        self.requests.append(request)
        if reply.does in CHARGING:
            # The endpoint goes on, whether or not anybody waits for it.
            at = 0.99 if reply.does is Does.DAWDLES else 0.5
            loop.call_later(reply.seconds * at, self._charge, request)
        heard = False
        try:
            await asyncio.sleep(min(reply.seconds, TIMEOUT))
            heard = True
        finally:
            request.ended = loop.time()
            self.on_end(request, heard)
        return _answer(reply)

    @staticmethod
    def _charge(request: Request) -> None:
        request.charged = True


def _answer(reply: Reply) -> tuple[Match, ...]:
    match reply.does:
        case Does.ANSWERS:
            return MATCHES
        case Does.FINDS_NOTHING:
            return ()
        case Does.SAYS_TOO_FAST:
            raise RateLimited("qps limit exceeded", retry_after=reply.retry_after)
        case Does.DENIES:
            raise AccessDenied("apiKey quota is not enough", kind=Denial.QUOTA)
    failures: dict[Does, type[SearchFailed]] = {
        Does.REFUSES: Refused,
        Does.SAYS_TOO_LARGE: TooLarge,
        Does.UNREACHABLE: NotSent,
    }
    raise failures.get(reply.does, NoAnswer)


@dataclass(slots=True)
class Message:
    """A message in a chat: everything it has said, and when."""

    search: str
    chat: str
    said: list[tuple[float, Outcome | Working]] = field(default_factory=list)

    @property
    def outcomes(self) -> list[Outcome]:
        return [what for _, what in self.said if not isinstance(what, Working)]

    @property
    def text(self) -> Outcome | Working:
        return self.said[-1][1]


class Chats:
    """Messenger, photo source and decoder of a platform. Photos are named by what becomes of them."""

    def __init__(self, executor: InlineExecutor) -> None:
        self._executor = executor
        self.messages: dict[str, Message] = {}
        #: Every try to show something, also those that failed.
        self.tries: list[tuple[float, str, Outcome | Working]] = []
        self.unreachable: set[str] = set()
        #: Seconds that showing takes; a number below 0: it fails this time.
        self.showing: Callable[[], float] = lambda: 0.02
        # First come, first loaded: timers of the same moment have no order.
        self.loading: Callable[[], float] = (0.05 + n * GRAIN for n in count()).__next__

    def of(self, search: str) -> list[Message]:
        return [message for message in self.messages.values() if message.search == search]

    async def show(self, origin: Origin, outcome: Outcome | Working) -> str | None:
        loop = asyncio.get_running_loop()
        self._alive()
        self.tries.append((loop.time(), outcome.search, outcome))
        if isinstance(outcome, Working) and outcome.quiet:
            return None
        seconds = self.showing()
        await asyncio.sleep(abs(seconds) / 2)
        self._alive()
        if origin.chat in self.unreachable:
            raise Unreachable
        if seconds < 0:
            raise ConnectionError("the platform is away")
        key = origin.answer or f"m{len(self.messages) + 1}"
        message = self.messages.setdefault(key, Message(outcome.search, origin.chat))
        message.said.append((loop.time(), outcome))
        await asyncio.sleep(seconds / 2)
        self._alive()
        return key

    async def load(self, origin: Origin) -> bytes:
        await asyncio.sleep(self.loading())
        self._alive()
        if origin.photo == "gone":
            raise PhotoGone
        if origin.photo == "error":
            raise ConnectionError("the platform is away")
        return origin.photo.encode()

    async def prepare(self, data: bytes) -> Photo:
        """Has the interface of core.photos.Decoders."""
        await asyncio.sleep(0.01)
        if data == b"broken":
            raise UnreadablePhoto(Problem.BROKEN)
        return picture(data.decode())

    def _alive(self) -> None:
        if self._executor.dead:
            raise Died


class Admins:
    """Remembers what the admins were told, and when."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def tell_admins(self, event: str, facts: Mapping[str, str]) -> None:
        await asyncio.sleep(0.01)
        self.told.append(event)
