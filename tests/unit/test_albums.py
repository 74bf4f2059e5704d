"""When an album counts as complete."""

import asyncio

from bots.albums import Albums


async def test_an_album_is_complete_when_no_photo_has_come_for_a_while():
    albums = Albums(quiet=0.2)
    albums.seen("a")
    waiting = asyncio.create_task(albums.gathered("a"))
    await asyncio.sleep(0.1)
    albums.seen("a")
    await asyncio.sleep(0.15)
    assert not waiting.done()
    async with asyncio.timeout(2):
        await waiting


async def test_an_album_of_an_earlier_process_is_complete():
    async with asyncio.timeout(0.1):
        await Albums().gathered("unknown")


def test_albums_are_forgotten_so_that_memory_is_bounded():
    albums = Albums()
    for number in range(1500):
        albums.seen(str(number))
    assert "0" not in albums
    assert "1499" in albums
