"""Whose phone would ring: what a text mentions and what `allowed_mentions` lets through.

Discord API: Message Resource, Allowed Mentions Object.
"""

import re
from collections.abc import Iterator

from tests.discord_lab.errors import Json


def pinged(text: str, allowed: Json | None, *, replied_to: int | None) -> Iterator[str]:
    """Those who are pinged, as in `Mention.target`; without `allowed` everybody who is mentioned is."""
    people = re.findall(r"<@!?(\d+)>", text)
    roles = re.findall(r"<@&(\d+)>", text)
    everybody = re.findall(r"@(everyone|here)", text)
    parse = ("users", "roles", "everyone") if allowed is None else allowed.get("parse") or ()
    named = allowed or {}
    yield from (who for who in people if "users" in parse or who in map(str, named.get("users") or ()))
    yield from (f"role {role}" for role in roles if "roles" in parse or role in map(str, named.get("roles") or ()))
    yield from everybody if "everyone" in parse else ()
    if replied_to is not None and (allowed is None or allowed.get("replied_user")):
        yield str(replied_to)
