"""Pictures into queries: several of one message are one question, of which the first is searched."""

from collections.abc import Sequence
from dataclasses import replace

from bots.albums import Albums
from bots.background import Background
from bots.discord.incoming import Picture
from core.model import PhotoQuery
from core.searches import State
from core.service import Service


class Taking:
    """Hands pictures to the core."""

    def __init__(self, service: Service, albums: Albums, background: Background) -> None:
        self._service = service
        self._albums = albums
        self._background = background

    async def take(self, pictures: Sequence[Picture], query: PhotoQuery) -> None:
        """Journal a query for each picture, alike but for the picture; its event is that of the first.

        Raises DatabaseUnavailable: then the event has to be brought again; what was journaled stays so, once.
        """
        event = query.origin.event
        album = event if len(pictures) > 1 else None
        is_late = False
        for number, picture in enumerate(pictures):
            origin = replace(
                query.origin, event=f"{event}:{number}" if number else event, photo=picture.photo, album=album
            )
            if album:
                self._albums.seen(album)
            job = await self._service.take(replace(query, origin=origin, size=picture.size))
            is_late = is_late or (job is not None and job.search.state is State.OFFERED)
        if album:
            self._albums.complete(album)  # a message comes whole
            if is_late:
                # After an outage the first may have been answered before the others were journaled.
                self._background.later(self._service.show_again(album))
