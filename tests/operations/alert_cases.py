"""For each alert, series on which it fires and series on which it must not."""

from tests.operations import flow_cases, limit_cases, part_cases, process_cases, scaling_cases
from tests.operations.cases import Case

CASES: tuple[Case, ...] = tuple(
    case for module in (limit_cases, flow_cases, part_cases, process_cases, scaling_cases) for case in module.CASES
)
"""All of them."""
