"""An independent judge reads our description of the endpoint and asks the stand-in over a real socket."""

import asyncio
import base64
import io
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
import schemathesis
import schemathesis.openapi
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from PIL import Image
from schemathesis.core.parameters import ParameterLocation

from bots.sandbox.catalogue import MARKETS
from bots.sandbox.endpoint import MAX_BODY, PATH, Endpoint, serve
from bots.sandbox.question import MAX_NAME, MAX_SIZE
from tests.endpoint_lab import EndpointLab

DESCRIPTION = schemathesis.openapi.from_path(Path(__file__).parent.parent / "keyapi.openapi.yaml")
OPERATION = DESCRIPTION[PATH]["POST"]
KEY = {"Authorization": "Bearer sk_live_schemathesis"}


@st.composite
def picture_base64(draw: st.DrawFn) -> str:
    size = (draw(st.integers(8, 64)), draw(st.integers(8, 64)))
    image = Image.new("RGB", size, draw(st.tuples(*[st.integers(0, 255)] * 3)))
    buffer = io.BytesIO()
    image.save(buffer, draw(st.sampled_from(("JPEG", "PNG", "WEBP"))))
    return base64.b64encode(buffer.getvalue()).decode()


schemathesis.openapi.format("picture-base64", picture_base64())


@contextmanager
def served(endpoint: Endpoint) -> Iterator[str]:
    """The stand-in in a thread of its own: the judge's client is a blocking one."""
    addresses: list[str] = []
    started, stop, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    async def run() -> None:
        async with serve(endpoint) as url:
            addresses.append(url)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert started.wait(10)
    try:
        yield addresses[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture(scope="module")
def address():
    with served(Endpoint()) as address:
        yield address


def judged(mode: schemathesis.GenerationMode, address: str, examples: int) -> Counter[int]:
    """Let the judge ask and check every answer; gives how often each status came."""
    statuses: Counter[int] = Counter()

    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=OPERATION.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case) -> None:
        # The judge's own key is sent where nothing else is wrong: else it alone would be refused.
        wrong = {place for place, part in case.meta.components.items() if part.mode.is_negative}
        key = {} if wrong == {ParameterLocation.HEADER} else KEY
        statuses[case.call_and_validate(base_url=address, headers=key).status_code] += 1

    ask()
    return statuses


def test_every_right_question_is_answered_as_described(address):
    statuses = judged(schemathesis.GenerationMode.POSITIVE, address, 25)
    assert set(statuses) == {200}
    assert statuses.total() >= 20


def test_every_wrong_question_is_refused_as_described(address):
    statuses = judged(schemathesis.GenerationMode.NEGATIVE, address, 100)
    assert statuses[400] >= 20
    assert statuses[401] >= 1
    assert set(statuses) <= {400, 401}


def test_the_description_has_the_bounds_that_the_stand_in_enforces():
    body = OPERATION.definition.raw["requestBody"]["content"]["application/json"]["schema"]
    fields = body["properties"]
    assert (fields["size"]["minimum"], fields["size"]["maximum"]) == (1, MAX_SIZE)
    assert fields["product_name"]["maxLength"] == MAX_NAME
    assert set(fields["region"]["enum"]) == set(MARKETS)
    assert body["required"] == ["image_base64", "size"]
    assert body["additionalProperties"] is False
    assert MAX_BODY == 1024 * 1024


def test_a_wrong_answer_would_be_noticed():
    """The judge is awake: the same check fails on an answer that the description does not allow."""

    @hypothesis.settings(max_examples=1, derandomize=True, database=None, deadline=None)
    @hypothesis.given(case=OPERATION.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=address, headers=KEY | {"Sandbox-Behaviour": "no-source"})

    with served(EndpointLab()) as address, pytest.raises(BaseException, match="_source"):
        ask()
