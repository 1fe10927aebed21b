"""Calibrations as they are on a machine of two cores, with round figures."""

import msgspec

from riskengine.capacity.calibration import FORM, Calibration, Costs, Machine, Service, Sizes

TYPICAL = Calibration(
    form=FORM,
    taken_at="2026-11-25T12:00:00+00:00",
    machine=Machine("Some processor", 2, 8.0, "Linux", "3.11"),
    engine={"ruleset": 1, "catalogue": 1, "rates": 1, "lists": 0},
    singles=Costs(500, 400, 200, 100, 300),
    batches=Costs(100, 300, 150, 80, 10),
    decisions=Costs(900, 50, 150, 100, 350),
    service=Service(5.0, 0.35, 100, 5, 2500),
    api_tps=1600,
    sizes=Sizes(1_000, 1_800, 200, 112, 600, 90 * 2**20, 80 * 2**20, history=200, network=2_500),
    error=0.1,
)
"""One API process was full at 0.8 of a processor."""


def costing(factor: float) -> Calibration:
    """The same on a machine on which everything takes so much longer."""

    def longer(costs: Costs) -> Costs:
        return Costs(*(us * factor for us in msgspec.structs.astuple(costs)))

    return msgspec.structs.replace(
        TYPICAL,
        singles=longer(TYPICAL.singles),
        batches=longer(TYPICAL.batches),
        decisions=longer(TYPICAL.decisions),
        service=msgspec.structs.replace(TYPICAL.service, tps=TYPICAL.service.tps / factor),
        api_tps=TYPICAL.api_tps / factor,
    )
