"""A person in front of the demo's page: opens it in a real browser, sends, presses, reads."""

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bots.demo import Demo

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Milliseconds that something may take to be seen: two busy cores are slow.
PATIENCE = 15_000


class Visitor:
    """Somebody with the demo's page open."""

    def __init__(self, page: Page, demo: Demo) -> None:
        self.page = page
        self.demo = demo
        self.log = page.get_by_role("log")
        #: What the bot said in the open chat, oldest first.
        self.answers = self.log.locator(".message.theirs")
        self.credits = page.locator("[data-part=credits]")

    async def open(self, chat: int, person: int | None = None) -> None:
        """Open a chat of the list; in a group, speak as this person."""
        await self.page.locator(f".chat[data-chat='{chat}']").click()
        if person is not None:
            await self.page.get_by_label("Speaking as").select_option(str(person))

    async def send(self, text: str = "", photos: Sequence[Path] = (), *, as_file: bool = False) -> None:
        """Choose these photos, write the text, and send both."""
        if photos:
            await self.page.locator("input[type=file]").set_input_files(photos)
        if as_file:
            await self.page.get_by_label("Send as file").check()
        await self.page.get_by_role("textbox", name="Message").fill(text)
        await self.page.get_by_role("button", name="Send", exact=True).click()

    async def answered(self, number: int = 1) -> Locator:
        """The bot's newest message once so many, and no more, say what they found; it stays the same message."""
        found = self.answers.filter(has_text="Closest products")
        await expect(found).to_have_count(number)
        message = await found.last.get_attribute("data-message-id")
        return self.log.locator(f".message[data-message-id='{message}']")

    def key(self, label: str, message: Locator | None = None) -> Locator:
        """A button under a message of the bot, by its whole label; without a message, under the newest."""
        return (message or self.answers.last).locator(".keyboard .key").get_by_text(label, exact=True)

    async def reply(self, message: Locator, text: str) -> None:
        """Reply to a message with words."""
        await message.hover()
        await message.locator(".tools").get_by_role("button", name="Reply").click()
        await self.send(text)

    async def fault(self, name: str) -> None:
        """Choose how the endpoint answers the next request."""
        await self.page.get_by_label("The endpoint's next answer").select_option(label=name)
        await expect(self.page.locator(".control.armed")).to_be_visible()


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """A chromium of this machine."""
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def a_page(browser: Browser, **view: Any) -> AsyncIterator[Page]:
    """An empty page. ``view`` is what playwright calls a context: viewport, color_scheme …"""
    context = await browser.new_context(locale="en-US", timezone_id="UTC", reduced_motion="reduce", **view)
    context.set_default_timeout(PATIENCE)
    try:
        yield await context.new_page()
    finally:
        await context.close()


@asynccontextmanager
async def visiting(page: Page, demo: Demo) -> AsyncIterator[Visitor]:
    """Somebody who has opened the demo. Nothing is left of another demo in this page: each has an address of its own.

    On leaving: nothing went wrong in the page, and nothing was asked of another machine.
    """
    wrong: list[str] = []
    foreign: list[str] = []
    listeners: dict[str, Callable[[Any], None]] = {
        "pageerror": lambda error: wrong.append(str(error)),
        "console": lambda message: wrong.append(message.text) if message.type == "error" else None,
        "request": lambda request: foreign.append(request.url) if not _here(request.url) else None,
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        await page.goto(demo.page)
        await expect(page.locator(".chat").first).to_be_attached()
        await expect(page.locator("[data-part=credits]")).not_to_have_text("–")
        yield Visitor(page, demo)
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        await page.goto("about:blank")
    assert not wrong
    assert not foreign


def _here(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("blob", "data") or parts.hostname == "127.0.0.1"
