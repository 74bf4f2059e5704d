"""The digest: the month's report in short, to every admin, unasked."""

from collections.abc import Mapping

from bots.chat_app import ChatApp
from bots.context import Context
from bots.usage_card import digest_card
from bots.usage_commands import make_report
from bots.usage_question import read_question
from bots.wording import words as words_of
from core import chats


class Digest:
    """Sends it to ADMINS, each in their own language, on the platforms that there are."""

    def __init__(self, context: Context, apps: Mapping[str, ChatApp]) -> None:
        self._context = context
        self._apps = apps

    async def send(self) -> None:
        """Send it once. Who cannot be reached is passed over. Raises DatabaseUnavailable."""
        context = self._context
        now, zone = context.clock(), context.settings.report_timezone
        this_month = read_question("", None, words_of(""), today=now.astimezone(zone).date(), zone=zone)
        report = await make_report(context, this_month, now, full=True)
        for admin in sorted(context.settings.admins, key=str):
            if (app := self._apps.get(admin.platform)) is not None:
                language = await context.database.read(chats.language_for, admin, admin.user, "")
                await app.show_admin(admin, digest_card(report, words_of(language)))
