"""How a search at the endpoint can fail, and whether it may have cost a credit.

The first line of a docstring is the message, for the operator; what the endpoint said follows in brackets. No
message ever holds the key.
"""

from enum import StrEnum
from typing import ClassVar


class Denial(StrEnum):
    """Why the endpoint lets nobody search, and so what the operator has to do about it."""

    #: 401: the key is missing or wrong. Set KEYAPI_KEY again.
    KEY = "key"
    #: 402, or "usage limit exceeded": out of credits. Buy some.
    QUOTA = "quota"
    #: 403: the key may not use this endpoint. Look at the plan.
    FORBIDDEN = "forbidden"


class SearchFailed(Exception):
    """The search endpoint did not answer the question."""

    #: True where the operator may have paid although no answer came.
    perhaps_charged: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        message = (self.__doc__ or type(self).__name__).partition("\n")[0]
        super().__init__(f"{message.removesuffix('.')} ({detail})." if detail else message)
        #: What the endpoint or the network said, short and cleaned; may be empty.
        self.detail = detail


class NotSent(SearchFailed):
    """The search endpoint could not be reached; the request was certainly never sent."""


class RateLimited(SearchFailed):
    """The search endpoint says that requests come too fast (429)."""

    def __init__(self, detail: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        #: Seconds after which the endpoint wants to be asked again; None where it does not say.
        self.retry_after = retry_after


class Refused(SearchFailed):
    """The search endpoint refused this request as malformed (400)."""


class TooLarge(SearchFailed):
    """The picture is too large for the search endpoint or for a proxy before it (413)."""


class AccessDenied(SearchFailed):
    """The search endpoint does not let this key search."""

    def __init__(self, detail: str = "", *, kind: Denial) -> None:
        super().__init__(detail)
        self.kind = kind


class NoAnswer(SearchFailed):
    """The search endpoint was asked and gave no usable answer; a credit may have been used."""

    perhaps_charged = True
