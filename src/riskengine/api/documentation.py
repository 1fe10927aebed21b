"""The page that shows the API to people, whole from this process: it works without the internet."""

from functools import cache
from importlib import resources

from litestar import MediaType, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from swagger_ui_bundle import swagger_ui_path

from riskengine.api import routes

_TYPES = {"css": "text/css", "js": "text/javascript", "png": "image/png"}
_FOR_A_DAY = {"cache-control": "public, max-age=86400"}


@get("/", include_in_schema=False)
async def root() -> Redirect:
    """Leads to the documentation."""
    return Redirect(routes.DOCS)


@get(routes.DOCS, media_type=MediaType.HTML, include_in_schema=False)
async def page() -> str:
    """The documentation."""
    return _page()


@get(f"{routes.DOCS}/{{name:str}}", include_in_schema=False, sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """A part of the page."""
    if name not in routes.ASSETS:
        raise NotFoundException
    content = (swagger_ui_path / name).read_bytes()
    return Response(content, media_type=_TYPES[name.rpartition(".")[2]], headers=_FOR_A_DAY)


@cache
def _page() -> str:
    return resources.files("riskengine.api").joinpath("docs.html").read_text(encoding="utf-8")
