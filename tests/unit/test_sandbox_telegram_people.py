"""The person side over HTTP, as the chat page uses it, with a bot on the other side: in the demo and in the lab."""

import asyncio
import io
import json

import httpx
import pillow_heif
import pytest
from PIL import Image

from bots.sandbox.telegram_world import TelegramWorld
from tests.telegram_judge import judge
from tests.telegram_lab import TelegramLab
from tests.telegram_server import photo, serving

GROUP = -100_500
KEYBOARD = {"inline_keyboard": [[{"text": "More", "callback_data": "more"}]]}


@pytest.fixture(params=[TelegramWorld, TelegramLab])
def world(request):
    world = request.param()
    world.person(1, "Ann", language_code="de")
    world.person(2, "Bob", username="bob", role="admin")
    world.group(GROUP, "Friends", [1, 2], admins=[2])
    return world


@pytest.fixture
async def page(world):
    """What the page has: an HTTP client of the same origin."""
    async with serving(world) as url, httpx.AsyncClient(base_url=url, verify=False) as page:
        yield page
    assert not isinstance(world, TelegramLab) or judge(world) == []


def messages(world, chat):
    return list(world.chats[chat].messages.values())


async def ask(page, world, method, **parameters):
    """A call of the bot."""
    answer = await page.post(f"/bot{world.token}/{method}", json=parameters)
    assert answer.json()["ok"], answer.text
    return answer.json()["result"]


async def test_the_page_learns_who_and_what_there_is(page, world):
    await ask(page, world, "setMyShortDescription", short_description="Finds products")
    state = (await page.get("/sandbox/state")).json()
    assert state["bot"]["username"] == "snapshop_bot"
    assert (state["bot"]["description"], state["bot"]["short_description"]) == ("", "Finds products")
    assert [(p["first_name"], p["username"], p["role"], p["language_code"]) for p in state["people"]] == [
        ("Ann", None, "person", "de"),
        ("Bob", "bob", "admin", "en"),
    ]
    assert state["chats"][2] == {"id": GROUP, "type": "supergroup", "title": "Friends", "members": [1, 2]}
    assert [(c["type"], c["title"]) for c in state["chats"][:2]] == [("private", "Ann"), ("private", "Bob")]


async def test_several_photos_are_sent_as_an_album_and_can_be_looked_at(page, world):
    files = [("photo", (f"{n}.jpg", photo(1600, 900), "image/jpeg")) for n in range(3)]
    sent = await page.post("/sandbox/send", data={"person": "1", "chat": "1", "text": "bag"}, files=files)
    assert sent.json() == {"messages": [1, 2, 3]}
    messages = (await page.get("/sandbox/messages?chat=1")).json()["messages"]
    assert [m.get("caption") for m in messages] == ["bag", None, None]
    assert len({m["media_group_id"] for m in messages}) == 1
    picture = await page.get(f"/sandbox/file/{messages[0]['photo'][1]['file_id']}")
    assert (picture.headers["content-type"], picture.headers["x-content-type-options"]) == (
        "image/jpeg",
        "nosniff",
    )
    with Image.open(io.BytesIO(picture.content)) as image:
        assert image.size == (320, 180)


async def test_a_photo_can_go_as_a_file_in_reply(page, world):
    asked = (await ask(page, world, "sendMessage", chat_id=1, text="Send it as a file"))["message_id"]
    fields = {"person": "1", "chat": "1", "as": "document", "reply_to": str(asked), "text": "here"}
    file = ("bag.png", photo(kind="PNG"), "image/png")
    await page.post("/sandbox/send", data=fields, files={"photo": file})
    (update,) = await ask(page, world, "getUpdates")
    message = update["message"]
    assert (message["document"]["file_name"], message["document"]["mime_type"]) == ("bag.png", "image/png")
    assert (message["caption"], message["reply_to_message"]["text"]) == ("here", "Send it as a file")
    assert (await page.get(f"/sandbox/file/{message['document']['file_id']}")).content == file[1]


async def test_a_heic_photo_is_sent_like_any_other(page, world):
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (400, 300), "teal")).save(stream)
    files = {"photo": ("IMG_1.HEIC", stream.getvalue(), "image/heic")}
    await page.post("/sandbox/send", data={"person": "1", "chat": "1"}, files=files)
    assert [size["width"] for size in messages(world, 1)[0]["photo"]] == [90, 320, 400]


async def test_a_page_of_a_document_is_never_shown_as_a_page(page, world):
    file = ("x.html", b"<script>alert(1)</script>", "text/html")
    await page.post("/sandbox/send", data={"person": "1", "chat": "1", "as": "document"}, files={"photo": file})
    shown = await page.get(f"/sandbox/file/{messages(world, 1)[0]['document']['file_id']}")
    assert shown.headers["content-type"] == "application/octet-stream"
    assert shown.headers["content-disposition"] == "attachment"


async def test_a_press_reaches_the_bot_and_its_answer_the_page(page, world):
    number = (await ask(page, world, "sendMessage", chat_id=1, text="a", reply_markup=KEYBOARD))["message_id"]
    press = {"person": 1, "chat": 1, "message": number, "data": "more"}
    async with page.stream("GET", "/sandbox/events?chat=1") as stream:
        query = (await page.post("/sandbox/press", json=press)).json()["id"]
        (update,) = await ask(page, world, "getUpdates")
        assert update["callback_query"]["id"] == query
        await ask(page, world, "answerCallbackQuery", callback_query_id=query, text="here", show_alert=True)
        kind, data = await anext(events_of(stream))
    assert (kind, data["text"], data["show_alert"], data["person"]) == ("callback", "here", True, 1)
    gone = await page.post("/sandbox/press", json=press | {"data": "less"})
    assert (gone.status_code, gone.json()) == (400, {"error": "This button is gone."})


async def test_a_message_is_forwarded_to_the_other_person(page, world):
    world.send_photos(1, 1, [photo()], "bag")
    forward = {"person": 2, "chat": 2, "from_chat": 1, "message": 1}
    assert (await page.post("/sandbox/forward", json=forward)).json() == {"messages": [1]}
    assert messages(world, 2)[0]["photo"] == messages(world, 1)[0]["photo"]


async def events_of(stream):
    """(kind, data) of each event as it comes."""
    kind = ""
    async for line in stream.aiter_lines():
        name, _, value = line.partition(": ")
        kind = value if name == "event" else kind
        if name == "data":
            yield kind, json.loads(value)


async def test_everything_that_happens_in_a_chat_is_streamed_in_order(page, world):
    async with page.stream("GET", "/sandbox/events?chat=1") as stream:
        number = (await ask(page, world, "sendMessage", chat_id=1, text="a"))["message_id"]
        await ask(page, world, "sendMessage", chat_id=2, text="elsewhere")
        await ask(page, world, "editMessageText", chat_id=1, message_id=number, text="b")
        await ask(page, world, "sendChatAction", chat_id=1, action="typing")
        await ask(
            page,
            world,
            "setMessageReaction",
            chat_id=1,
            message_id=number,
            reaction=[{"type": "emoji", "emoji": "👀"}],
        )
        shown = (await page.get("/sandbox/messages?chat=1")).json()["messages"]
        await ask(page, world, "deleteMessage", chat_id=1, message_id=number)
        await ask(page, world, "setMyCommands", commands=[{"command": "find", "description": "Find"}])
        events = events_of(stream)
        got = [await anext(events) for _ in range(6)]
    assert [kind for kind, _ in got] == ["message", "edit", "action", "reaction", "delete", "commands"]
    assert [data.get("text") for _, data in got[:2]] == ["a", "b"]
    assert got[2][1] == {"action": "typing"}
    assert got[3][1] == {"message_id": number, "reactions": [{"emoji": "👀"}]}
    assert got[4][1] == {"message_id": number}
    assert shown[0]["reactions"] == [{"emoji": "👀"}]


@pytest.mark.parametrize(
    ("person", "chat", "scopes", "expected"),
    [
        (1, 1, ["default", "all_private_chats", "all_group_chats"], "all_private_chats"),
        (1, 1, ["default", "all_private_chats", "all_private_chats/de"], "all_private_chats/de"),
        (2, 2, ["default/en", "all_private_chats/de", "default"], "default/en"),
        (1, GROUP, ["all_private_chats", "all_group_chats", "default"], "all_group_chats"),
        (2, GROUP, ["all_private_chats"], None),
    ],
)
async def test_people_see_the_commands_of_their_scope_and_language(page, world, person, chat, scopes, expected):
    for scope in scopes:
        kind, _, language = scope.partition("/")
        command = {"command": "find", "description": scope}
        await ask(page, world, "setMyCommands", commands=[command], scope={"type": kind}, language_code=language)
    commands = (await page.get(f"/sandbox/commands?chat={chat}&person={person}")).json()["commands"]
    assert [command["description"] for command in commands] == ([expected] if expected else [])


async def test_commands_of_one_chat_come_before_all_others(page, world):
    for scope, words in (({"type": "chat", "chat_id": 2}, "for Bob"), ({"type": "default"}, "for all")):
        command = {"command": "find", "description": words}
        await ask(page, world, "setMyCommands", commands=[command], scope=scope)
    found = [(await page.get(f"/sandbox/commands?chat={n}&person={n}")).json()["commands"] for n in (1, 2)]
    assert [commands[0]["description"] for commands in found] == ["for all", "for Bob"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"person": "1", "chat": "404", "text": "x"}, "There is no such chat."),
        ({"person": "1", "text": "x"}, "The chat is missing."),
        ({"person": "1", "chat": "2", "text": "x"}, "Only members can do this here."),
        ({"person": "1", "chat": "1", "text": " "}, "This cannot be done: message text is empty."),
        ({"person": "1", "chat": "1", "text": "x" * 4097}, "This cannot be done: message is too long."),
        ({"person": "1", "chat": "1", "text": "x", "reply_to": "9"}, "This message is gone."),
    ],
)
async def test_what_cannot_be_sent_is_said_in_one_sentence(page, world, fields, sentence):
    refused = await page.post("/sandbox/send", data=fields)
    assert (refused.status_code, refused.json()) == (400, {"error": sentence})
    assert messages(world, 1) == []


async def test_more_than_ten_photos_are_refused(page, world):
    files = [("photo", ("a.jpg", photo(), "image/jpeg"))] * 11
    refused = await page.post("/sandbox/send", data={"person": "1", "chat": "1"}, files=files)
    assert (refused.status_code, refused.json()) == (400, {"error": "At most ten photos go at once."})


@pytest.mark.parametrize("path", ["/sandbox/press", "/sandbox/forward"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"chat": "1"}'])
async def test_broken_requests_of_the_page_are_the_pages_fault(page, world, path, body):
    refused = await page.post(path, content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400
    assert list(refused.json()) == ["error"]


@pytest.mark.threat(23)
@pytest.mark.parametrize("host", ["shop.example", "127.0.0.1.shop.example", "10.0.0.1:80", "", "[::2]", "[:"])
async def test_a_foreign_host_is_turned_away_everywhere(page, world, host):
    for path in ("/sandbox/state", "/sandbox/messages?chat=1", f"/bot{world.token}/getMe"):
        assert (await page.get(path, headers={"Host": host})).status_code in (400, 403)


@pytest.mark.threat(23)
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
async def test_names_of_this_machine_are_let_in(page, host):
    answer = await page.get("/sandbox/state", headers={"Host": host})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.threat(23)
@pytest.mark.parametrize(("origin", "status"), [("http://shop.example", 403), ("null", 403), ("same", 200)])
async def test_another_sites_page_cannot_send(page, origin, status):
    origin = str(page.base_url) if origin == "same" else origin
    fields = {"person": "1", "chat": "1", "text": "x"}
    sent = await page.post("/sandbox/send", data=fields, headers={"Origin": origin})
    assert sent.status_code == status


async def test_streams_and_polls_end_when_the_server_stops(world):
    async with httpx.AsyncClient(verify=False) as client:
        async with serving(world) as url:
            events = client.build_request("GET", f"{url}/sandbox/events?chat=1")
            stream = await client.send(events, stream=True)
            poll = asyncio.create_task(client.get(f"{url}/bot{world.token}/getUpdates?timeout=50"))
            await client.post(f"{url}/bot{world.token}/sendMessage", json={"chat_id": 1, "text": "hello"})
        async with asyncio.timeout(3):
            assert (await poll).json() == {"ok": True, "result": []}
            assert [kind async for kind, _ in events_of(stream)] == ["message"]
