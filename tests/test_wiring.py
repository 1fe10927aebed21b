"""What a process looks at when it starts."""

from structlog.testing import capture_logs

from riskengine import wiring
from riskengine.domain import clock
from riskengine.settings import Settings
from riskengine.storage import processes, running
from riskengine.storage.database import Database
from riskengine.storage.processes import Identity, State


async def test_a_process_for_which_there_are_no_connections_says_so(database: Database, database_url: str) -> None:
    # Given eight API processes, of whose connections a PostgreSQL with 100 has just enough
    settings = Settings(database_url=database_url, redis_url="redis://127.0.0.1:1/0")
    for number in range(7):
        who = Identity(f"api-{number}", "api", clock.now_ms())
        await processes.renew(database, who, State(await running.get(database)))
    with capture_logs() as logged:
        await wiring.watch_budget(database, settings, "api")
        assert logged == []
        # When another role's process starts, then it warns, with the sum
        await processes.renew(database, Identity("api-7", "api", clock.now_ms()), State(await running.get(database)))
        await wiring.watch_budget(database, settings, "worker")
    (line,) = logged
    assert (line["event"], line["log_level"]) == ("connections_over_budget", "warning")
    assert line["sum"] == "8 api × (10 + 1) + 1 worker × (5 + 1) + 5 in reserve = 99 of 97"
    # And behind a pooler that is the pooler's to bound
    with capture_logs() as logged:
        pooled = Settings(database_url=database_url, redis_url=settings.redis_url, database_pooler="transaction")
        await wiring.watch_budget(database, pooled, "worker")
    assert logged == []
