"""What is sent to the endpoint, and what each kind of answer means."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.keyapi.errors import AccessDenied, Denial, NoAnswer, RateLimited, Refused, SearchFailed, TooLarge
from core.keyapi.wire import MOST_MATCHES, NAME_LIMIT, parse, request_body
from core.model import ANY_MARKET, HINT_LIMIT, Match

HIT: dict[str, Any] = {
    "_index": "product_image_search",
    "_id": "1731083827559830517",
    "_score": 31.961123,
    "_source": {
        "product_id": "1731083827559830517",
        "priority_region": "US",
        "vector_source_image": "tos://echosell-images/product-cover/649/1731083827559830517_0.jpeg",
        "product_name": "Bibliophobia: A Memoir",
    },
}


def hit(product: Any = "1731083827559830517", score: Any = 1.0, **source: Any) -> dict[str, Any]:
    return {"_id": product, "_score": score, "_source": {"product_id": product, **source}}


def answer(*hits: Any, status: int = 200, **fields: Any) -> tuple[Match, ...]:
    document = {"code": 0, "message": "success", "data": list(hits), "requestId": "r", **fields}
    return parse(status, {}, json.dumps(document).encode())


def failure(status: int, body: bytes | dict[str, Any], headers: dict[str, str] | None = None) -> SearchFailed:
    with pytest.raises(SearchFailed) as caught:
        parse(status, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode())
    return caught.value


def test_the_question_asks_for_all_30_and_leaves_out_what_is_empty() -> None:
    assert json.loads(request_body(b"\xff\xd8\xff\xe0", None, None)) == {
        "image_base64": "/9j/4A==",
        "size": 30,
    }
    assert json.loads(request_body(b"x", "", ANY_MARKET)) == {"image_base64": "eA==", "size": 30}


def test_the_question_steers_by_words_and_market() -> None:
    assert json.loads(request_body(b"x", 'red "shoes" 👟', "GB")) == {
        "image_base64": "eA==",
        "size": 30,
        "product_name": 'red "shoes" 👟',
        "region": "GB",
    }


@given(st.binary(max_size=300), st.text(max_size=HINT_LIMIT), st.sampled_from(["US", "TH", ANY_MARKET, None]))
@pytest.mark.threat(26)
def test_the_question_is_one_json_object_whatever_the_words_are(jpeg: bytes, hint: str, region: str | None) -> None:
    body = request_body(jpeg, hint, region)
    fields = json.loads(body)
    assert base64.b64decode(fields["image_base64"], validate=True) == jpeg
    assert fields.get("product_name", "") == hint
    assert set(fields) <= {"image_base64", "size", "product_name", "region"}
    assert b"\n" not in body


def test_a_match_has_what_people_see_of_a_product() -> None:
    assert answer(HIT) == (
        Match(
            id="1731083827559830517",
            name="Bibliophobia: A Memoir",
            region="US",
            picture=("echosell-images", "product-cover/649/1731083827559830517_0.jpeg"),
        ),
    )


def test_an_empty_list_is_an_answer() -> None:
    assert answer() == ()


def test_matches_come_best_first_and_ties_in_the_endpoints_order() -> None:
    hits = [
        hit("1", 1.0),
        hit("2", None),
        hit("3", 9),
        hit("4", 9.0),
        hit("5", "high"),
        hit("6", True),
        hit("7", 2),
    ]
    assert [match.id for match in answer(*hits)] == ["3", "4", "7", "1", "2", "5", "6"]
    odd = b'{"code":0,"data":[%s]}' % b",".join(
        b'{"_id":"%d","_score":%s,"_source":{}}' % (number, score)
        for number, score in enumerate([b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 400, b"0.5"])
    )
    assert [match.id for match in parse(200, {}, odd)] == ["5", "0", "1", "2", "3", "4"]


def test_a_product_is_shown_once_at_its_best_place() -> None:
    found = answer(hit("1", 1, product_name="late"), hit("2", 5), hit("1", 7, product_name="first"))
    assert [(match.id, match.name) for match in found] == [("1", "first"), ("2", "")]


@pytest.mark.fault(19)
def test_ten_thousand_products_are_thirty() -> None:
    found = answer(*(hit(str(10**18 + number), number) for number in range(10_000)))
    assert [match.id for match in found] == [str(10**18 + 9_999 - place) for place in range(MOST_MATCHES)]


@pytest.mark.fault(19)
@pytest.mark.threat(10)
def test_a_name_is_one_clean_line_of_bounded_length() -> None:
    (match,) = answer(hit(product_name="Bag\n\u202egnaB " + "x" * 100_000))
    assert match.name.startswith("Bag gnaB xxx")
    assert len(match.name) == NAME_LIMIT


def test_ids_are_text_whatever_they_come_as() -> None:
    assert [match.id for match in answer(hit(1731083827559830517))] == ["1731083827559830517"]
    only_outer = {"_id": 12345678901, "_source": {"product_name": "Hat"}}
    lost = {"_id": "12345678902", "_source": {"product_id": 1.7e18}}
    assert [match.id for match in answer(only_outer, lost)] == ["12345678901", "12345678902"]


def test_hits_that_are_no_products_are_passed_over() -> None:
    odd: list[Any] = [
        None,
        7,
        "x",
        [],
        {"_id": "1"},
        {"_id": "2", "_source": None},
        {"_source": {}},
        hit(True),
        hit({}),
        hit(""),
    ]
    assert [match.id for match in answer(*odd, hit("3"))] == ["3"]


@pytest.mark.parametrize(
    ("raw", "region"),
    [("us", "US"), (" GB ", "GB"), ("", None), (None, None), ("USA", None), (7, None), ("ÜS", None)],
)
def test_a_region_is_two_capital_letters_or_nothing(raw: Any, region: str | None) -> None:
    assert answer(hit(priority_region=raw))[0].region == region


@pytest.mark.parametrize(
    "raw",
    [
        "https://evil.example/x.jpg",
        "tos://",
        "tos://a/b",
        "tos://bucket/",
        "tos://bucket/a b",
        "tos://BUCKET/k",
        7,
    ],
)
@pytest.mark.threat(5)
def test_a_picture_is_a_bucket_and_a_key_or_nothing(raw: Any) -> None:
    assert answer(hit(vector_source_image=raw))[0].picture is None


TABLE = [
    (400, Refused, False),
    (401, AccessDenied, False),
    (402, AccessDenied, False),
    (403, AccessDenied, False),
    (413, TooLarge, False),
    (429, RateLimited, False),
    (500, NoAnswer, True),
    (502, NoAnswer, True),
    (503, NoAnswer, True),
    (504, NoAnswer, True),
    (404, NoAnswer, True),
]


@pytest.mark.parametrize("body_says", ["json", "html"])
@pytest.mark.parametrize(("code", "kind", "perhaps_charged"), TABLE)
@pytest.mark.fault(18)
def test_the_status_decides_what_happened(
    code: int, kind: type[SearchFailed], perhaps_charged: bool, body_says: str
) -> None:
    json_body = json.dumps({"code": code, "data": None, "message": "no\n luck"}).encode()
    error = failure(code, json_body if body_says == "json" else b"<html><h1>no</h1>\r\n<hr>luck</html>")
    assert type(error) is kind
    assert error.perhaps_charged is perhaps_charged
    assert error.detail == f"HTTP {code}: no luck"


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(("code", "kind", "perhaps_charged"), TABLE)
@pytest.mark.fault(18)
def test_a_200_with_another_code_means_the_same(
    code: int, kind: type[SearchFailed], perhaps_charged: bool, as_text: bool
) -> None:
    error = failure(200, {"code": str(code) if as_text else code, "data": None, "message": "no luck"})
    assert type(error) is kind
    assert error.perhaps_charged is perhaps_charged
    assert error.detail == f"HTTP 200, code {code}: no luck"


def test_the_status_goes_before_the_code() -> None:
    assert type(failure(502, {"code": 0, "data": [HIT]})) is NoAnswer
    assert type(failure(402, {"code": 0, "data": [HIT]})) is AccessDenied


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "apiKey is null", Denial.KEY),
        (402, "apiKey quota is not enough", Denial.QUOTA),
        (403, "not allowed", Denial.FORBIDDEN),
        (403, "Usage Limit Exceeded", Denial.QUOTA),
        (500, "usage limit exceeded for this month", Denial.QUOTA),
    ],
)
def test_the_admins_can_be_told_what_to_do_about_a_denial(status: int, message: str, kind: Denial) -> None:
    for error in (
        failure(status, {"code": status, "message": message}),
        failure(200, {"code": status, "message": message}),
    ):
        assert isinstance(error, AccessDenied)
        assert error.kind is kind
        assert not error.perhaps_charged
        assert message in str(error)


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"null",
            b"[]",
            b"7",
            b'"text"',
            b"{",
            b'{"code":0,"data":[{"_id',
            b"\xff\xfe\x00",
            b"<html>fine</html>",
        ),
        *(b'{"code":0}', b'{"code":0,"data":null}', b'{"code":0,"data":{}}', b'{"code":0,"data":"none"}'),
        *(
            b'{"code":0,"data":[1,2]}',
            b'{"code":0,"data":[{"_id":"1"}]}',
            b'{"data":[]}',
            b'{"code":null,"data":[]}',
        ),
        *(b'{"code":false,"data":[]}', b'{"code":0.0,"data":[]}', b'{"code":[],"data":[]}', b"[" * 100_000),
        b'{"code":' + b"1" * 5000 + b"}",
    ],
)
@pytest.mark.fault(18)
def test_a_200_without_a_list_of_products_may_have_been_charged(body: bytes) -> None:
    assert failure(200, body).perhaps_charged


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "3600"}, 3600.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:10 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:10 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 10.0),
        ({"retry-after": "Wed, 21 Oct 2026 07:27:00 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
    ],
)
@pytest.mark.fault(20)
def test_a_429_says_how_long_to_wait_where_the_endpoint_does(headers: dict[str, str], seconds: float | None) -> None:
    error = failure(429, {"code": 429, "message": "qps limit exceeded"}, headers)
    assert isinstance(error, RateLimited)
    assert error.retry_after == seconds


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["code", "data", "_id", "_score", "_source", "product_id", "product_name", "message"]),
            inner,
        ),
    ),
    max_leaves=20,
)


@given(st.sampled_from([200, 201, 302, 400, 429, 500]), st.one_of(st.binary(), anything))
@pytest.mark.fault(18)
def test_whatever_comes_is_matches_or_a_failure_with_a_short_reason(status: int, body: Any) -> None:
    try:
        found = parse(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
    except SearchFailed as error:
        assert len(error.detail) < 250
        assert error.detail.isprintable() or "\u200d" in error.detail
    else:
        assert all(match.id and len(match.name) <= NAME_LIMIT for match in found)
