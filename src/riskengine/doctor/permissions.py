"""Checks of what the users in DATABASE_URL and REDIS_URL may do."""

from redis.asyncio import RedisCluster
from redis.exceptions import NoPermissionError

from riskengine.doctor.finding import Finding, fail, ok
from riskengine.doctor.patient import Patient
from riskengine.resilience.breaker import Breaker
from riskengine.resilience.redis import PART, absence_as_unavailable
from riskengine.state import scripts
from riskengine.storage import permissions

_OURS = ("transactions", "history:0", "shared:0", "series:0", "peers:0", "cache:0", "quota:0")

COMMANDS = (
    "CLIENT SETINFO LIB-NAME x",
    "CLIENT SETNAME x",
    "EVALSHA 0 0",
    "INFO",
    "PING",
    "TIME",
    "XACK transactions g 0-1",
    "XADD transactions * d x",
    "XADD transactions-dlq * letter x",
    "XCLAIM transactions g c 0 0-1",
    "XDEL transactions 0-1",
    "XGROUP CREATE transactions g 0",
    "XGROUP DELCONSUMER transactions g c",
    "XINFO CONSUMERS transactions g",
    "XLEN transactions",
    "XPENDING transactions g",
    "XRANGE transactions - +",
    "XREADGROUP GROUP g c STREAMS transactions >",
    "GETRANGE history:0 0 1",
    "HDEL series:0 f",
    "HGET series:0 f",
    "HGETALL series:0",
    "HINCRBY series:0 f 1",
    "HKEYS series:0",
    "HMGET series:0 f",
    "HSET series:0 f x",
    "HSETNX series:0 f x",
    "MGET history:0",
    "ZADD shared:0 0 m",
    "ZCARD shared:0",
    "ZRANGE shared:0 0 -1",
    "ZREMRANGEBYRANK shared:0 0 0",
    "ZREMRANGEBYSCORE shared:0 0 0",
    *(f"{command} {key}" for key in _OURS for command in ("DEL", "EXISTS")),
    *(f"{command}" for key in _OURS[1:] for command in (f"EXPIRE {key} 1", f"GET {key}", f"SET {key} x")),
)
"""All that is asked of Valkey, each with keys as ours are called; EVAL, which asks, apart."""

TODO_ACL = (
    "give the user in REDIS_URL the commands named (ACL SETUSER), and the keys ~transactions* ~history:* ~shared:* "
    "~series:* ~peers:* ~cache:* ~quota:*"
)

_CHECK = "Valkey permissions"


async def database(patient: Patient) -> Finding:
    """Whether the user may do what the engine does: read, write, hear of changes, make the months to come."""
    check, may = "database permissions", await permissions.get(patient.database)
    if not may.takes_writes:
        return fail(check, "the server takes no writes: a replica, or set to read only", "correct DATABASE_URL")
    if may.unusable:
        says = f"{may.name} may not read or add to {', '.join(may.unusable)}"
        return fail(check, says, "use the user that owns the tables, or GRANT it these")
    if may.foreign_tables:
        says = f"{may.name} does not own {', '.join(may.foreign_tables)}, and cannot make the months to come"
        return fail(check, says, "use the user that ran `riskengine migrate`, or give it the tables (OWNER TO)")
    if not may.creates:
        says = f"{may.name} may not create tables, and so no months to come"
        return fail(check, says, f"GRANT CREATE ON SCHEMA public TO {may.name}, or as the schema is called")
    if patient.settings.pooled:
        return ok(check, f"{may.name} owns the tables and may create more; through a pooler nobody listens")
    async with patient.database.connection() as connection:
        await connection.execute("LISTEN riskengine_doctor")
        await connection.execute("UNLISTEN riskengine_doctor")
    return ok(check, f"{may.name} owns the tables, may create more, and may listen")


async def valkey(patient: Patient) -> Finding:
    """Whether the user may run the engine's commands on the engine's keys. Nothing is changed: Valkey is asked."""
    command: tuple[str | int, ...] = ("EVAL", scripts.text("permitted"), 0, *COMMANDS)
    with absence_as_unavailable(Breaker(PART)):
        try:
            if isinstance(patient.redis, RedisCluster):
                said = await patient.redis.execute_command(*command, target_nodes=RedisCluster.PRIMARIES)
                refused = sorted({one.decode() for node in said.values() for one in node})
            else:
                refused = [one.decode() for one in await patient.redis.execute_command(*command)]
        except NoPermissionError:
            return fail(_CHECK, "EVAL is refused, and perhaps more", TODO_ACL)
    if refused:
        return fail(_CHECK, f"refused: {', '.join(refused)}", TODO_ACL)
    return ok(_CHECK, f"all {len(COMMANDS) + 1} commands that are used")
