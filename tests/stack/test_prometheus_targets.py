"""What a running stack tells Prometheus of its processes."""

from pathlib import Path

import msgspec

from riskengine.stack import standing
from riskengine.stack.standing import Counts, Instance, Kind, Standing, State, Targets

STANDING = Standing(
    1,
    0,
    Counts(2, 2),
    None,
    (
        Instance("api-1", Kind.API, 2, 20_000, State.RUNNING),
        Instance("api-2", Kind.API, 3, 20_001, State.STARTING),
        Instance("worker-1", Kind.WORKER, 4, 20_002, State.DOWN),
        Instance("worker-2", Kind.WORKER, 5, 20_003, State.LEAVING),
    ),
)


def test_all_that_work_are_named_also_those_that_are_to_come_back(tmp_path: Path) -> None:
    # When a stack shows what it has
    STANDING.write(tmp_path)
    # Then Prometheus finds all that have begun their work
    found = msgspec.json.decode((tmp_path / "prometheus.targets.json").read_bytes(), type=list[Targets])
    assert [(one.targets, one.labels) for one in found] == [
        (["127.0.0.1:20000"], {"service": "riskengine-api", "process": "api-1"}),
        (["127.0.0.1:20002"], {"service": "riskengine-worker", "process": "worker-1"}),
        (["127.0.0.1:20003"], {"service": "riskengine-worker", "process": "worker-2"}),
    ]
    # And nothing once the stack is gone
    standing.clear(tmp_path)
    assert list(tmp_path.iterdir()) == []
