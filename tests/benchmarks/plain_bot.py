"""The yardstick: the shortest bot that a good engineer would write with the same libraries as Snapshop's.

python-telegram-bot as it comes, Pillow's `thumbnail`, httpx with `json=`. No journal, no credits, no pace, no database.
"""

import asyncio
import base64
import html
import io
import os

import httpx
from PIL import Image
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters

SEARCH = os.environ["KEYAPI_URL"] + "/v1/tiktok/product/image-search/analytics"
SHOP = "https://shop.tiktok.com/view/product"
HEADERS = {"Authorization": f"Bearer {os.environ['KEYAPI_KEY']}"}
AT_ONCE = int(os.environ.get("CONCURRENT_UPDATES", "256"))  # what concurrent_updates(True) means
endpoint = httpx.AsyncClient(timeout=60)


def small(photo: bytes) -> str:
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    image.thumbnail((800, 800))
    jpeg = io.BytesIO()
    image.save(jpeg, "JPEG", quality=85)
    return base64.b64encode(jpeg.getvalue()).decode()


async def search(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.message
    file = await message.photo[-1].get_file()
    photo = await asyncio.to_thread(small, bytes(await file.download_as_bytearray()))
    answer = await endpoint.post(SEARCH, json={"image_base64": photo, "size": 30}, headers=HEADERS)
    hits = [hit["_source"] for hit in answer.raise_for_status().json()["data"]]
    links = [f"{SHOP}/{hit['product_id']}?region={hit['priority_region']}" for hit in hits]
    lines = [
        f'{number}. <a href="{html.escape(link)}">{html.escape(hit["product_name"][:70])}</a> {hit["priority_region"]}'
        for number, (hit, link) in enumerate(zip(hits[:5], links, strict=False), 1)
    ]
    numbers = [InlineKeyboardButton(str(number), url=link) for number, link in enumerate(links[:5], 1)]
    pages = [InlineKeyboardButton(text, callback_data=text) for text in (f"1-5 of {len(hits)}", ">")]
    market = [InlineKeyboardButton("Other market", callback_data="market")]
    await message.reply_html(
        "\n".join(["<b>Closest products</b>", *lines, "<i>1 credit</i>"]),
        reply_markup=InlineKeyboardMarkup([numbers, pages, market]),
        link_preview_options=LinkPreviewOptions(url=links[0], prefer_large_media=True, show_above_text=True),
        do_quote=True,
    )


if __name__ == "__main__":
    root = os.environ["TELEGRAM_API_URL"]
    builder = Application.builder().token(os.environ["TELEGRAM_BOT_TOKEN"]).concurrent_updates(AT_ONCE)
    application = builder.base_url(f"{root}/bot").base_file_url(f"{root}/file/bot").build()
    application.add_handler(MessageHandler(filters.PHOTO & filters.UpdateType.MESSAGE, search))
    application.run_polling(allowed_updates=["message"])
