"""Make the README's picture of Discord again: ``python -m tests.browser.make_discord_screenshot``.

It is the real bot on simcord's Discord: somebody names it in a message with a photo of sneakers, and it answers.
"""

import asyncio
import io
import tempfile
from pathlib import Path

import simcord
from PIL import Image
from playwright.async_api import Page, expect

from bots.sandbox import pictures
from tests.browser.make_screenshot import photo_of
from tests.browser.visitor import a_browser
from tests.flows.discord_stage import Stage, stage

OUTPUT = Path(__file__).parents[2] / "docs" / "images" / "discord.png"
#: CSS pixels: as wide as a message with components becomes, and higher than the conversation, so that nothing scrolls.
VIEW = {"viewport": {"width": 692, "height": 1600}, "device_scale_factor": 1.3}
#: CSS pixels below the last message.
MARGIN = 16
#: Pixels of the photo: so small that it leaves most of the picture to the answer.
PHOTO = (390, 260)
#: Seconds after midnight.
MORNING = 9 * 3600 + 41 * 60
#: What is the preview's own and not Discord's, and where a message is written: nobody writes one here.
HIDDEN = """
    [data-workbench], .message-context-actions, .attachment-media-actions, form { display: none !important }
    .preview-workspace, .preview-shell { --toolbar-height: 0px; grid-template: 1fr / 1fr !important }
"""


async def talk(discord: Stage, folder: Path) -> None:
    """A question in private, so that the bot need not explain itself any more, then the one to be shown."""
    discord.env.backend.bot_user.name = "Snapshop"
    await discord.env.advance_time(MORNING)
    await discord.direct(photos=[pictures.photo("sunglasses", "slate")])
    photo = io.BytesIO()
    Image.open(photo_of("running-sneakers", "wood", folder)).resize(PHOTO).save(photo, "JPEG", quality=90)
    await discord.say("shoes #US", photos=[photo.getvalue()])


async def picture_of(page: Page, preview: simcord.Preview) -> bytes:
    """A PNG of the whole conversation."""
    await page.goto(preview.url)
    await page.add_style_tag(content=HIDDEN)
    await expect(page.locator("#preview-app")).not_to_have_attribute("aria-busy", "true")
    await expect(page.locator(".channel-message").last.locator(".component-thumbnail")).to_have_count(5)
    await page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth)")
    last = await page.locator(".channel-message").last.bounding_box()
    assert last is not None
    height = last["y"] + last["height"] + MARGIN
    return await page.screenshot(clip={"x": 0, "y": 0, "width": VIEW["viewport"]["width"], "height": height})


async def conversation(folder: Path) -> bytes:
    """A PNG of it."""
    async with stage(folder, pictures=True) as discord, a_browser() as browser:
        await talk(discord, folder)
        page = await browser.new_page(bypass_csp=True, **VIEW)
        async with discord.env.preview(
            discord.channel, viewers=[discord.ann], layout="channel", locale="en-GB"
        ) as seen:
            return await picture_of(page, seen)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        png = asyncio.run(conversation(Path(folder)))
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").save(OUTPUT, optimize=True)


if __name__ == "__main__":
    main()
