"""How fast so many processes take in and decide, by what a transaction costs: fluid, shared processors included."""

import msgspec

from riskengine.capacity.calibration import Calibration, Costs
from riskengine.capacity.whatif.scenario import Mix

TAKEN_IN = 0.2
"""Share of PostgreSQL's and Valkey's work on a transaction that is done when it is accepted; the rest is for deciding.
Measured by `python -m benchmarks.whatif`, which fills a queue and then empties it: 13 to 27 %.
"""

BATCH = 100
"""Transactions in a batch request, as the calibration sends them."""

LINGER_S = 0.005
"""Seconds that what arrives waits for a worker's next read, on average: half of what it leaves between two reads."""

_MICRO = 1e-6


class Offer(msgspec.Struct, frozen=True, gc=False):
    """Processes at work, and what they have to do: transactions a second that could be taken in, and decided."""

    api: int
    workers: int
    taking_in: float
    deciding: float
    api_factor: float = 1.0
    worker_factor: float = 1.0
    """How many times as long as usual they take."""


class Speed(msgspec.Struct, frozen=True, gc=False):
    """Transactions a second."""

    taking_in: float
    deciding: float


class Speeds:
    """The speeds of a machine, or of several with `cores` processors together.

    An API process does `api_tps` single requests a second, and of others as many as the same processor time allows; a
    worker decides `tps`. When all together want more processor than there is, API processes and workers get shares by
    their numbers, and what one side does not need the other has (weighted max-min fairness, which is what a fair
    scheduler does to processes that compete).
    """

    def __init__(self, calibration: Calibration, mix: Mix, cores: float, senders_us: float = 0.0) -> None:
        """`senders_us` is processor time of whoever sends a transaction, if that happens on the same machine."""
        single, batch, decided = mix.shares
        self._service = calibration.service
        self._cores = cores
        self.decided_at_once = decided
        self.requests = single + decided + batch / BATCH
        """Requests that a transaction takes."""
        kinds = ((single, calibration.singles), (batch, calibration.batches), (decided, calibration.decisions))
        self.api_us = sum(share * costs.api_us for share, costs in kinds)
        self.api_tps = calibration.api_tps * calibration.singles.api_us / self.api_us
        self.worker_us = _mean(single, calibration.singles.worker_us, batch, calibration.batches.worker_us)
        self.in_us = (
            single * _taking_in(calibration.singles)
            + batch * _taking_in(calibration.batches)
            + decided * calibration.decisions.total_us
            + senders_us
        )
        rest = 1 - TAKEN_IN
        servers = [costs.postgresql_us + costs.valkey_us for costs in (calibration.singles, calibration.batches)]
        self.out_us = self.worker_us + rest * _mean(single, servers[0], batch, servers[1])

    def of(self, offer: Offer) -> Speed:
        """How fast both go."""
        taking_in = min(offer.taking_in, offer.api * self.api_tps / offer.api_factor)
        deciding = min(offer.deciding, offer.workers * self._service.tps / offer.worker_factor)
        in_us, out_us = self.in_us * offer.api_factor * _MICRO, self.out_us * offer.worker_factor * _MICRO
        wanted_in, wanted_out = taking_in * in_us, deciding * out_us
        if wanted_in + wanted_out <= self._cores:
            return Speed(taking_in, deciding)
        fair_in = self._cores * offer.api / (offer.api + offer.workers)
        fair_out = self._cores - fair_in
        if wanted_in <= fair_in:
            wanted_out = self._cores - wanted_in
        elif wanted_out <= fair_out:
            wanted_in = self._cores - wanted_out
        else:
            wanted_in, wanted_out = fair_in, fair_out
        return Speed(wanted_in / in_us if in_us else taking_in, wanted_out / out_us if out_us else deciding)

    def batch_s(self, speed: Speed, workers: int) -> float:
        """Seconds that a transaction spends in a worker's hands: until the next read, and then in its batch."""
        if workers < 1:
            return 0.0
        service = self._service
        each = speed.deciding / workers
        size = min(service.batch_size, max(1.0, each * 2 * LINGER_S))
        return LINGER_S + (service.batch_ms + size * service.transaction_ms) / 1e3

    def in_hand(self, waiting: float) -> float:
        """What a worker has in hand of so many that wait."""
        return min(waiting, float(self._service.consumers * self._service.batch_size))

    def answer_s(self, waiting: float, speed: Speed) -> float:
        """Seconds until a request is answered that finds so many transactions waiting before it."""
        return 1 / self.api_tps + (waiting / speed.taking_in if speed.taking_in else 0.0)


def _taking_in(costs: Costs) -> float:
    return costs.api_us + costs.balancer_us + TAKEN_IN * (costs.postgresql_us + costs.valkey_us)


def _mean(one: float, of_one: float, other: float, of_other: float) -> float:
    """The mean of two by their shares; of the first if both shares are 0."""
    return (one * of_one + other * of_other) / (one + other) if one + other else of_one
