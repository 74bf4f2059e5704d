"""How the endpoint's stand-in is told what to answer: on the demo's page, in tests, and how it counts that."""

import base64
import re
from importlib import resources

import httpx
import pytest

from bots.sandbox import pictures
from bots.sandbox.endpoint import PATH, Endpoint, serve
from tests.endpoint_lab import EndpointLab

HEADERS = {"Authorization": "Bearer sk_test"}
BOOTS = base64.b64encode(pictures.card("ankle-boots")).decode()


@pytest.fixture
async def endpoint():
    return EndpointLab()


@pytest.fixture
async def client(endpoint):
    async with serve(endpoint) as address, httpx.AsyncClient(base_url=address, headers=HEADERS) as client:
        yield client


def question(**fields: object) -> dict[str, object]:
    return {"image_base64": BOOTS, "size": 30} | fields


#: What each choice on the demo's page does: the status and code that arrive (None: a lost connection), and the charge.
CHOICES = {
    "normal": (200, 0, 1),
    "none": (200, 0, 1),
    "slow": (200, 0, 1),
    "402": (402, 402, 0),
    "reset-after": (None, None, 1),
    "500": (500, 500, 0),
}


@pytest.mark.parametrize("choice", CHOICES)
async def test_each_choice_of_the_page_does_what_it_says(choice):
    endpoint = Endpoint()
    status, code, charged = CHOICES[choice]
    endpoint.behave(choice, times=1, seconds=0.05)
    async with serve(endpoint) as address, httpx.AsyncClient(base_url=address, headers=HEADERS) as client:
        if status is None:
            with pytest.raises(httpx.NetworkError):
                await client.post(PATH, json=question())
        else:
            response = await client.post(PATH, json=question())
            assert (response.status_code, response.json()["code"]) == (status, code)
            assert bool(response.json()["data"]) == (choice in ("normal", "slow"))
        assert (endpoint.requests, endpoint.charged, dict(endpoint.outcomes)) == (1, charged, {choice: 1})
        assert (await client.post(PATH, json=question())).json()["code"] == 0  # then it is as usual again


def test_the_page_offers_what_the_stand_in_can_do():
    page = resources.files("bots.sandbox").joinpath("page", "index.html").read_text("utf-8")
    select = re.search(r'<select data-part="behaviour">(.*?)</select>', page, re.DOTALL)
    assert select is not None
    offered = re.findall(r'<option value="([^"]+)"', select[1])
    assert sorted(offered) == sorted(Endpoint().behaviours) == sorted(CHOICES)


@pytest.mark.threat(23)
async def test_no_web_page_can_steer_the_demos_endpoint_past_the_demo():
    endpoint = Endpoint()
    async with serve(endpoint) as address, httpx.AsyncClient(base_url=address, headers=HEADERS) as client:
        assert (await client.post("/sandbox/endpoint", json={"behaviour": "500"})).status_code == 404
        response = await client.post(PATH, json=question(), headers={"Sandbox-Behaviour": "500"})
        assert response.status_code == 200
    assert endpoint.state()["behaviour"] == "normal"


def test_a_choice_that_it_does_not_know_changes_nothing():
    endpoint = Endpoint()
    with pytest.raises(ValueError, match="no such behaviour"):
        endpoint.behave("nonsense")
    assert endpoint.state()["behaviour"] == "normal"


async def test_the_state_is_told_over_http_too(client, endpoint):
    await client.post(PATH, json=question())
    assert (await client.get("/sandbox/endpoint")).json() == endpoint.state()


async def test_asked_faster_than_its_pace_it_says_429_and_charges_nothing():
    now = 1000.0
    endpoint = EndpointLab(rate=2, now=lambda: now)
    async with serve(endpoint) as address, httpx.AsyncClient(base_url=address, headers=HEADERS) as client:
        statuses = [(await client.post(PATH, json=question(size=1))).status_code for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2
        now += 2.0
        assert (await client.post(PATH, json=question(size=1))).status_code == 200
    assert (endpoint.requests, endpoint.charged) == (8, 6)


async def test_the_next_answers_can_be_chosen_and_run_out(client, endpoint):
    chosen = {"behaviour": "402", "times": 2}
    assert (await client.post("/sandbox/endpoint", json=chosen)).json()["behaviour"] == "402"
    endpoint.behave("none", times=1)
    codes = []
    for _ in range(4):
        answer = (await client.post(PATH, json=question(size=1))).json()
        codes.append((answer["code"], len(answer["data"] or ())))
    assert codes == [(402, 0), (402, 0), (0, 0), (0, 1)]
    assert endpoint.charged == 2


async def test_a_behaviour_without_a_number_stays_until_another_is_chosen(client):
    await client.post("/sandbox/endpoint", json={"behaviour": "500", "times": None})
    assert [(await client.post(PATH, json=question())).status_code for _ in range(3)] == [500] * 3
    await client.post("/sandbox/endpoint", json={"behaviour": "normal"})
    assert (await client.post(PATH, json=question())).status_code == 200


@pytest.mark.parametrize(
    "wish",
    [
        {"behaviour": "nonsense"},
        {"behaviour": "slow", "seconds": -1},
        {"behaviour": "slow", "seconds": 1e9},
        {"behaviour": "slow", "seconds": "6"},
        {"behaviour": "none", "times": 0},
        {"behaviour": "none", "times": 10**9},
        {"behaviour": "none", "times": 1.5},
        {"behaviour": ["none"]},
        {"times": 1},
        ["none"],
        "none",
    ],
)
async def test_a_senseless_wish_changes_nothing(client, endpoint, wish):
    response = await client.post("/sandbox/endpoint", json=wish)
    assert response.status_code == 400
    assert response.json()["error"]
    assert endpoint.state()["behaviour"] == "normal"
