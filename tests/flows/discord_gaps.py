"""What simcord leaves open: files over real sockets, languages, user installs, forged buttons, closed channels."""

from typing import Any

import discord
import simcord
from aiohttp import web
from simcord.backend.models import Overwrite

from tests.flows.discord_sights import BUTTON, Json, Seen, Sights

_PAYLOAD = simcord.interactions.base_payload


class Gaps(Sights):
    """The rest of Discord."""

    def __init__(self) -> None:
        #: Addresses that lead nowhere any more, and those that were asked for.
        self.expired: set[str] = set()
        self.downloads: list[str] = []
        #: What people's apps speak.
        self.locale = "en-US"
        #: Commands come from people who added the bot to themselves.
        self.by_person = False

    def payload(self, *args: Any, **kwargs: Any) -> tuple[Any, Json]:
        """An interaction as simcord makes it, in the language of the moment, and by whom the bot was added."""
        record, payload = _PAYLOAD(*args, **kwargs)
        owner = payload.get("guild_id") or "0"
        payload["authorizing_integration_owners"] = {"1": str(record.user_id)} if self.by_person else {"0": owner}
        payload["locale"] = self.locale
        return record, payload

    def forge(self, seen: Seen, custom_id: str) -> discord.Message:
        """A message of the bot's with a button that it never made."""
        stored = self.stored(seen.id)
        forged = {"type": BUTTON, "style": 2, "label": "Free", "custom_id": custom_id}
        stored.components = [{"type": 1, "components": [forged]}]
        return self.message(seen)

    def shut_out(self) -> None:
        """The bot may not see the channel any more."""
        hidden = discord.PermissionOverwrite(view_channel=False).pair()
        stored = self.env.backend.get_channel(self.channel.id)
        stored.overwrites.append(Overwrite(target_id=self.bot, type=1, allow=hidden[0].value, deny=hidden[1].value))

    # --- Discord's files
    def serve(self, data: bytes) -> str:
        """The address of a file that nobody attached."""
        return str(self.env.backend.cdn.store_attachment(self.env.backend.snowflake(), 1, "a.jpg", data, None)["url"])

    async def embed(self, image: Json) -> discord.Message:
        """A message with a link whose page has a picture."""
        hook = self.home.create_webhook(self.channel, "Deals")
        return await hook.send("https://shop.example", embed=discord.Embed.from_dict({"image": image}))

    def expire(self, message: discord.Message | Seen) -> None:
        """The links of a message's files lead nowhere any more; whoever asks for the message gets new ones."""
        for file in self.stored(message.id).attachments:
            self.expired.add(file["url"])
            file["url"] = file["proxy_url"] = file["url"].partition("?")[0] + f"?ex={len(self.expired)}"

    async def serve_file(self, request: web.Request) -> web.Response:
        """A file that somebody attached, over a real socket."""
        address = str(request.url)
        self.downloads.append(address)
        data = None if address in self.expired else self.env.backend.cdn.get(address.partition("?")[0])
        return web.Response(body=data) if data is not None else web.Response(status=404)
