"""The chat page's own server part, and how it turns Bot API texts into what a person reads."""

import asyncio
import json
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.async_api import Page, async_playwright

from bots.sandbox.page import add_page
from tests.browser.visitor import CHROMIUM, FLAGS

JPEG = bytes.fromhex("ffd8ffe000104a464946")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shoe:
    id: str = "shoe"
    label: str = "Running shoe"
    jpeg: bytes = JPEG


class StandIn:
    """An endpoint that knows two behaviours."""

    def __init__(self) -> None:
        self.now: tuple[str, int | None, float | None] = ("normal", None, None)

    def state(self) -> Mapping[str, object]:
        return {"requests": 0, "charged": 0, "log": [], "behaviour": self.now[0]}

    def behave(self, name: str, times: int | None, seconds: float | None) -> None:
        if name not in ("normal", "slow"):
            raise ValueError(name)
        self.now = (name, times, seconds)


async def account(person: int) -> dict[str, object]:
    if person != 101:
        raise LookupError(person)
    return {"credits": 13, "renewal": "back to 20 on 1 Dec"}


@asynccontextmanager
async def served(*, pictures: bool = True, endpoint: StandIn | None = None) -> AsyncIterator[str]:
    app = web.Application()
    add_page(app, panel=account, samples=[Shoe()], endpoint=endpoint or StandIn(), pictures=pictures)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def get(root: str, path: str) -> tuple[int, Mapping[str, str], bytes]:
    async with aiohttp.ClientSession() as client, client.get(root + path) as answer:
        return answer.status, answer.headers, await answer.read()


@pytest.mark.threat(23)
@pytest.mark.parametrize("path", ["/", "/page/app.js", "/sandbox/samples/shoe", "/sandbox/config", "/nowhere"])
async def test_every_answer_forbids_foreign_scripts_and_frames(path: str) -> None:
    async with served() as root:
        _, headers, _ = await get(root, path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html"),
        ("/page/style.css", "text/css"),
        ("/page/app.js", "text/javascript"),
        ("/page/icon.svg", "image/svg+xml"),
        ("/sandbox/samples/shoe", "image/jpeg"),
    ],
)
async def test_a_file_says_what_it_is(path: str, content_type: str) -> None:
    async with served() as root:
        status, headers, body = await get(root, path)
    assert status == 200
    assert body
    assert headers["Content-Type"].split(";")[0] == content_type


@pytest.mark.parametrize(
    "path",
    [
        "/page/..%2Fpage.py",
        "/page/page.py",
        "/page/..%2Fcli.py",
        "/page/nothing.js",
        "/sandbox/samples/hat",
    ],
)
async def test_nothing_but_the_page_is_handed_out(path: str) -> None:
    async with served() as root:
        status, _, _ = await get(root, path)
    assert status == 404


async def test_everything_the_page_names_is_there() -> None:
    async with served() as root:
        _, _, html = await get(root, "/")
        named = {part.split('"')[0] for part in html.decode().split('"/page/')[1:]}
        scripts = [name for name in named if name.endswith(".js")]
        while scripts:
            _, _, source = await get(root, f"/page/{scripts.pop()}")
            fresh = {part.split('"')[0] for part in source.decode().split('from "./')[1:]} - named
            named |= fresh
            scripts += fresh
        missing = [name for name in named if (await get(root, f"/page/{name}"))[0] != 200]
    assert len(named) > 5
    assert not missing


async def test_the_panel_is_for_people_who_are_here() -> None:
    async with served() as root:
        status, _, body = await get(root, "/sandbox/panel?person=101")
        assert (status, json.loads(body)["credits"]) == (200, 13)
        for stranger in ("?person=7", "?person=x", ""):
            status, _, body = await get(root, f"/sandbox/panel{stranger}")
            assert status == 404
            assert json.loads(body)["error"].endswith(".")


@pytest.mark.parametrize("pictures", [True, False])
async def test_the_page_is_told_whether_there_are_product_pictures(pictures: bool) -> None:
    async with served(pictures=pictures) as root:
        _, _, body = await get(root, "/sandbox/config")
        assert json.loads(body)["pictures"] is pictures
        _, _, body = await get(root, "/sandbox/samples")
        assert json.loads(body) == {
            "samples": [{"id": "shoe", "label": "Running shoe", "url": "/sandbox/samples/shoe"}]
        }


async def test_a_visitor_can_make_the_endpoint_slow() -> None:
    endpoint = StandIn()
    async with served(endpoint=endpoint) as root, aiohttp.ClientSession() as client:
        wish = {"behaviour": "slow", "times": 1, "seconds": 6}
        async with client.post(f"{root}/sandbox/endpoint", json=wish) as answer:
            assert answer.status == 200
            assert (await answer.json())["behaviour"] == "slow"
        assert endpoint.now == ("slow", 1, 6)


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"behaviour": 1}',
        '{"behaviour": "explode"}',
        '{"behaviour": "slow", "times": 0}',
        '{"behaviour": "slow", "times": true}',
        '{"behaviour": "slow", "seconds": -1}',
        '{"behaviour": "slow", "seconds": NaN}',
        '{"behaviour": "slow", "seconds": 1e9}',
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused_kindly(body: str) -> None:
    endpoint = StandIn()
    async with served(endpoint=endpoint) as root, aiohttp.ClientSession() as client:
        headers = {"Content-Type": "application/json"}
        async with client.post(f"{root}/sandbox/endpoint", data=body, headers=headers) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"].endswith(".")
    assert endpoint.now[0] == "normal"


KINDS = [
    "bold",
    "italic",
    "strikethrough",
    "code",
    "pre",
    "blockquote",
    "expandable_blockquote",
    "spoiler",
    "url",
    "text_link",
    "bot_command",
    "mention",
    "custom_emoji",
    "unheard_of",
]
LINKS = [
    "https://example.com/a?b=1",
    "javascript:alert(1)",
    "data:text/html,x",
    " java\nscript:x",
    "tg://user?id=1",
]
TEXTS = st.text(
    st.one_of(st.sampled_from(string.printable + "👟🇺🇸\u202e\u200d<&>\"'"), st.characters(codec="utf-8")),
    max_size=40,
)
ENTITIES = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(KINDS),
            "offset": st.integers(0, 45),
            "length": st.integers(0, 45),
            "url": st.sampled_from(LINKS),
        }
    ),
    max_size=6,
)

_RENDER = """async ([text, entities]) => {
  const { render } = await import("/page/entities.js");
  const box = document.createElement("div");
  box.append(...render(text, entities));
  const all = [...box.querySelectorAll("*")];
  return {
    text: box.textContent,
    html: box.innerHTML,
    tags: all.map((one) => one.localName),
    attributes: all.flatMap((one) => one.getAttributeNames()),
    links: [...box.querySelectorAll("a")].map((one) => one.protocol + one.rel),
  };
}"""


@asynccontextmanager
async def a_browser() -> AsyncIterator[Page]:
    async with served() as root, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = await browser.new_page()
            await page.goto(root)
            yield page
        finally:
            await browser.close()


@pytest.mark.threat(23)
@pytest.mark.skipif(CHROMIUM is None, reason="needs a chromium on this machine")
def test_a_text_is_shown_whole_and_only_as_text() -> None:
    """Whatever the entities are, every character is shown, and nothing but known elements comes out."""
    allowed = {"strong", "em", "u", "s", "code", "pre", "blockquote", "span", "a", "button"}
    attributes = {"class", "href", "target", "rel", "type", "aria-label", "data-language"}

    with asyncio.Runner() as runner:
        browser = a_browser()
        page = runner.run(browser.__aenter__())

        @settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(text=TEXTS, entities=ENTITIES)
        def holds(text: str, entities: list[dict[str, object]]) -> None:
            shown = runner.run(page.evaluate(_RENDER, [text, entities]))
            assert shown["text"] == text
            assert set(shown["tags"]) <= allowed
            assert set(shown["attributes"]) <= attributes
            assert set(shown["links"]) <= {"https:noopener noreferrer", "http:noopener noreferrer"}

        try:
            holds()
            bold = [{"type": "bold", "offset": 2, "length": 4}]
            shown = runner.run(page.evaluate(_RENDER, ["👟shoe", bold]))
            assert shown["html"] == "👟<strong>shoe</strong>"
            nested = [
                {"type": "italic", "offset": 2, "length": 2},
                {"type": "bold", "offset": 0, "length": 6},
            ]
            shown = runner.run(page.evaluate(_RENDER, ["abcdef", nested]))
            assert shown["html"] == "<strong>ab<em>cd</em>ef</strong>"
            together = [{"type": "italic", "offset": 0, "length": 2}, {"type": "bold", "offset": 0, "length": 6}]
            shown = runner.run(page.evaluate(_RENDER, ["abcdef", together]))
            assert shown["html"] == "<strong><em>ab</em>cdef</strong>"
        finally:
            runner.run(browser.__aexit__(None, None, None))
