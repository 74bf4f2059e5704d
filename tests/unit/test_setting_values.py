"""What may be written for each kind of setting, and what is refused."""

from zoneinfo import ZoneInfo

import pytest

from core.model import ANY_MARKET, Identity
from core.settings import SettingsError, load_settings


def problems(**written: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(None, **written)
    return caught.value.problems


@pytest.mark.threat(14)
@pytest.mark.parametrize("shared", ["1087968824", "136817688", "777000"])
def test_an_account_that_many_share_cannot_be_an_admin(shared: str) -> None:
    [sentence] = problems(admins=f"telegram:5, telegram:{shared}")
    assert shared in sentence
    assert "many people share" in sentence


@pytest.mark.threat(14)
@pytest.mark.parametrize(
    "written", ["@joe", "joe", "telegram:@joe", "telegram:joe", "123", "telegram:", "telegram:٣", "x:1"]
)
def test_an_admin_is_a_number_and_never_a_name(written: str) -> None:
    [sentence] = problems(admins=written)
    assert sentence.startswith("ADMINS has")
    assert "telegram:123" in sentence


@pytest.mark.threat(14)
def test_a_group_cannot_be_an_admin() -> None:
    assert "is a chat" in problems(admins="telegram:-100123")[0]


def test_admins_and_places_are_lists() -> None:
    settings = load_settings(
        None, admins=" Telegram:1 ,discord:2,, telegram:1", members_of="telegram:-100123,discord:456"
    )
    assert settings.admins == {
        Identity(platform="telegram", user="1"),
        Identity(platform="discord", user="2"),
    }
    assert [str(place) for place in settings.members_of] == ["telegram:-100123", "discord:456"]


@pytest.mark.parametrize("written", ["telegram:100123", "discord:-5", "telegram:@channel"])
def test_a_place_is_a_group_a_channel_or_a_server(written: str) -> None:
    assert problems(members_of=written)[0].startswith("MEMBERS_OF has")


@pytest.mark.parametrize(
    ("written", "meant"), [("any", ANY_MARKET), ("*", ANY_MARKET), ("us", "US"), ("uk", "GB"), ("GB", "GB")]
)
def test_the_default_region_is_any_or_a_market(written: str, meant: str) -> None:
    assert load_settings(None, default_region=written).default_region == meant


def test_an_unknown_region_is_refused() -> None:
    assert problems(default_region="XX") == [
        "DEFAULT_REGION is not a market that is known: write any, or a code such as US or GB."
    ]


@pytest.mark.parametrize("name", ["telegram_api_url", "keyapi_url"])
def test_an_address_is_https_or_on_this_machine(name: str) -> None:
    for good in (
        "https://x.example.com",
        "https://x.example.com:8443/base/",
        "http://127.0.0.1:81",
        "http://[::1]:9",
    ):
        assert getattr(load_settings(None, **{name: good}), name) == good.rstrip("/")
    assert getattr(load_settings(None, **{name: "http://localhost:5/"}), name) == "http://localhost:5"
    for bad in (
        "http://example.com",
        "http://127.0.0.1.example.com",
        "ftp://x",
        "example.com",
        "https://",
        "https://a b",
    ):
        assert problems(**{name: bad})
    for bad in (
        "https://x:99999",
        "https://me:pw@x",
        "https://x?y=1",
        "https://x#y",
        "https://[::1",
        "https://é.com",
    ):
        assert problems(**{name: bad})


@pytest.mark.parametrize("written", ["a" * 31, "a" * 257, "ä" * 40, "a b" * 20, "a:" * 20])
def test_a_webhook_secret_that_could_be_guessed_or_is_not_telegrams_form_is_refused(written: str) -> None:
    assert "TELEGRAM_WEBHOOK_SECRET must be 32 to 256" in problems(telegram_webhook_secret=written)[0]


@pytest.mark.parametrize(
    "written",
    [
        "https://shop.example.com/{id}",
        "http://127.0.0.1:8080/p/{id}?r={region}&l={locale}",
    ],
)
def test_a_product_link_is_a_template(written: str) -> None:
    assert load_settings(None, product_url=written).product_url == written


@pytest.mark.parametrize(
    "written",
    [
        "https://shop.example.com/",
        "https://shop.example.com/{id}/{price}",
        "https://shop.example.com/{id",
        "https://shop.example.com/{id!r}",
        "https://shop.example.com/{id.__class__}",
        "https://shop.example.com/{id:>9}",
        "https://shop.example.com/{}",
        "https://{id}.example.com/{id}",
        "http://shop.example.com/{id}",
        "javascript:alert({id})",
        "tg://{id}",
    ],
)
def test_a_product_link_that_would_be_wrong_or_unsafe_is_refused(written: str) -> None:
    assert problems(product_url=written)[0].startswith("PRODUCT_URL ")


@pytest.mark.parametrize(
    "written",
    [
        "https://cdn.example.com/picture.jpg",
        "https://{bucket}.example.com/{key}",
        "https://cdn.example.com/{id}",
        "http://cdn.example.com/{key}",
        "file:///{key}",
        "https://me:password@cdn.example.com/{key}",
    ],
)
def test_pictures_come_only_from_a_host_that_the_operator_names(written: str) -> None:
    assert problems(product_picture_url=written)[0].startswith("PRODUCT_PICTURE_URL ")


def test_pictures_and_the_server_can_be_off() -> None:
    settings = load_settings(None, product_picture_url="off", http_port="off")
    assert settings.product_picture_url is None
    assert settings.http_port is None
    mirror = "https://cdn.example.com/{bucket}/{key}?w=536"
    assert load_settings(None, product_picture_url=mirror).product_picture_url == mirror


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgres://me:p%40ss@db/shop", "postgresql+psycopg://me:p%40ss@db/shop"),
        ("postgresql://db/shop?sslmode=require", "postgresql+psycopg://db/shop?sslmode=require"),
        ("postgresql+psycopg://db/shop", "postgresql+psycopg://db/shop"),
        ("sqlite:////var/lib/snapshop.db", "sqlite:////var/lib/snapshop.db"),
    ],
)
def test_the_database_is_a_file_or_postgresql(written: str, meant: str) -> None:
    assert load_settings(None, database_url=written).database_url.get_secret_value() == meant


@pytest.mark.parametrize(
    "written", ["sqlite://", "sqlite:///:memory:", "mysql://h/x", "snapshop.db", "postgresql+asyncpg://h/x"]
)
def test_a_database_that_would_forget_or_is_unknown_is_refused(written: str) -> None:
    assert problems(database_url=written)[0].startswith("DATABASE_URL ")


def test_postgresql_without_its_driver_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    [sentence] = problems(database_url="postgresql://h/x")
    assert "pip install '.[postgres]'" in sentence


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("keyapi_rate", "0"),
        ("keyapi_rate", "inf"),
        ("keyapi_rate", "nan"),
        ("keyapi_concurrency", "0"),
        ("keyapi_timeout", "-1"),
        ("queue_wait", "0"),
        ("cache_hours", "1e300"),
        ("retention_days", "0"),
        ("http_port", "65536"),
        ("http_host", "http://0.0.0.0"),
        ("log_format", "xml"),
        ("link_preview", "perhaps"),
        ("discord_guild", "my server"),
        ("report_timezone", "../../etc/passwd"),
        ("report_timezone", "Europe"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(name: str, written: str) -> None:
    [sentence] = problems(**{name: written})
    assert sentence.startswith(name.upper())


def test_words_may_be_written_in_any_case() -> None:
    settings = load_settings(None, log_level="debug", log_format="JSON", link_preview="Off", discord_user_install="ON")
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
    assert (settings.link_preview, settings.discord_user_install) == (False, True)
    assert load_settings(None, report_timezone="Europe/Berlin").report_timezone == ZoneInfo("Europe/Berlin")
