"""One GET, in a thread: for figures that are read a few times a minute."""

import asyncio
import http.client
import urllib.error
import urllib.request

from riskengine.operations.errors import ReadError

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # what is looked at is near, behind no proxy


async def fetch(url: str, timeout_s: float) -> str:
    """The body of the answer to a GET. Raises ReadError if there is none in time, or another one than 200."""
    return await asyncio.to_thread(_fetch, url, timeout_s)


def _fetch(url: str, timeout_s: float) -> str:
    where = url.partition("?")[0]
    try:
        with _opener.open(url, timeout=timeout_s) as answer:
            body: bytes = answer.read()
            return body.decode()
    except urllib.error.HTTPError as error:
        with error:
            raise ReadError(f"{where} answers {error.code}: {_start(error)}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ReadError(f"{where} does not answer: {error}") from error


def _start(error: urllib.error.HTTPError) -> str:
    """The beginning of what an error says of itself."""
    return error.read(200).decode(errors="replace").strip()
