"""From the catalogue to one Python function: written out, so that nothing is looked up or computed twice."""

import math
import re
import sys
from bisect import bisect_right
from collections.abc import Callable
from struct import Struct
from typing import Any

from riskengine.scoring import shared
from riskengine.scoring.features import code, support
from riskengine.scoring.features.aggregates import expression
from riskengine.scoring.features.catalogue import Catalogue
from riskengine.scoring.features.code import Code
from riskengine.scoring.records import WIDTH
from riskengine.scoring.series import total

Vector = tuple[float, ...]
Function = Callable[..., Vector]
"""(transaction, event, history, account hash, peers without the account, shared sets, series) -> rounded values."""

_TEMPLATE = """\
def features(transaction, event, history, account_hash, peers, sets, series):
    now = event.time
    account = history.account
    records = history.records
    longs = memoryview(records).cast("q")
    times = longs[::{items}]
    end = len(times)
    if times[end - 1] > now:
        end = bisect_right(times, now)
{body}
    return unpack(pack({values}))
"""


def compile_features(catalogue: Catalogue) -> Function:
    """The function that computes all features of the catalogue. Raises ConfigurationError if one is wrongly defined."""
    names: dict[str, Any] = {name: getattr(support, name) for name in dir(support) if not name.startswith("_")}
    rounding = Struct(f"{len(catalogue.features)}f")
    names |= {
        "bisect_right": bisect_right,
        "byteorder": sys.byteorder,
        "nan": math.nan,
        "sqrt": math.sqrt,
        "shared": shared,
        "total": total,
        "pack": rounding.pack,
        "unpack": rounding.unpack,
    }
    text = source(catalogue)
    names |= {name: code.reader(name).unpack_from for name in set(re.findall(r"\bsums_[0-9]+\b", text))}
    exec(compile(text, f"<features {catalogue.version}>", "exec"), names)
    function: Function = names["features"]
    return function


def source(catalogue: Catalogue) -> str:
    """The function as text."""
    body = Code(catalogue.features)
    values = []
    for feature in catalogue.features:
        value = expression(body, feature)
        values.append(f"({value})" if feature.default is None else f"known(({value}), {feature.default!r})")
    listed = "".join(f"\n        {value}," for value in values)
    return _TEMPLATE.format(items=WIDTH // 8, body=body.text(), values=listed + "\n    ")
