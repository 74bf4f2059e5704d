"""A browser and a page for each test process, a demo for each test."""

import functools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from bots.demo import demo_running
from bots.sandbox import pictures
from tests.browser.visitor import CHROMIUM, Visitor, a_browser, a_page, visiting

DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "color_scheme": "dark",
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}

Visit = Callable[..., Awaitable[Visitor]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        missing = "nothing was tried in a browser: chromium is missing"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    async with a_browser() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(browser: Browser) -> AsyncIterator[Page]:
    """The page that everybody opens the demo in who has no phone: a new one takes longer than most visits."""
    async with a_page(browser, **DESK) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def visit(browser: Browser, desk: Page, tmp_path: Path) -> AsyncIterator[Visit]:
    """``await visit(...)`` starts a demo and opens its page; a picture of its end is kept in tmp_path."""
    async with AsyncExitStack() as stack:

        async def visit(*, phone: bool = False, pictures: bool = True, **changes: object) -> Visitor:
            folder = tmp_path / "demo"
            folder.mkdir()
            demo = await stack.enter_async_context(demo_running(port=0, pictures=pictures, folder=folder, **changes))
            page = await stack.enter_async_context(a_page(browser, **PHONE)) if phone else desk
            visitor = await stack.enter_async_context(visiting(page, demo))
            stack.push_async_callback(visitor.page.screenshot, path=tmp_path / "end.png")
            return visitor

        yield visit


#: Made once: several tests send the same thing.
_photo = functools.cache(pictures.photo)


@pytest.fixture
def photo_of(tmp_path: Path) -> Callable[[str], Path]:
    """A photo of a thing of the catalogue, as a file on this machine."""

    def photo_of(thing: str) -> Path:
        file = tmp_path / f"{thing}.jpg"
        file.write_bytes(_photo(thing, "cloth"))
        return file

    return photo_of
