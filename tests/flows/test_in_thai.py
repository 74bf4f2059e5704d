"""Somebody whose app speaks Thai reads Thai: a photo, more of its answer, no credits left, /credits; on both platforms.

Only names stay in Latin letters: of products, of TikTok Shop, of commands, of markets' codes.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator

import pytest
from simcord.components import walk_components

from tests.flows.discord_sights import Seen
from tests.flows.discord_stage import Stage, stage
from tests.flows.world import ADMIN, Json, World, is_bots, labels, living, photo, said

NOK = 33
#: What is written so in Thai as well.
NAMES = {"Discord", "Shop", "Telegram", "TikTok", "UTC"}
#: Commands, markets' codes, what is code, and Discord's links, whose texts are names of products.
_NAMED = re.compile(r"(?<!\w)/[a-z]+|#[A-Z]{2}\b|`[^`]*`|\[[^\]]*\]\([^)]*\)")
_LATIN = re.compile("[A-Za-z]{3,}")
_THAI = re.compile("[\u0e01-\u0e5b]")
#: An option that opens the listings of a product is that product's number and name.
_PRODUCT = re.compile(r"[0-9]+\. ")
#: What of Discord's components people read.
_READ = ("content", "label", "placeholder")


def english(texts: Iterable[str]) -> list[str]:
    """The texts in which something is not Thai."""
    return [text for text in texts if not NAMES.issuperset(_LATIN.findall(_NAMED.sub(" ", text)))]


def test_english_would_be_noticed():
    mixed = ["You have 1 credit.", "คุณมี 1 credit", "ค้นหา [Bag](https://shop.example) Open"]
    assert english(mixed) == mixed
    assert english(["คุณมี 15 เครดิต · /credits · #US · 00:00 UTC · [Bag](https://shop.example) · TikTok Shop"]) == []


# Telegram


@pytest.fixture
async def telegram(tmp_path) -> AsyncIterator[World]:
    """Telegram with somebody from Thailand, who gets one credit a month."""
    async with living(tmp_path, monthly_allowance=1) as world:
        world.telegram.person(NOK, "นก", language_code="th")
        yield world


def on_telegram(message: Json) -> Iterator[str]:
    """What somebody reads of a message there, without names of products, which are links."""
    text = said(message).encode("utf-16-le")
    for entity in reversed(message.get("entities") or message.get("caption_entities") or []):
        if entity["type"] == "text_link":
            text = text[: entity["offset"] * 2] + text[(entity["offset"] + entity["length"]) * 2 :]
    yield text.decode("utf-16-le")
    yield from labels(message)


async def test_on_telegram_all_of_it_is_in_thai(telegram: World):
    async def see(text: str) -> Json:
        message = await telegram.see(text, NOK)
        assert english(on_telegram(message)) == []
        return message

    telegram.send(NOK, caption="สีแดง")
    answer = await see("สินค้าที่ใกล้เคียงที่สุด")
    assert "1 เครดิต · เหลือ 0 · กลับเป็น 1 วันที่ 1 " in said(answer)
    for label, shown in (("›", "6. "), ("ตลาดอื่น", "ค้นหารูปนี้ในตลาดไหน"), ("กลับ", "1. "), ("ตลาดเดียว", "ฟรี")):
        telegram.press(answer, label, NOK)
        answer = await see(shown)
    telegram.press(answer, "🇺🇸", NOK)
    answer = await see("เฉพาะ 🇺🇸 สหรัฐอเมริกา")
    telegram.write("สีเขียว", NOK, reply_to=answer["message_id"])
    await see("ค้นหารูปนี้อีกครั้ง")

    telegram.send(NOK, product="teapot")
    refusal = await see("เครดิตของคุณหมดแล้ว")
    alert = await telegram.alert(telegram.press(refusal, "ลองอีกครั้ง", NOK))
    assert "เครดิตของคุณหมดแล้ว" in alert
    for command, shown in {"credits": "คุณมี 0 เครดิต", "help": "สิ่งที่ทำได้", "region": "ตลาดไหน"}.items():
        telegram.write(f"/{command}", NOK)
        await see(shown)
    shown = [text for message in telegram.telegram.messages(NOK) if is_bots(message) for text in on_telegram(message)]
    assert english([*shown, alert]) == []
    assert (telegram.charged, await telegram.balance(NOK)) == (1, 0)


async def test_telegram_lists_the_commands_in_thai(telegram: World):
    # Admins' own lists are told last.
    await telegram.until(lambda: (f"chat:{ADMIN}", "") in telegram.telegram.commands)
    told = {scope: commands for (scope, language), commands in telegram.telegram.commands.items() if language == "th"}
    assert set(told) == {"all_private_chats", "all_group_chats"}
    texts = [command["description"] for commands in told.values() for command in commands]
    texts += [text for (_, language), text in telegram.telegram.texts.items() if language == "th"]
    assert len(texts) > 12
    assert [text for text in texts if not _THAI.search(text)] == []
    assert english(texts) == []


# Discord


@pytest.fixture
async def discord(tmp_path) -> AsyncIterator[Stage]:
    """Discord where apps speak Thai, and people get one credit a month."""
    async with stage(tmp_path, monthly_allowance=1) as world:
        world.locale = "th"
        yield world


def on_discord(components: list[Json]) -> Iterator[str]:
    """What somebody reads of components there, without names of products."""
    for part in walk_components(components):
        options = part.get("options", ())
        for read in (part, *options):
            yield from (read[name] for name in _READ if read.get(name) and not _PRODUCT.match(read[name]))
        yield from (option["description"] for option in options if option.get("description"))


async def test_on_discord_all_of_it_is_in_thai(discord: Stage):
    shown: list[str] = []

    def look(seen: Seen, text: str) -> Seen:
        assert text in seen.text
        shown.extend(on_discord(discord.stored(seen.id).components))
        return seen

    answer = look(discord.told(await discord.find(words="สีแดง")), "1 เครดิต · เหลือ 0 · กลับเป็น 1 วันที่ 1 ")
    for label, text in (("›", "6. "), ("กลับ", "1. "), ("สหรัฐอเมริกา · ", "เฉพาะ 🇺🇸 สหรัฐอเมริกา"), ("ทั้งหมด", "1. ")):
        answer = look(discord.told(await discord.press(answer, label)), text)
    form = await discord.press(answer, "มีคำว่า")
    shown.append(form.modal["title"])
    shown.extend(on_discord(form.modal["components"]))
    look(discord.told(await discord.ann.submit_modal(form, {"word": "หมวก"})), "ไม่มี")

    await discord.say(photos=[photo("teapot")])
    refusal = look(discord.answer(), "เครดิตของคุณหมดแล้ว")
    look(discord.told(await discord.press(refusal, "ลองอีกครั้ง")), "เครดิตของคุณหมดแล้ว")
    for command, text in {"credits": "คุณมี 0 เครดิต", "help": "สิ่งที่ทำได้", "region": "ตลาดไหน"}.items():
        look(discord.told(await discord.slash(command)), text)
    assert english(shown) == []
    assert (discord.charged, await discord.balance()) == (1, 0)


async def test_discord_lists_the_commands_in_thai(discord: Stage):
    commands = [*discord.env.backend.commands[None].values()]
    listed = [*commands, *(option for command in commands for option in command.get("options", ()))]
    for text, translated in (("name", "name_localizations"), ("description", "description_localizations")):
        texts = [one[translated]["th"] for one in listed if one.get(text)]
        assert len(texts) > 8
        assert [text for text in texts if not _THAI.search(text)] == []
        assert english(texts) == []
