"""What an account did, over HTTP: answered at the door, where paths are as clients encoded them."""

from litestar import get
from litestar.params import FromPath

from riskengine.api import analytics_described, answers, written
from riskengine.api.answers import Answer
from riskengine.api.asked import Asked
from riskengine.api.described import Described, shows
from riskengine.api.errors import UnknownAccount
from riskengine.api.intake import text_of
from riskengine.api.profile_views import ProfileView
from riskengine.api.service import Service
from riskengine.api.views import AccountView
from riskengine.domain.errors import NotFound
from riskengine.domain.metadata import storable
from riskengine.storage import accounts

END = "/profile"
"""How such a path ends. An account whose id ends so, too, is encoded: `%2Fprofile`."""


async def answer(service: Service, asked: Asked) -> Answer:
    """`GET /accounts/{account_id}/profile`; where the end is encoded it is part of an id, and the account is meant."""
    exact = text_of(asked.rest.removesuffix(END))
    if not storable(exact):
        raise UnknownAccount
    if not asked.rest.endswith(END):
        account = await accounts.get(service.database, exact)
        if account is None:
            raise UnknownAccount
        return answers.json(200, AccountView.of(account))
    found = await service.profiles.get(exact)
    if found is None:
        raise UnknownAccount
    return answers.json(200, ProfileView.of(found))


@get(
    "/accounts/{account_id:str}/profile",
    summary="What an account did",
    operation_class=Described,
    responses=shows(200, ProfileView, analytics_described.PROFILE, "The profile", NotFound),
)
async def profile(account_id: FromPath[str]) -> ProfileView:
    """Its attributes, and what its transactions of 24 hours, 7 days and 30 days add up to. Percent-encode the id."""
    written.at_the_door()
