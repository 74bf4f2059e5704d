"""The demo as somebody uses it: the real bot behind the real page, in a real browser."""

import re
from collections.abc import Callable
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from playwright.async_api import Locator, Page, expect

from bots.demo import ADMIN, GROUP, MIA, TOM, demo_running
from tests.browser.conftest import Visit
from tests.browser.visitor import visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

PhotoOf = Callable[[str], Path]


def links(answer: Locator) -> Locator:
    return answer.locator(".text a")


async def addresses(answer: Locator) -> list[str]:
    return [await link.get_attribute("href") or "" for link in await links(answer).all()]


async def test_a_photo_is_answered_with_five_products_their_links_and_what_it_cost(
    visit: Visit, photo_of: PhotoOf
) -> None:
    mia = await visit(monthly_allowance=3)
    await expect(mia.credits).to_have_text("3")
    await mia.send(photos=[photo_of("running-sneakers")])

    answer = await mia.answered()
    await expect(links(answer)).to_have_count(5)
    await expect(links(answer).first).to_contain_text("Running Sneakers")
    for address in await addresses(answer):
        assert re.fullmatch(r"https://shop\.tiktok\.com/\S+", address)
    for number in "12345":
        await expect(mia.key(number, answer)).to_be_visible()
    await expect(answer).to_contain_text(re.compile(r"1 credit · 2 left · back to 3 on \d+ \w+"))
    await expect(answer.locator(".photo img")).to_be_visible()
    await expect(mia.credits).to_have_text("2")
    await expect(mia.page.locator("[data-part=outcome]")).to_have_text("Products found")


async def test_turning_the_page_is_free_and_another_market_costs_one_credit(visit: Visit, photo_of: PhotoOf) -> None:
    mia = await visit(monthly_allowance=3)
    await mia.send(photos=[photo_of("running-sneakers")])
    answer = await mia.answered()
    first = await addresses(answer)

    await mia.key("›", answer).click()
    await expect(answer).to_contain_text("6–10 of ")
    assert not set(first) & set(await addresses(answer))
    await mia.key("‹", answer).click()
    await expect(answer).to_contain_text("1–5 of ")
    assert await addresses(answer) == first
    assert mia.demo.endpoint.requests == 1

    await mia.key("🌍 Other market · 1 credit", answer).click()
    await expect(answer).to_contain_text("Where shall I look for this photo?")
    await mia.key("🇺🇸 United States", answer).click()
    await expect(answer).to_contain_text("Closest products · 🇺🇸 United States")
    assert all("🇺🇸" in line for line in (await answer.locator(".text").inner_text()).splitlines()[1:6])
    await expect(answer).to_contain_text("1 credit · 1 left")
    await expect(mia.answers).to_have_count(1)
    assert mia.demo.endpoint.charged == 2


async def test_words_and_a_market_under_a_photo_steer_the_search(visit: Visit, photo_of: PhotoOf) -> None:
    mia = await visit()
    await mia.send("umbrella #GB", [photo_of("teapot")])
    answer = await mia.answered()
    await expect(answer).to_contain_text("Closest products · 🇬🇧 United Kingdom · “umbrella”")
    await expect(links(answer).first).to_contain_text("Umbrella")
    assert (await answer.locator(".text").inner_text()).count("🇬🇧") == 6


async def test_three_photos_at_once_are_one_question_and_the_others_wait_for_a_button(
    visit: Visit, photo_of: PhotoOf
) -> None:
    mia = await visit(monthly_allowance=3)
    await mia.send(photos=[photo_of(thing) for thing in ("teapot", "headphones", "skateboard")])
    answer = await mia.answered()
    await expect(answer).to_contain_text("Teapot")
    await expect(mia.page.locator("[data-part=offered]")).to_contain_text("2 more photos not searched")
    assert mia.demo.endpoint.requests == 1

    await mia.key("Also the other 2 · 2 credits", answer).click()
    await mia.answered(3)
    await expect(mia.credits).to_have_text("0")
    await expect(mia.log).to_contain_text("Headphones")
    await expect(mia.log).to_contain_text("Skateboard")
    await expect(mia.page.get_by_text("Also the other")).to_have_count(0)
    await expect(mia.page.locator("[data-part=offered]")).to_be_hidden()
    assert mia.demo.endpoint.charged == 3


async def test_without_credits_nothing_is_searched_until_an_admin_gives_some(visit: Visit, photo_of: PhotoOf) -> None:
    mia = await visit(monthly_allowance=1)
    await mia.send(photos=[photo_of("teapot")])
    await mia.answered()
    await mia.send(photos=[photo_of("headphones")])
    refusal = mia.answers.nth(1)
    await expect(refusal).to_contain_text("You have no credits left, so this was not searched.")
    await expect(mia.credits).to_have_text("0")

    await mia.open(ADMIN)
    await mia.send(f"/grant telegram:{MIA} 5")
    await expect(mia.answers.last).to_contain_text(f"telegram:{MIA}: 0 → 5 credits.")
    await mia.open(MIA)
    await expect(mia.credits).to_have_text("5")
    await expect(mia.page.locator("[data-part=entries]")).to_contain_text("given by an admin")

    await mia.key("Try again · 1 credit", refusal).click()
    answer = await mia.answered(2)
    await expect(answer).to_contain_text("Headphones")
    await expect(answer).to_contain_text("1 credit · 4 left")
    await expect(mia.credits).to_have_text("4")
    # In the demo everybody is new: their first day must not keep them from what they were given.
    assert mia.demo.settings.new_account_limit is None


async def test_without_product_pictures_the_answer_is_text_with_a_preview_of_the_first_product(
    visit: Visit, photo_of: PhotoOf
) -> None:
    mia = await visit(pictures=False)
    await expect(mia.page.get_by_text("Product pictures are off")).to_be_visible()
    await mia.send(photos=[photo_of("teapot")])
    answer = await mia.answered()
    await expect(links(answer)).to_have_count(5)
    await expect(answer.locator(".photo")).to_have_count(0)
    preview = answer.locator(".preview")
    await expect(preview).to_contain_text("shop.tiktok.com")
    assert await preview.get_attribute("href") == await links(answer).first.get_attribute("href")


async def test_on_a_phone_in_the_dark_everything_is_within_reach(visit: Visit) -> None:
    mia = await visit(phone=True)
    await mia.page.locator("[data-sample=ankle-boots]").first.tap()
    answer = await mia.answered()
    await expect(mia.key("🌍 Other market · 1 credit", answer)).to_be_in_viewport()
    sizes = "() => [document.documentElement.scrollWidth, innerWidth]"
    scroll_width, inner_width = await mia.page.evaluate(sizes)
    assert scroll_width <= inner_width
    ground = "() => getComputedStyle(document.body).backgroundColor.match(/[0-9.]+/g).slice(0, 3).map(Number)"
    assert max(await mia.page.evaluate(ground)) < 80
    for key in await answer.locator(".keyboard .key").all():
        box = await key.bounding_box()
        assert box is not None
        assert box["height"] >= 38

    await mia.page.get_by_role("button", name="credits. Show what happened underneath").tap()
    await expect(mia.page.get_by_role("heading", name="Ledger")).to_be_in_viewport()
    await expect(mia.page.locator("[data-part=entries]")).to_contain_text("paid, the answer came")
    await mia.page.get_by_role("button", name="Close the panel").tap()
    await mia.page.locator("[data-part=switcher]").tap()
    await mia.page.locator(f".chat[data-chat='{TOM}']").tap()
    await expect(mia.page.get_by_text("You are Tom")).to_be_visible()


@pytest.mark.fault(16)
async def test_an_answer_that_is_lost_costs_nothing_and_can_be_asked_for_again(visit: Visit, photo_of: PhotoOf) -> None:
    mia = await visit(monthly_allowance=3)
    await mia.fault("Lost on the way")
    await mia.send(photos=[photo_of("teapot")])
    message = mia.answers.last
    await expect(message).to_contain_text("The answer was lost on the way. You were not charged.")
    await expect(mia.credits).to_have_text("3")
    await expect(mia.page.locator("[data-part=entries]")).to_contain_text("given back, not charged")

    await mia.key("Try again · 1 credit", message).click()
    await expect(await mia.answered()).to_contain_text("1 credit · 2 left")
    await expect(mia.answers).to_have_count(1)
    await expect(mia.credits).to_have_text("2")


@pytest.mark.threat(12)
async def test_in_a_group_the_bot_answers_only_who_asks_it_and_its_buttons_are_the_askers(
    visit: Visit, photo_of: PhotoOf
) -> None:
    mia = await visit(monthly_allowance=3)
    await mia.open(GROUP, MIA)
    await mia.send(photos=[photo_of("teapot")])
    await mia.send("/find #GB", [photo_of("headphones")])
    answer = await mia.answered()
    await expect(answer).to_contain_text("Closest products · 🇬🇧 United Kingdom")
    assert mia.demo.endpoint.requests == 1

    await mia.open(GROUP, TOM)
    answer = await mia.answered()
    await mia.key("›", answer).click()
    alert = mia.page.locator("dialog.alert")
    await expect(alert).to_contain_text("/find")
    await alert.get_by_role("button", name="OK").click()
    await expect(answer).to_contain_text("1–5 of ")

    await mia.reply(mia.log.locator(".message").first, "/find")
    own = await mia.answered(2)
    await expect(own).to_contain_text("Teapot")
    await expect(mia.page.locator("[data-part=whose]")).to_contain_text("Tom")
    await expect(mia.credits).to_have_text("2")


async def test_heic_files_are_searched_and_what_is_no_picture_costs_nothing(
    visit: Visit, photo_of: PhotoOf, tmp_path: Path
) -> None:
    mia = await visit(monthly_allowance=3)
    heic, text = tmp_path / "phone.heic", tmp_path / "notes.txt"
    pillow_heif.from_pillow(Image.open(photo_of("teapot")).reduce(2)).save(heic, quality=70)
    text.write_text("two teapots")
    await mia.send(photos=[heic], as_file=True)
    await expect(await mia.answered()).to_contain_text("Teapot")
    await mia.send(photos=[text], as_file=True)
    await expect(mia.answers.nth(1)).to_contain_text("photo")
    await expect(mia.credits).to_have_text("2")
    assert mia.demo.endpoint.requests == 1


@pytest.mark.threat(21)
async def test_the_panel_and_the_bot_tell_the_same_credits_also_of_somebody_forgotten(
    visit: Visit, photo_of: PhotoOf
) -> None:
    mia = await visit(monthly_allowance=3)
    await expect(mia.credits).to_have_text("3")
    await mia.send(photos=[photo_of("teapot")])
    await mia.answered()
    await mia.send("/credits")
    await expect(mia.answers.last).to_contain_text("You have 2 credits.")
    await expect(mia.credits).to_have_text("2")
    await mia.send("/forget")
    await mia.key("Yes, forget me").click()
    await expect(mia.answers.last).to_contain_text("Nothing here points to you any more.")
    await expect(mia.credits).to_have_text("0")
    await expect(mia.page.get_by_text("No entry yet")).to_be_visible()

    # Whoever only looks leaves nothing behind: the admin has used a command, and no credit yet.
    await mia.open(ADMIN)
    await mia.send(f"/grant telegram:{TOM} 1")
    await expect(mia.answers.last).to_contain_text("→ 4 credits.")
    await expect(mia.credits).to_have_text("3")


@pytest.mark.fault(21)
async def test_after_a_refused_key_the_panel_says_why_nothing_is_asked_and_resume_ends_it(
    visit: Visit, photo_of: PhotoOf
) -> None:
    mia = await visit(monthly_allowance=3)
    await mia.fault("Key out of credit (402)")
    await mia.send(photos=[photo_of("teapot")])
    message = mia.answers.last
    await expect(message).to_contain_text("Search is down at the moment. You were not charged.")
    await expect(mia.page.get_by_text("nothing is asked for a minute")).to_be_visible()
    await mia.key("Try again · 1 credit", message).click()
    await expect(message).to_contain_text("edited")
    assert mia.demo.endpoint.requests == 1

    await mia.open(ADMIN)
    await expect(mia.log).to_contain_text("Searching has stopped")
    await mia.send("/resume")
    await expect(mia.answers.last).to_contain_text("Searching goes on")
    await mia.open(MIA)
    await mia.key("Try again · 1 credit", message).click()
    await mia.answered()
    await expect(mia.page.get_by_text("nothing is asked for a minute")).to_be_hidden()


async def test_a_demo_whose_database_was_kept_answers_new_photos_and_remembers_the_credits(
    desk: Page, photo_of: PhotoOf, tmp_path: Path
) -> None:
    for thing, left in (("teapot", "2"), ("headphones", "1")):
        async with (
            demo_running(port=0, pictures=True, folder=tmp_path, monthly_allowance=3) as demo,
            visiting(desk, demo) as mia,
        ):
            await mia.send(photos=[photo_of(thing)])
            await expect(await mia.answered()).to_contain_text(thing, ignore_case=True)
            await expect(mia.credits).to_have_text(left)


async def test_the_demo_is_the_same_whatever_the_environment_says(
    visit: Visit, photo_of: PhotoOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONTHLY_BUDGET", "a lot")
    monkeypatch.setenv("MEMBERS_OF", "telegram:-100999")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_URL", "https://bot.example.org")
    mia = await visit()
    await mia.send(photos=[photo_of("teapot")])
    await mia.answered()
