"""The endpoint's stand-in speaks the endpoint's contract, is strict, and counts what it would have charged."""

import base64
import io
import json
import re
import uuid

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bots.sandbox import pictures
from bots.sandbox.catalogue import MARKETS
from bots.sandbox.endpoint import PATH, Endpoint, serve
from bots.sandbox.question import Refused, read

KEY = "sk_live_0123456789"
BOOTS = base64.b64encode(pictures.card("ankle-boots")).decode()


@pytest.fixture
async def endpoint():
    return Endpoint(key=KEY)


@pytest.fixture
async def client(endpoint):
    async with (
        serve(endpoint) as address,
        httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {KEY}"}) as client,
    ):
        yield client


def question(**fields: object) -> dict[str, object]:
    return {"image_base64": BOOTS, "size": 30} | fields


async def test_a_photo_gets_thirty_products_in_the_shape_of_the_service(client, endpoint):
    response = await client.post(PATH, json=question())
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("application/json")
    answer = response.json()
    assert list(answer) == ["code", "message", "data", "requestId"]
    assert (answer["code"], answer["message"]) == (0, "success")
    assert uuid.UUID(answer["requestId"])
    assert len(answer["data"]) == 30
    for hit in answer["data"]:
        assert list(hit) == ["_index", "_id", "_score", "_source"]
        assert hit["_index"] == "product_image_search"
        assert re.fullmatch(r"[0-9]{19}", hit["_id"])
        source = hit["_source"]
        assert list(source) == ["product_id", "priority_region", "vector_source_image", "product_name"]
        assert source["product_id"] == hit["_id"]
        assert source["priority_region"] in MARKETS
        assert re.fullmatch(r"tos://sandbox-images/product-cover/\d+/\d{19}_0\.jpeg", source["vector_source_image"])
    scores = [hit["_score"] for hit in answer["data"]]
    assert scores == sorted(scores, reverse=True)
    assert 20 < scores[0] <= 40
    assert "Ankle Boots" in answer["data"][0]["_source"]["product_name"]
    assert (endpoint.requests, endpoint.charged) == (1, 1)


async def test_size_region_and_words_are_heeded(client):
    answer = (await client.post(PATH, json=question(size=3, region="GB", product_name="blue dress"))).json()
    assert len(answer["data"]) == 3
    assert {hit["_source"]["priority_region"] for hit in answer["data"]} == {"GB"}
    assert re.search("Dress", answer["data"][0]["_source"]["product_name"])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_jpeg_png_and_webp_are_read(client, form):
    buffer = io.BytesIO()
    pictures.cutout("teapot").convert("RGB" if form == "JPEG" else "RGBA").save(buffer, form)
    picture = base64.b64encode(buffer.getvalue()).decode()
    answer = (await client.post(PATH, json=question(image_base64=picture))).json()
    assert "Teapot" in answer["data"][0]["_source"]["product_name"] or form == "JPEG"
    assert len(answer["data"]) == 30


GIF = io.BytesIO()
Image.new("RGB", (64, 64)).save(GIF, "GIF")
WRONG = {
    "size above 30": question(size=31),
    "size 0": question(size=0),
    "size true": question(size=True),
    "size text": question(size="30"),
    "size with a fraction": question(size=1.5),
    "no size": {"image_base64": BOOTS},
    "no picture": {"size": 30},
    "empty picture": question(image_base64=""),
    "picture null": question(image_base64=None),
    "a data address": question(image_base64="data:image/jpeg;base64," + BOOTS),
    "line breaks": question(image_base64=BOOTS[:76] + "\n" + BOOTS[76:]),
    "the alphabet of addresses": question(image_base64=BOOTS.replace("/", "_").replace("+", "-")),
    "not a picture": question(image_base64=base64.b64encode(b"hello, world").decode()),
    "half a picture": question(image_base64=BOOTS[: len(BOOTS) // 8 * 4]),
    "a GIF": question(image_base64=base64.b64encode(GIF.getvalue()).decode()),
    "empty words": question(product_name=""),
    "words null": question(product_name=None),
    "words too long": question(product_name="x" * 101),
    "region empty": question(region=""),
    "region null": question(region=None),
    "region in lower case": question(region="us"),
    "unknown region": question(region="UK"),
    "region as a list": question(region=["US"]),
    "an unknown field": question(page=2),
    "a list": [question()],
    "a text": "hello",
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_request_is_refused_with_400_and_not_charged(client, endpoint, body):
    response = await client.post(PATH, json=body)
    assert response.status_code == 400
    assert response.json()["code"] == 400
    assert response.json()["data"] is None
    assert response.json()["message"]
    assert (endpoint.requests, endpoint.charged, dict(endpoint.outcomes)) == (1, 0, {"400": 1})


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (json.dumps(question()).encode(), "text/plain"),
    ],
)
async def test_a_body_that_is_not_json_is_refused_with_400(client, endpoint, content, kind):
    response = await client.post(PATH, content=content, headers={"Content-Type": kind})
    assert (response.status_code, response.json()["code"]) == (400, 400)
    assert endpoint.charged == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("image_base64", "size", "product_name", "region", "page"), JSON))
    | JSON
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_body_holds_it_is_a_question_or_refused_with_400(body):
    try:
        asked = read(json.dumps(body).encode(), "application/json")
    except Refused as refused:
        assert refused.status == 400
        assert refused.message
    else:
        assert isinstance(asked.image_base64, bytes)
        assert 1 <= asked.size <= 30


async def test_a_body_over_a_mebibyte_gets_the_html_of_an_ordinary_proxy(client, endpoint):
    whole = json.dumps(question(product_name="x")).encode()
    fits = whole + b" " * (1024 * 1024 - 1 - len(whole))
    assert (await client.post(PATH, content=fits, headers={"Content-Type": "application/json"})).status_code == 200
    response = await client.post(PATH, content=fits + b"  ", headers={"Content-Type": "application/json"})
    assert response.status_code == 413
    assert response.headers["Content-Type"].startswith("text/html")
    assert (endpoint.requests, endpoint.charged) == (2, 1)


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        (None, "apiKey is null"),
        ("Bearer", "apiKey is null"),
        (f"Basic {KEY}", "apiKey is null"),
        ("Bearer sk_live_other", "apiKey is invalid"),
        ("Bearer sk_live_\xfc", "apiKey is invalid"),
    ],
)
async def test_without_the_right_key_nothing_is_searched(client, endpoint, authorization, message):
    del client.headers["Authorization"]
    headers = {} if authorization is None else {"Authorization": authorization.encode("latin-1")}
    response = await client.post(PATH, json=question(), headers=headers)
    assert response.status_code == 401
    assert response.json() == {"code": 401, "data": None, "message": message}
    assert endpoint.charged == 0


async def test_without_a_configured_key_any_that_looks_like_one_is_good():
    async with serve(Endpoint()) as address, httpx.AsyncClient(base_url=address) as client:
        for key, status in (("sk_test", 200), ("pk_test", 401)):
            response = await client.post(PATH, json=question(), headers={"Authorization": f"Bearer {key}"})
            assert response.status_code == status


async def test_the_picture_of_a_product_is_served_where_its_address_points(client):
    answer = (await client.post(PATH, json=question(size=1))).json()
    address = answer["data"][0]["_source"]["vector_source_image"]
    response = await client.get("/pictures/" + address.removeprefix("tos://"))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "image/jpeg"
    image = Image.open(io.BytesIO(response.content))
    assert (image.format, image.size) == ("JPEG", (536, 536))


@pytest.mark.parametrize("path", ["sandbox-images/no.jpeg", "other/x", "sandbox-images/../products.csv"])
async def test_no_other_file_is_served(client, path):
    assert (await client.get(f"/pictures/{path}")).status_code == 404


async def test_the_log_tells_what_was_asked_and_never_the_key_or_the_picture(client, endpoint):
    await client.post(PATH, json=question(region="US", product_name="red boots"))
    await client.post(PATH, json=question(size=99))
    state = json.loads(json.dumps(endpoint.state()))
    assert (state["requests"], state["charged"], state["behaviour"]) == (2, 1, "normal")
    assert state["outcomes"] == {"normal": 1, "400": 1}
    good, bad = state["log"]
    assert (good["region"], good["product_name"], good["charged"]) == ("US", "red boots", True)
    assert re.fullmatch("[0-9a-f]{64}", good["digest"])
    assert good["at"].endswith("+00:00")
    assert (bad["outcome"], bad["charged"], bad["digest"]) == ("400", False, "")
    assert KEY not in json.dumps(state)
    assert BOOTS[:40] not in json.dumps(state)
