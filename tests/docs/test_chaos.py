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
    assert f"Up to {MOST_OUTSTANDING:,} payments".replace(",", " ") in text
    assert f"every {GAP_S:.0f} seconds" in text
    assert f"after {MOST_OF_ACCOUNT} payments" in text
    assert f"has {kinds.ORDER_S:.0f} s for it, at rare ones {kinds.RARE_ORDER_S:.0f} s" in text
    assert bounds.MOST_API == bounds.MOST_WORKER
    assert f"{bounds.MOST_API // MEGABYTE} MB of an API process or worker, {bounds.MOST_VALKEY // MEGABYTE} MB" in text
    assert f"at most {bounds.MOST_DEPTH:,} messages".replace(",", " ") in text
