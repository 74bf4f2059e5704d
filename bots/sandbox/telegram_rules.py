"""The Bot API's rules for what a message may hold (https://core.telegram.org/bots/api): lengths, HTML, entities."""

import html
import re
from typing import Any

Json = dict[str, Any]

# Bot API: sendMessage 1-4096, sendPhoto caption 0-1024 "characters after entities parsing": UTF-16 units
LIMITS = {"text": (4096, "message is too long"), "caption": (1024, "message caption is too long")}
MAX_ENTITIES = 100  # Bot API: further entities are ignored
TAGS = {"b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline"}
TAGS |= {"s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler"}
TAGS |= {"a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote"}
TOKEN = re.compile(
    r"""<(?P<end>/?)(?P<tag>[^\s>]+)(?P<attributes>(?:[^>"']|"[^"]*"|'[^']*')*)>"""
    r"|(?P<character>&(?:\#x[0-9a-f]{1,6}|\#\d{1,7}|lt|gt|amp|quot);)|(?P<open><)|[^<&]+|&",
    re.IGNORECASE,
)
LINK = re.compile(r"""\shref\s*=\s*["']?((?:https?|tg)://[^\s"']+)""", re.IGNORECASE)
FOUND = re.compile(  # what Telegram makes entities of by itself
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,32}(?:@[A-Za-z][A-Za-z0-9_]{2,31})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z][A-Za-z0-9_]{3,31}(?!\w))"
    r"|(?P<url>https?://[^\s<>\"]+)|(?P<hashtag>(?<!\w)\#\w+)"
)


class ApiError(Exception):
    """The Bot API refuses a call: HTTP status, description, and parameters such as retry_after."""

    def __init__(self, status: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


class Upload(bytes):
    """A file that came with a call, under its own name."""

    name: str
    mime: str

    def __new__(cls, data: bytes, name: str, mime: str) -> "Upload":
        """These bytes, with their name."""
        upload = super().__new__(cls, data)
        upload.name, upload.mime = name, mime
        return upload


def refusal(reason: str) -> ApiError:
    """A 400 in the words of Telegram's open server."""
    return ApiError(400, f"Bad Request: {reason}")


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, the Bot API's measure for limits and entities."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Text and entities of parse_mode HTML; raises ApiError where Telegram cannot parse it."""
    text, entities, opened = "", list[Json](), list[tuple[str, Json]]()
    for token in TOKEN.finditer(source):
        tag, where = (token["tag"] or "").lower(), f"at byte offset {len(source[: token.start()].encode())}"
        if token["open"]:
            raise refusal(f"can't parse entities: Unclosed start tag {where}")
        if not tag:
            text += html.unescape(token[0]) if token["character"] else token[0]
        elif not token["end"]:
            if tag not in TAGS:
                raise refusal(f'can\'t parse entities: Unsupported start tag "{tag}" {where}')
            link = {"url": html.unescape(found[1])} if (found := LINK.search(token["attributes"])) else {}
            opened.append((tag, {"type": TAGS[tag], "offset": utf16_length(text)} | link))
        elif not opened:
            raise refusal(f"can't parse entities: Unexpected end tag {where}")
        else:
            name, entity = opened.pop()
            if name != tag:
                expected = f'expected "</{name}>", found "</{tag}>"'
                raise refusal(f"can't parse entities: Unmatched end tag {where}, {expected}")
            entity["length"] = utf16_length(text) - entity["offset"]
            if entity["length"] and (tag != "a" or "url" in entity):  # a link to nowhere is plain text
                entities.append(entity)
    if opened:
        raise refusal(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    return text, entities


def words(kind: str, source: object, parse_mode: object = "") -> Json:
    """`text` or `caption` of a message with all its entities, within the limits; {} for no caption."""
    trimmed = str(source or "").strip()
    text, entities = parse_html(trimmed) if parse_mode else (trimmed, list[Json]())
    limit, too_long = LIMITS[kind]
    if utf16_length(text) > limit:
        raise refusal(too_long)
    if kind == "text" and not text.strip():
        raise refusal("message text is empty")
    solid = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in ("code", "pre", "text_link")]
    for match in FOUND.finditer(text):
        start, length = utf16_length(text[: match.start()]), utf16_length(match[0])
        if all(start + length <= first or last <= start for first, last in solid):
            entities.append({"type": match.lastgroup, "offset": start, "length": length})
    entities.sort(key=lambda e: (e["offset"], -e["length"]))
    name = "entities" if kind == "text" else "caption_entities"
    return ({kind: text} if text else {}) | ({name: entities[:MAX_ENTITIES]} if entities else {})
