"""Markets by code, alias, name and hashtag; links only to where we mean to."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.model import ANY_MARKET
from core.regions import (
    MARKETS,
    PRODUCT_URL,
    find_market,
    flag,
    market,
    product_link,
    safe_address,
    take_market,
)

ID = "1731083827559830517"
CODES = [place.code for place in MARKETS]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("us", "US"), ("US", "US"), (" gb ", "GB"), ("uk", "GB"), ("UK", "GB"), ("#UK", "GB")),
        *(
            ("United  States", "US"),
            ("vietnam", "VN"),
            ("Viet Nam", "VN"),
            ("saudi arabia", "SA"),
            ("JAPAN", "JP"),
        ),
        *(("any", ANY_MARKET), ("All", ANY_MARKET), ("*", ANY_MARKET), ("worldwide", ANY_MARKET)),
        *(("", None), ("CN", None), ("Atlantis", None), ("usb", None)),
    ],
)
def test_a_market_is_found_by_code_alias_or_name(text: str, code: str | None) -> None:
    assert find_market(text) == code


def test_a_market_is_found_by_its_name_in_the_persons_language() -> None:
    names = [("Deutschland", "DE"), ("Österreich", "AT"), ("ประเทศไทย", "TH")]
    assert find_market("deutschland", names) == "DE"
    assert find_market("ประเทศไทย", names) == "TH"
    assert find_market("österreich", names) is None


def test_every_market_is_known_by_its_code_once() -> None:
    assert len(set(CODES)) == len(CODES) == 17
    assert [find_market(place.code.lower()) for place in MARKETS] == CODES
    assert [find_market(place.name) for place in MARKETS] == CODES
    assert [market(code) for code in CODES] == list(MARKETS)
    assert [place.code for place in MARKETS if not place.proven] == ["DE", "FR", "IT", "IE", "JP"]


@pytest.mark.parametrize(
    ("caption", "taken", "rest"),
    [
        ("red shoes #US", "US", "red shoes"),
        ("#uk red shoes", "GB", "red shoes"),
        ("red #any shoes", ANY_MARKET, "red shoes"),
        ("red shoes #sale", None, "red shoes #sale"),
        ("red shoes #USA #use", None, "red shoes #USA #use"),
        ("shoes #th #sg", "TH", "shoes"),
        ("C#US", None, "C#US"),
        ("#US,", "US", ","),
        ("", None, ""),
    ],
)
def test_a_caption_names_the_market_with_a_hashtag(caption: str, taken: str | None, rest: str) -> None:
    assert take_market(caption) == (taken, rest)


@given(st.text(), st.sampled_from([*CODES, "uk", "any"]))
def test_no_market_stays_behind_in_the_words(caption: str, code: str) -> None:
    taken, rest = take_market(f"{caption} #{code.lower()}")
    assert taken is not None
    assert take_market(rest) == (None, rest)


def test_flags_are_flags_and_any_market_is_a_globe() -> None:
    assert flag("US") == "🇺🇸"
    assert flag("gb") == "🇬🇧"
    assert {flag(ANY_MARKET), flag(None), flag("é1"), flag("USA")} == {"🌐"}


@pytest.mark.parametrize(
    ("region", "link"),
    [
        ("US", f"https://shop.tiktok.com/view/product/{ID}?region=US&locale=en-US"),
        ("BR", f"https://shop.tiktok.com/view/product/{ID}?region=BR&locale=pt-BR"),
        ("PH", f"https://shop.tiktok.com/view/product/{ID}?region=PH&locale=en"),
        (None, f"https://shop.tiktok.com/view/product/{ID}"),
        ("ZZ", f"https://shop.tiktok.com/view/product/{ID}"),
        (ANY_MARKET, f"https://shop.tiktok.com/view/product/{ID}"),
    ],
)
def test_a_product_opens_in_its_market(region: str | None, link: str) -> None:
    assert product_link(PRODUCT_URL, ID, region) == link


def test_an_operators_own_template_keeps_what_it_does_not_need_the_market_for() -> None:
    assert product_link("https://go.example/p/{id}?ref=bot", ID, None) == f"https://go.example/p/{ID}?ref=bot"
    assert product_link("https://go.example/{region}/{id}", ID, None) is None
    assert product_link("https://go.example/{region}/{id}", ID, "JP") == f"https://go.example/JP/{ID}"
    assert product_link("http://127.0.0.1:8080/product/{id}", ID, "US") == f"http://127.0.0.1:8080/product/{ID}"


@pytest.mark.parametrize(
    "template",
    [
        *(
            "http://shop.example/{id}",
            "javascript:alert({id})",
            "tos://bucket/{id}",
            "//shop.example/{id}",
            "{id}",
        ),
        *("https://{id}.example/", "https://user:pw@shop.example/{id}", "https:///{id}", "https://[::1/{id}"),
        *(
            "http://127.0.0.1.evil.example/{id}",
            "http://localhost.evil.example/{id}",
            "https://a.example:x/{id}",
        ),
    ],
)
@pytest.mark.threat(11)
def test_no_link_is_built_from_an_unsafe_template(template: str) -> None:
    assert product_link(template, ID, "US") is None


hostile = st.one_of(
    st.text(),
    st.from_regex(r"[0-9]{0,40}\n?", fullmatch=True),
    st.from_regex(r"\d{10,30}", fullmatch=True),
    st.sampled_from(
        [
            "../../evil",
            "1234567890?x=",
            "1234567890/..",
            "1234567890\n",
            "１２３４５６７８９０１",
            "12345678901#",
        ]
    ),
)


@given(hostile, st.one_of(st.none(), st.text(max_size=4), st.sampled_from(CODES)))
@pytest.mark.threat(11)
def test_a_link_is_ours_whatever_the_endpoint_sends(match_id: str, region: str | None) -> None:
    link = product_link(PRODUCT_URL, match_id, region)
    if link is None:
        assert not (match_id.isascii() and match_id.isdigit() and 10 <= len(match_id) <= 30)
        return
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc, parts.path) == (
        "https",
        "shop.tiktok.com",
        f"/view/product/{match_id}",
    )
    assert match_id.isascii() and match_id.isdigit() and 10 <= len(match_id) <= 30
    place = market(region)
    assert parts.query == (f"region={place.code}&locale={place.locale}" if place else "")


@pytest.mark.parametrize("url", ["https://api.example", "http://127.0.0.1:9", "http://localhost", "http://[::1]:80/x"])
def test_addresses_of_this_machine_may_do_without_tls(url: str) -> None:
    assert safe_address(url)
