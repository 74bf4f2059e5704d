"""aiogram's models, an independent reading of the Bot API, judge what the bot asked and what was answered."""

from collections.abc import Container, Iterator
from functools import cache
from typing import Any
from unittest.mock import patch

from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.telegram_lab import Call, TelegramLab

#: What the names in the models' annotations mean, as aiogram tells pydantic.
_names: dict[str, object] = {}


def _remember(_: type[BaseModel], *, _types_namespace: dict[str, object]) -> None:
    _names.update(_types_namespace)


# aiogram builds 640 models at once, which takes longer than all that is judged. Here each is built when it is needed.
with patch.object(BaseModel, "model_rebuild", classmethod(_remember)):
    import aiogram.methods
    from aiogram.types import Update


def judge(world: TelegramLab, *, malformed: Container[int] = ()) -> list[str]:
    """Complaints about every recorded request, its result, and every update; empty when all is well.

    `malformed` names the updates that a test has broken on purpose.
    """
    complaints: list[str] = []
    for call in world.calls:
        complaints += [f"{call.method}: {complaint}" for complaint in judge_call(call)]
    for update in (*world.confirmed, *world.pending):
        if update["update_id"] not in malformed:
            complaints += [f"update {update['update_id']}: {found}" for found in judge_update(update)]
    return complaints


def judge_call(call: Call) -> list[str]:
    """Complaints about one request and, where it succeeded, its result."""
    name = call.method[:1].upper() + call.method[1:]
    method = getattr(aiogram.methods, name, None) if name else None
    if method is None:
        return ["there is no such method"]
    # A file sent as the parameter itself stands in the request by its name only.
    params = {part: f"attach://{part}" for part in call.files if part in method.model_fields} | call.params
    found = [f"parameter {problem}" for problem in _problems(method, params)]
    attached = (text for text in _strings(params) if text.startswith("attach://"))
    found += [f"parameter {text} has no file" for text in attached if text[len("attach://") :] not in call.files]
    if call.status == 200 and call.method != "getUpdates":
        found += [f"result {problem}" for problem in _problems(method.__returning__, call.result)]
    return found


def judge_update(update: dict[str, object]) -> list[str]:
    """Complaints about one update."""
    payloads = [name for name in update if name != "update_id"]
    alone = [] if len(payloads) == 1 else [f"it has {len(payloads)} payloads"]
    return alone + list(_problems(Update, update))


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    adapter = TypeAdapter(model)
    adapter.rebuild(_types_namespace=_names)
    return adapter


def _problems(model: object, value: object) -> Iterator[str]:
    try:
        judged = _adapter(model).validate_python(value)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            yield f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
        return
    yield from _unknown(judged, "")


def _unknown(value: object, path: str) -> Iterator[str]:
    """Fields that the Bot API does not know, at any depth."""
    if isinstance(value, BaseModel):
        yield from (f"{path}{name}: unknown to the Bot API" for name in value.model_extra or ())
        for name in value.model_fields_set & set(type(value).model_fields):
            yield from _unknown(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _unknown(item, f"{path}{number}.")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)
