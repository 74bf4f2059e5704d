"""The twelve languages: whoever reads one of them is told everything, in it, and where it has room."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from io import BytesIO
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from bots import notices
from bots.admin_commands import ADMIN_COMMANDS
from bots.answer_cards import market_card, only_card
from bots.cards import Action, Card, Press
from bots.discord import options
from bots.discord.layout import MAX_COMPONENTS, MAX_TEXT, sheet_of
from bots.outcome_cards import outcome_card
from bots.person_commands import PERSON_COMMANDS
from bots.sentences import Told, sentence
from bots.telegram.buttons import MAX_ALERT
from bots.telegram.layout import MAX_CAPTION, keyboard, text, units
from bots.telegram.setup import MAX_DESCRIPTION, MAX_SHORT_DESCRIPTION
from bots.wording import Words, languages, words, wrong_placeholders
from core.model import BudgetSpent, Busy, Charge, NoCredits, Receipt
from core.regions import MARKETS
from core.views import View
from tests.unit.test_cards import EVERY_OUTCOME, LINKS, SEARCH, WITH_PICTURES, actions, several_markets
from tests.unit.test_commands import Bot, asker, in_group, opened, telegram
from tests.unit.test_telegram_layout import read
from tests.unit.test_wording import BOTS

SPOKEN = ["de", "en", "es", "fil", "fr", "id", "it", "ja", "ms", "pt-BR", "th", "vi"]
TRANSLATED = [tag for tag in SPOKEN if tag != "en"]
every_language = pytest.mark.parametrize("tag", SPOKEN)
every_translation = pytest.mark.parametrize("tag", TRANSLATED)

#: What reads the same as in English, in every language and in single ones.
SAME = {"`{person}`: {before} → {after}.", "{time} UTC", "“{hint}”", "id", "{what}: {reason}"}
SAME |= {"{limit}: {before} → {after}", "{limit}: {value}", "{what}: {change}"}
SAME_IN: Mapping[str, set[str]] = {
    "de": {"Link", "Name", "chat", "code", "codes", "credits", "person", "region", "start"},
    "fil": {"Link", "Market", "`{person}`: {before} → {after} credits.", "credits", "market", "privacy"}
    | {"{minutes} min", "{n} credit", "{n} listing ▸", "Market: {market}", "chat", "code", "codes", "gift code"}
    | {"settings"},
    "es": {"chat"},
    "fr": {"code", "codes", "photo"},
    "id": {"chat"},
    "it": {"Link", "chat", "privacy"},
    "pt-BR": {"Link", "chat"},
}
#: Words that no sentence of another language has; Filipino borrows nouns, but not these.
ENGLISH = re.compile(r"\b(the|you|your|and|with|this|that|of)\b", re.IGNORECASE)
#: What a person types: code, commands, a market's tag, settings.
TYPED = re.compile(r"`[^`]*`|/[a-z{][a-z{}]+|#US|\bADMINS\b|\bKEYAPI_KEY\b|\.env\b")


def catalog_of(tag: str) -> Catalog:
    file = BOTS / "locales" / f"{tag}.po"
    return read_po(BytesIO(file.read_bytes()), locale=tag.replace("-", "_"))


CATALOGS = {tag: catalog_of(tag) for tag in SPOKEN}


def forms(text: str | Iterable[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def translations(tag: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Each sentence's forms in English and in a language."""
    for message in CATALOGS[tag]:
        if message.id:
            yield forms(message.id), forms(message.string)


# Complete


def test_twelve_languages_are_spoken():
    assert languages() == SPOKEN


@every_translation
def test_a_language_says_every_sentence(tag):
    assert {message.id for message in CATALOGS["en"]} <= {message.id for message in CATALOGS[tag]}
    assert [source[0] for source, said in translations(tag) if not said or not all(map(str.strip, said))] == []


@every_translation
def test_nothing_is_left_in_english(tag):
    same = {source[0] for source, said in translations(tag) if set(said) & set(source)}
    assert same - SAME - SAME_IN.get(tag, set()) == set()
    assert [said for _, said in translations(tag) if ENGLISH.search(TYPED.sub("", " ".join(said)))] == []


@every_translation
def test_what_is_filled_in_and_what_is_typed_stays_as_it_is(tag):
    assert list(wrong_placeholders(CATALOGS[tag])) == []
    for source, said in translations(tag):
        for form in said:
            assert set(TYPED.findall(form)) == set(TYPED.findall(source[0])), form


@every_translation
def test_a_sentence_is_written_as_texts_are(tag):
    for _, said in translations(tag):
        for form in said:
            assert unicodedata.is_normalized("NFC", form)
            assert form == form.strip()
            assert "  " not in form


@every_translation
def test_plural_forms_are_those_of_the_language(tag):
    catalog, locale = CATALOGS[tag], Locale.parse(tag, sep="-")
    # Of languages with a single form, Babel's own list leaves out some; CLDR knows them.
    count, rule = get_plural(locale)[:2] if locale.plural_form.tags else (1, "0")
    assert (catalog.num_plurals, catalog.plural_expr.strip("()")) == (count, rule.strip("()"))
    assert {len(said) for source, said in translations(tag) if len(source) > 1} == {count}


@every_translation
def test_a_date_with_a_full_stop_of_its_own_stands_before_no_other(tag):
    dates = {words(tag).date(date(2026, month, 1)) for month in range(1, 13)}
    for source, said in translations(tag):
        if "{date}" in source[0] and any(name in "".join(said) for name in ("{date}.", "{date} .")):
            assert not [day for day in dates if day.endswith(".")], said


def test_french_marks_keep_their_distance_and_never_begin_a_line():
    for _, said in translations("fr"):
        for form in said:
            outside = TYPED.sub("", form)
            assert not re.search("[^\u202f\u00a0][?!;:»]|«[^\u202f\u00a0]", outside), form
            assert "'" not in outside, form


# Where each has room


def may_name_a_command(name: str) -> bool:
    """Discord's documentation, "Application Command Naming": these signs, and letters and digits of any script.

    Thai and Devanagari are named there because their vowels are no letters.
    """

    def allowed(sign: str) -> bool:
        in_word = unicodedata.category(sign)[0] in "LN" or unicodedata.name(sign).startswith(("THAI ", "DEVANAGARI "))
        return in_word or sign in "-_'"

    return 1 <= len(name) <= 32 and name == name.lower() and all(map(allowed, name))


@every_language
def test_commands_and_their_fields_have_names_that_discord_takes(tag):
    names = [command.title(words(tag)) for command in PERSON_COMMANDS if command.title]
    assert len(names) == len(PERSON_COMMANDS) == len(set(names)) == 12
    assert [name for name in names if not may_name_a_command(name)] == []
    for command, given in options.FIELDS.items():
        fields = [field.title(words(tag)) for field in given]
        fields += [options.photo_title(words(tag))] if command == "find" else []
        assert len(fields) == len(set(fields))
        assert [name for name in fields if not may_name_a_command(name)] == []


@every_language
def test_descriptions_have_room_on_discord_and_telegram(tag):
    spoken = words(tag)
    described = [command.description(spoken) for command in (*PERSON_COMMANDS, *ADMIN_COMMANDS)]
    described += [field.description(spoken) for given in options.FIELDS.values() for field in given]
    described += [options.photo_description(spoken)]
    assert [said for said in described if not 1 <= len(said) <= 100] == []
    english = [source[0] for source, _ in translations("en")]
    menu = "Find this product"
    about = [source for source in english if source.endswith("products in TikTok Shop. Each search says what it cost.")]
    short = [source for source in english if source.endswith("TikTok Shop products out.")]
    assert len(about) == len(short) == english.count(menu) == 1
    assert 1 <= len(spoken(menu)) <= 32
    assert len(spoken(about[0])) <= MAX_DESCRIPTION
    assert len(spoken(short[0])) <= MAX_SHORT_DESCRIPTION


def outcome_cards(tag: str) -> list[Card]:
    """Every outcome, and every part of an answer, as cards."""
    views = [View(), View(market="GB"), View(word="red"), View(word="unicorn"), View(thing=1)]
    parts = [replace(several_markets(), view=view) for view in views]
    return [outcome_card(outcome, words(tag), LINKS) for outcome in (*EVERY_OUTCOME, *parts)]


def lists_of_markets(tag: str) -> list[Card]:
    free = frozenset(market.code for market in MARKETS)
    return [market_card(SEARCH, words(tag), "US", free), only_card(several_markets(), words(tag))]


@every_language
def test_every_outcome_is_a_whole_message_on_telegram(tag):
    for card in (*outcome_cards(tag), *lists_of_markets(tag)):
        seen = read(text(card)).plain
        assert 1 <= units(seen) <= MAX_CAPTION
        assert all(line.text.replace("`", "") in seen for line in card.lines)
        assert seen.endswith(card.receipt)
        assert not re.search(r"[{}]|\.\.|\s[.,]|[^\S\n]{2}", seen), seen


@every_language
def test_every_outcome_is_a_whole_message_on_discord(tag):
    pictured = outcome_card(EVERY_OUTCOME[0], words(tag), WITH_PICTURES)
    for card in (*outcome_cards(tag), *lists_of_markets(tag), pictured):
        view = sheet_of(card, pictures=[b"JPEG"] * len(card.pictures), photo=b"JPEG").view
        parts = list(view.walk_children())
        assert 1 <= len(parts) <= MAX_COMPONENTS
        shown = [str(part.content) for part in parts if hasattr(part, "content")]
        assert 1 <= sum(map(units, shown)) <= MAX_TEXT
        controls = sum(1 for row in card.rows for _ in row) + sum(1 for choice in card.choices if choice.options)
        assert len([part for part in parts if getattr(part, "custom_id", None)]) >= controls, "a control is left out"


def longest_date(tag: str) -> date:
    return max((date(2026, month, 28) for month in range(1, 13)), key=lambda day: units(words(tag).date(day)))


def told(tag: str) -> Iterator[Told]:
    """Every outcome that a sentence tells, with the longest of what can be in it."""
    day = longest_date(tag)
    receipt = Receipt(charge=Charge.NOTHING, balance=1_000_000, allowance=1_000_000, renews_on=day)
    for outcome in EVERY_OUTCOME:
        match outcome:
            case NoCredits() if outcome.receipt.allowance:
                yield replace(outcome, receipt=receipt)
            case BudgetSpent():
                yield replace(outcome, receipt=receipt, until=datetime.combine(day, time(23, 59), UTC))
            case Busy():
                for seconds in (90, 90 * 60, 1_000_000):
                    yield replace(outcome, seconds=seconds)
            case _ if isinstance(outcome, Told):
                yield outcome


@every_language
def test_whatever_is_said_in_an_alert_has_room_there(tag):
    spoken = words(tag)
    said = [sentence(outcome, spoken) for outcome in told(tag)]
    said += [notices.not_yours(spoken), notices.too_few(1_000_000, 1_000_000, spoken), notices.too_few(0, 1, spoken)]
    assert len(said) >= 24
    assert [(units(alert), alert) for alert in said if not 1 <= units(alert) <= MAX_ALERT] == []


# What can be pressed


def labels(card: Card) -> list[str]:
    return [name for action in actions(card) for name in (action.label, action.short) if name]


@every_language
def test_a_button_is_short(tag):
    offer = notices.search_with(SEARCH, "bag", words(tag))
    cards = (*outcome_cards(tag), *lists_of_markets(tag), offer)
    assert [label for card in cards for label in labels(card) if len(label) > 40] == []


@every_language
def test_what_costs_a_credit_says_so_on_its_button(tag):
    spends = {Press.MARKET, Press.RETRY, Press.FRESH, Press.ALBUM, Press.WORDS}
    offer = notices.search_with(SEARCH, "red leather bag for a rainy day", words(tag))
    for card in (*outcome_cards(tag), offer):
        markup = keyboard(card)
        written = [button.text for row in (markup.inline_keyboard if markup else ()) for button in row]
        for action in actions(card):
            if action.name in spends:
                assert price_of(action, words(tag)) in action.label
                assert action.label in written, f"cut on a phone: {action.label}"


def price_of(action: Action, spoken: Words) -> str:
    """An album's other photos are three in one of the outcomes; everything else costs one credit."""
    count = 3 if action.name == Press.ALBUM and "3" in action.label else 1
    return spoken.plural("{n} credit", "{n} credits", count)


@every_language
def test_no_market_is_cut_in_the_list_of_a_phone(tag):
    chosen = lists_of_markets(tag)[0]
    markup = keyboard(chosen)
    assert markup
    written = [button.text.removeprefix("✓ ") for row in markup.inline_keyboard for button in row]
    assert set(labels(chosen)) <= set(written)


# Numbers


@pytest.mark.parametrize(
    ("tag", "day", "number", "amounts"),
    [
        ("de", "1. Dez.", "1.000.000", ("0 Credits", "1 Credit", "2 Credits")),
        ("en", "1 Dec", "1,000,000", ("0 credits", "1 credit", "2 credits")),
        ("es", "1 dic", "1.000.000", ("0 créditos", "1 crédito", "2 créditos")),
        ("fil", "Dis 1", "1,000,000", ("0 credits", "1 credit", "2 credits")),
        ("fr", "1 déc.", "1\u202f000\u202f000", ("0 crédit", "1 crédit", "2 crédits")),
        ("id", "1 Des", "1.000.000", ("0 kredit", "1 kredit", "2 kredit")),
        ("it", "1 dic", "1.000.000", ("0 crediti", "1 credito", "2 crediti")),
        ("ja", "12月1日", "1,000,000", ("0クレジット", "1クレジット", "2クレジット")),
        ("ms", "1 Dis", "1,000,000", ("0 kredit", "1 kredit", "2 kredit")),
        ("pt-BR", "1 de dez.", "1.000.000", ("0 crédito", "1 crédito", "2 créditos")),
        ("th", "1 ธ.ค.", "1,000,000", ("0 เครดิต", "1 เครดิต", "2 เครดิต")),
        ("vi", "1 thg 12", "1.000.000", ("0 điểm", "1 điểm", "2 điểm")),
    ],
    ids=SPOKEN,
)
def test_dates_numbers_and_plurals_are_written_as_people_write_them(tag, day, number, amounts):
    spoken = words(tag)
    assert spoken.date(date(2026, 12, 1)) == day
    assert spoken.number(1_000_000) == number
    assert tuple(spoken.plural("{n} credit", "{n} credits", n) for n in range(3)) == amounts
    assert spoken.time(datetime(2026, 12, 1, tzinfo=UTC)) == "00:00 UTC"


# Whose choice counts


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    file: Path = tmp_path_factory.mktemp("languages") / "snapshop.db"
    with opened(f"sqlite:///{file}") as opened_bot:
        yield opened_bot


@pytest.mark.parametrize(
    ("own", "chats", "clients"), [(*SPOKEN[at:], *SPOKEN[:at])[:3] for at in range(len(SPOKEN))], ids=SPOKEN
)
async def test_a_persons_choice_counts_more_than_the_chats_and_that_more_than_their_apps(bot, own, chats, clients):
    chat = f"-{100 + SPOKEN.index(own)}"
    ann, bob = (telegram(1000 + 100 * person + SPOKEN.index(own)) for person in range(2))
    here = {"chat": chat, "private": False, "language": clients}

    async def spoken(who, **where):
        return (await bot.commands.context.words(asker(who, **where))).language

    assert await spoken(ann, **here) == clients
    await bot.commands.press(Press.LANGUAGE_ALL, chats, asker(bob, **here, chat_admin=True))
    assert await spoken(ann, **here) == await spoken(bob, **here) == chats
    await bot.commands.press(Press.LANGUAGE, own, asker(ann, **here))
    assert (await spoken(ann, **here), await spoken(bob, **here)) == (own, chats)
    assert await spoken(ann, language=clients) == own, "it counts in private chats as well"
    await bot.commands.press(Press.LANGUAGE, "", asker(ann, **here))
    assert await spoken(ann, **here) == chats


@every_language
async def test_whoever_chooses_a_language_is_answered_in_it_at_once(bot, tag):
    who = telegram(2000 + SPOKEN.index(tag))
    said = (await bot.commands.press(Press.LANGUAGE, tag, asker(who, language="en"))).lines[0].text
    assert said == words(tag)("I speak {language} with you now.", language=words(tag).language_name())


@every_language
async def test_buttons_of_commands_are_short(bot, tag):
    here = in_group(telegram(3000 + SPOKEN.index(tag)), language=tag, chat_admin=True)
    longest = max((market.code for market in MARKETS), key=lambda code: len(words(tag).market(code)))
    cards = [await bot.commands.run(name, here, "") for name in ("region", "language")]
    cards += [await bot.commands.run("forget", replace(here, private=True), "")]
    cards += [await bot.commands.press(Press.REGION, longest, here)]
    cards += [await bot.commands.press(Press.LANGUAGE, tag, here)]
    written = [label for card in cards for label in labels(card)]
    assert len(written) == len(MARKETS) + 1 + len(SPOKEN) + 1 + 3
    assert [label for label in written if len(label) > 40] == []
