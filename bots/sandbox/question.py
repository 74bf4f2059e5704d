"""What a search request must be: its body, field by field, and its picture."""

import base64
import io
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from PIL import Image
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bots.sandbox import catalogue, similarity

MAX_SIZE = 30  # the endpoint's own page: "Maximum return 30 items"
MAX_NAME = 100  # characters; ours, the endpoint's is unknown
MAX_PIXELS = 50_000_000


@dataclass(eq=False)
class Refused(Exception):
    """The request is not answered, and not charged."""

    status: int  #: of HTTP, and the body's code
    message: str


class Question(BaseModel):
    """The body of a request. What is optional is left out, never empty or null."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    image_base64: Annotated[bytes, AfterValidator(partial(base64.b64decode, validate=True))]  #: decoded
    size: int = Field(ge=1, le=MAX_SIZE)
    product_name: str = Field(default="", min_length=1, max_length=MAX_NAME)
    region: str = Field(default="", pattern=f"^({'|'.join(catalogue.MARKETS)})$")


def read(body: bytes, content_type: str) -> Question:
    """The question in a body. Raises Refused."""
    if content_type != "application/json":
        raise Refused(400, "Content-Type must be application/json")
    try:
        return Question.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = first["loc"][0] if first["loc"] else "body"
        raise Refused(400, f"Invalid parameter: {name!s:.40}") from None


def look(picture: bytes) -> similarity.Features:
    """What can be seen in the bytes of a picture; takes some milliseconds. Raises Refused."""
    try:
        image = Image.open(io.BytesIO(picture), formats=("JPEG", "PNG", "WEBP"))
        if image.width * image.height <= MAX_PIXELS:
            return similarity.features(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        pass  # what Pillow raises for hostile and broken files
    raise Refused(400, "Invalid parameter: image_base64 is no JPEG, PNG or WebP picture")
