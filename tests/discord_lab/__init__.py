"""The local Discord for tests: the real discord.py speaks to it over sockets, and it is as strict as the real one.

In one process::

    async with discord_lab() as lab:                     # served on a free port; discord.py is pointed at it
        world = lab.world                                # set it up before the bot connects
        ann = world.person(11, "Ann", locale="id")
        shop = world.guild(500, "Shop", [ann], admins=[olga])       # bot=False: only installed by people themselves
        channel, dm = world.channel(501, shop), world.dm(ann)
        task = asyncio.create_task(bot.start(world.token))
        await lab.connected()                            # after a kill: first until `not lab.gateway.connected`

As a process that may be killed: `python LAUNCH run` from any folder, with `lab.environment` in its environment, while
the test holds `async with lab.serving()` (`lab = DiscordLab()`).

What people do; each raises NotOffered where their client would not let them::

    said = await lab.posts(ann, channel, photos=[JPEG], content="red", mentions_bot=True)  # reply_to=, ping=, snapshot=
    await lab.deletes(said)
    asked = await lab.slash(ann, channel, "find", photo=JPEG, words="red")       # "region set"; wait=False: at once
    asked = await lab.menu(ann, channel, "Find this product", said)
    names = await lab.autocomplete(ann, channel, "find", "market", "uni")        # [{"name": …, "value": …}]
    asked = await lab.press(ann, message, "snap:page:…")
    asked = await lab.choose(ann, message, "snap:market:…", "US")
    asked = await lab.submit(ann, "snap:words", {"words": "blue"})               # the form that was opened last

They return when the bot has answered, or after 3 s: assert `asked.acknowledged`. `asked.response` is "@original",
`asked.follow_ups` what came after it, `asked.form` the form it opened.

What people see::

    card = await lab.wait_for(lambda: lab.answers(channel) and lab.answers(channel)[-1])
    lab.messages(channel)                    # all, ephemeral ones too: `message.only_for` is a person's number or None
    lab.messages(channel, seen_by=ann)
    card.text, card.controls, card.links, card.files, card.components, card.loading, card.edited_at
    world.typing[channel.id]                 # how often "… is typing"
    world.mentioned                          # whose phones have rung through the bot
    world.commands[None], world.commands[500]

What the bot did wrong is refused as Discord does it, and kept; at the end of tests: `assert world.violations == []`.
Every request is in `world.calls` (`route`, `body`, `files`, `status`).

What goes wrong on demand (routes are named as in Discord's documentation)::

    lab.faults.limit("POST /channels/{channel}/messages", 0.05)               # 429; via=False: Cloudflare's
    lab.faults.refuse("POST /channels/{channel}/messages", 403, 50013)        # 50001; 404 with 10008, 10003; 500, 503
    lab.faults.refuse_new_files_in_edits()                                    # 400 with 50035
    lab.faults.add(Fault(route=…, channel=…, delay=1.0))                      # drop=True: performed, the answer is lost
    world.expire(said.files)                 # links are dead; a message fetched anew has new ones
    lab.gateway.drop()                       # RESUME follows; forget() before it: IDENTIFY
    lab.gateway.invalidate()                 # INVALID_SESSION: IDENTIFY follows
    lab.gateway.refuse(WRONG_TOKEN)          # 4004; NOT_ALLOWED: 4014
    world.clock = lambda: time.time() + 901  # 3 s to the first answer, 15 min to the last are counted by this clock

As on the real platform, what people write in a server without mentioning the bot (or replying to it with a ping) comes
empty, in events and over REST, and whole in a menu's message. A message of components has no `attachments`: pictures
are resolved in the components. The bot gets events of its own messages too.
"""

from tests.discord_lab.commands import NotOffered
from tests.discord_lab.faults import DOWNLOAD, Fault
from tests.discord_lab.gateway import NOT_ALLOWED, WRONG_TOKEN
from tests.discord_lab.lab import LAUNCH, DiscordLab, discord_lab
from tests.discord_lab.records import Channel, Guild, Interaction, Message, Person
from tests.discord_lab.world import DiscordWorld, Mention

__all__ = [
    "DOWNLOAD",
    "LAUNCH",
    "NOT_ALLOWED",
    "WRONG_TOKEN",
    "Channel",
    "DiscordLab",
    "DiscordWorld",
    "Fault",
    "Guild",
    "Interaction",
    "Mention",
    "Message",
    "NotOffered",
    "Person",
    "discord_lab",
]
