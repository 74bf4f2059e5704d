"""Make the README's picture of a conversation again: ``python -m tests.browser.make_screenshot``.

It is the real demo in a real browser: somebody sends a photo of sneakers with words, and the bot answers.
"""

import asyncio
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.async_api import expect

from bots.demo import GROUP, MIA, demo_running
from bots.sandbox import pictures
from tests.browser.visitor import Visitor, a_browser, a_page, visiting

OUTPUT = Path(__file__).parents[2] / "docs" / "images" / "conversation.png"
#: CSS pixels: as narrow as the page still shows chats, conversation and panel side by side.
VIEW = {"viewport": {"width": 1090, "height": 1108}, "device_scale_factor": 1.1}


def photo_of(thing: str, backdrop: str, folder: Path) -> Path:
    """A photo of a thing, wider than it is high so that all of it can be seen above the answer."""
    upright = Image.open(io.BytesIO(pictures.photo(thing, backdrop)))
    file = folder / f"{thing}.jpg"
    upright.crop((0, 240, 960, 880)).save(file, quality=90)
    return file


async def talk(mia: Visitor, folder: Path) -> None:
    """A question in the group, so that the bot need not explain itself any more, then the one to be shown."""
    await mia.open(GROUP, MIA)
    await mia.send("/find", [photo_of("sunglasses", "slate", folder)])
    await mia.answered()
    await mia.open(MIA)
    await expect(mia.answers).to_have_count(0)
    await mia.send("shoes #US", [photo_of("running-sneakers", "wood", folder)])
    answer = await mia.answered()
    await expect(answer.locator(".photo img")).to_be_visible()
    await expect(mia.page.locator("[data-part=steps] .now")).to_have_text("replied")
    await mia.page.mouse.move(0, 0)


async def conversation(folder: Path) -> bytes:
    """A PNG of the page after that."""
    async with (
        demo_running(port=0, pictures=True, folder=folder, monthly_allowance=20) as demo,
        a_browser() as browser,
        a_page(browser, **VIEW) as page,
        visiting(page, demo) as mia,
    ):
        await talk(mia, folder)
        return await mia.page.screenshot()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        png = asyncio.run(conversation(Path(folder)))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").save(OUTPUT, optimize=True)


if __name__ == "__main__":
    main()
