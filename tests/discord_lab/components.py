"""What Discord refuses in the components of a message or a form.

Limits: Discord API, Component Reference, unless another source stands beside them.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator

from tests.discord_lab import records as r
from tests.discord_lab.errors import Json, Problem

MAX_COMPONENTS = 40  # "messages allow up to 40 total components", nested ones too
MAX_TEXT = 4000  # characters over all text displays of a message
MAX_ROWS = 5  # of a message without the V2 flag
MAX_CUSTOM_ID, MAX_LABEL, MAX_URL, MAX_PLACEHOLDER = 100, 80, 512, 150
MAX_OPTIONS, MAX_OPTION_TEXT = 25, 100
MAX_BUTTONS, MAX_SECTION_TEXTS, MAX_GALLERY, MAX_ALT_TEXT = 5, 3, 10, 1024
MAX_FORM, MAX_TITLE = 5, 45  # Discord API: Interaction Response, modal
LINK, PREMIUM = 5, 6  # Button Styles

SELECTS = (r.SELECT, 5, 6, 7, 8)
LAYOUT = (r.ROW, r.SECTION, r.TEXT, r.GALLERY, r.FILE, r.SEPARATOR)
#: What may stand in what; None: the message itself.
CHILDREN: dict[int | None, tuple[int, ...]] = {
    None: (*LAYOUT, r.CONTAINER),
    r.CONTAINER: LAYOUT,
    r.ROW: (r.BUTTON, *SELECTS),
    r.SECTION: (r.TEXT,),
    r.LABEL: (r.TEXT_INPUT, *SELECTS),
}
REQUIRED = ("BASE_TYPE_REQUIRED", "This field is required")


def message_problems(components: list[Json], *, v2: bool, uploaded: Container[str]) -> Iterator[Problem]:
    """Everything that is wrong; `uploaded`: the names of the files that came with them."""
    yield from _length("components", components, 1 if v2 else 0, MAX_COMPONENTS if v2 else MAX_ROWS)
    if v2 and sum(1 for _ in r.walk(components)) > MAX_COMPONENTS:
        yield Problem("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"at most {MAX_COMPONENTS}, nested too")
    if (total := sum(map(len, r.texts(components)))) > MAX_TEXT:
        text = f"{total} characters in text displays, at most {MAX_TEXT}"
        yield Problem("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)
    for place, part in enumerate(components):
        if not v2 and part["type"] != r.ROW:
            yield Problem(f"components.{place}", "UNION_TYPE_CHOICES", "only rows without the flag IS_COMPONENTS_V2")
        yield from _part(f"components.{place}", part, CHILDREN[None], uploaded)
    yield from _unique(components)


def form_problems(form: Json) -> Iterator[Problem]:
    """Everything that is wrong with a modal."""
    yield from _length("custom_id", form.get("custom_id") or "", 1, MAX_CUSTOM_ID)
    yield from _length("title", form.get("title") or "", 1, MAX_TITLE)
    yield from _length("components", form.get("components") or (), 1, MAX_FORM)
    for place, part in enumerate(form.get("components") or ()):
        here = f"components.{place}"
        if part["type"] == r.LABEL:
            yield from _length(f"{here}.label", part.get("label") or "", 1, MAX_TITLE)
            yield from _part(f"{here}.component", part.get("component") or {}, CHILDREN[r.LABEL], ())
        elif part["type"] != r.TEXT:
            yield Problem(here, "UNION_TYPE_CHOICES", "only labels and text displays")
    yield from _unique(form.get("components") or ())


def _part(path: str, part: Json, allowed: Container[object], uploaded: Container[str]) -> Iterator[Problem]:
    kind = part.get("type")
    if kind not in allowed:
        yield Problem(path, "UNION_TYPE_CHOICES", f"a component of type {kind} may not stand here")
        return
    if kind in (r.ROW, r.SECTION, r.CONTAINER):
        yield from _nested(path, part, uploaded)
    elif kind == r.BUTTON:
        yield from _button(path, part)
    elif kind in SELECTS:
        yield from _select(path, part)
    elif kind == r.TEXT_INPUT:
        yield from _length(f"{path}.custom_id", part.get("custom_id") or "", 1, MAX_CUSTOM_ID)
        yield from _length(f"{path}.placeholder", part.get("placeholder") or "", 0, MAX_OPTION_TEXT)
    elif kind == r.TEXT:
        yield from _length(f"{path}.content", part.get("content") or "", 1, MAX_TEXT)
    elif kind in (r.THUMBNAIL, r.GALLERY, r.FILE):
        yield from _media(path, part, uploaded)


def _nested(path: str, part: Json, uploaded: Container[str]) -> Iterator[Problem]:
    parts = part.get("components") or []
    most = {r.ROW: MAX_BUTTONS, r.SECTION: MAX_SECTION_TEXTS}.get(part["type"], MAX_COMPONENTS)
    yield from _length(f"{path}.components", parts, 1, most)
    if part["type"] == r.ROW and len(parts) > 1 and any(child["type"] in SELECTS for child in parts):
        yield Problem(f"{path}.components", "BASE_TYPE_BAD_LENGTH", "a menu stands alone in its row")
    for place, child in enumerate(parts):
        yield from _part(f"{path}.components.{place}", child, CHILDREN[part["type"]], uploaded)
    if part["type"] == r.SECTION:
        accessory = part.get("accessory")
        if accessory is None:
            yield Problem(f"{path}.accessory", *REQUIRED)
        else:
            yield from _part(f"{path}.accessory", accessory, (r.BUTTON, r.THUMBNAIL), uploaded)


def _button(path: str, part: Json) -> Iterator[Problem]:
    if not part.get("label") and not part.get("emoji"):
        yield Problem(path, "BUTTON_COMPONENT_REQUIRES_LABEL_OR_EMOJI", "a label or an emoji is needed")
    yield from _length(f"{path}.label", part.get("label") or "", 0, MAX_LABEL)
    if part.get("style") == LINK:
        url = part.get("url") or ""
        if "custom_id" in part:
            yield Problem(path, "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", "a link has no custom_id")
        if not url.startswith("https://"):
            yield Problem(f"{path}.url", "URL_TYPE_INVALID_SCHEME", f"{url!r} is no address of https")
        yield from _length(f"{path}.url", url, 1, MAX_URL)
        return
    if "url" in part or part.get("style") == PREMIUM:
        yield Problem(path, "BUTTON_COMPONENT_INVALID_STYLE", "a button has no address and sells nothing")
    yield from _length(f"{path}.custom_id", part.get("custom_id") or "", 1, MAX_CUSTOM_ID)


def _select(path: str, part: Json) -> Iterator[Problem]:
    yield from _length(f"{path}.custom_id", part.get("custom_id") or "", 1, MAX_CUSTOM_ID)
    yield from _length(f"{path}.placeholder", part.get("placeholder") or "", 0, MAX_PLACEHOLDER)
    if part["type"] != r.SELECT:
        return
    options = part.get("options") or []
    yield from _length(f"{path}.options", options, 1, MAX_OPTIONS)
    values = Counter(option.get("value") for option in options)
    for place, option in enumerate(options):
        here = f"{path}.options.{place}"
        for field, least in (("label", 1), ("value", 1), ("description", 0)):
            yield from _length(f"{here}.{field}", option.get(field) or "", least, MAX_OPTION_TEXT)
        if values[option.get("value")] > 1:
            yield Problem(
                here, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used"
            )


def _media(path: str, part: Json, uploaded: Container[str]) -> Iterator[Problem]:
    if part["type"] == r.GALLERY:
        yield from _length(f"{path}.items", part.get("items") or (), 1, MAX_GALLERY)
    for described in (part, *part.get("items", ())):
        yield from _length(f"{path}.description", described.get("description") or "", 0, MAX_ALT_TEXT)
    for item in r.media(part):
        url = item.get("url") or ""
        if url.startswith("attachment://"):
            if url.removeprefix("attachment://") not in uploaded:
                text = f"{url} did not come with this request"
                yield Problem(path, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", text)
        elif part["type"] == r.FILE or not url.startswith("https://"):
            yield Problem(path, "URL_TYPE_INVALID_SCHEME", f"{url!r} is neither https nor an attachment")


def _unique(components: Iterable[Json]) -> Iterator[Problem]:
    used = Counter(part["custom_id"] for part in r.walk(components) if "custom_id" in part)
    for name in (name for name, times in used.items() if times > 1):
        yield Problem("components", "COMPONENT_CUSTOM_ID_DUPLICATED", f"{name!r} stands in it twice")


def _length(path: str, value: str | list[Json] | tuple[()], least: int, most: int) -> Iterator[Problem]:
    if not least <= len(value) <= most:
        text = f"Must be between {least} and {most} in length; is {len(value)}."
        yield Problem(path, "BASE_TYPE_BAD_LENGTH", text)
