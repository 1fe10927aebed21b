"""The page on chaos says what chaos does."""

from riskengine.chaos import kinds
from riskengine.chaos.audit import bounds
from riskengine.chaos.load import CONNECTIONS, MOST_OUTSTANDING
from riskengine.chaos.schedule import GAP_S
from riskengine.chaos.traffic import MOST_OF_ACCOUNT
from tests.docs.pages import ROOT, Page

PAGE = Page.read(ROOT / "docs" / "chaos.md")
MEGABYTE = 1 << 20


def test_faults() -> None:
    assert PAGE.table("fault") == [[f"`{kind.name}`", kind.what, kind.heals] for kind in kinds.KINDS]


def test_figures() -> None:
    text = " ".join(PAGE.text.split())
    assert f"over up to {CONNECTIONS} connections" in text
    assert f"Up to {_grouped(MOST_OUTSTANDING)} payments" in text
    assert f"every {GAP_S:.0f} seconds" in text
    assert f"after {MOST_OF_ACCOUNT} payments" in text
    assert f"has {kinds.ORDER_S:.0f} s for it, at rare ones {kinds.RARE_ORDER_S:.0f} s" in text
    most = [limit // MEGABYTE for limit in (bounds.MOST_API, bounds.MOST_WORKER, bounds.MOST_VALKEY)]
    assert "at most {} MB of an API process, {} MB of a worker; {} MB of Valkey".format(*most) in text
    assert bounds.MOST_COPIES == 2
    assert f"pending in the last {bounds.LOOK_BACK_S:.0f} s, and {_grouped(bounds.IN_HAND)} in hand" in text


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", " ")
