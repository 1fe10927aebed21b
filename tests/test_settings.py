"""Settings: read from the environment over `.env`, all faults told at once."""

from pathlib import Path

import pytest

from riskengine.domain.errors import ConfigurationError
from riskengine.settings import Settings, direct_database_url, table

ADDRESSES = {"DATABASE_URL": "postgresql://user:secret@localhost/risk", "REDIS_URL": "redis://localhost:6379/0"}


def test_addresses_are_enough() -> None:
    settings = Settings.load(ADDRESSES)
    assert settings.database_url == ADDRESSES["DATABASE_URL"]
    assert (settings.api_db_pool_min, settings.api_db_pool_max) == (2, 10)
    assert settings.worker_metrics_port is None


def test_values_are_typed() -> None:
    settings = Settings.load(
        {**ADDRESSES, "WORKER_BATCH_SIZE": " 250 ", "WORKER_METRICS_PORT": "9100", "LOG_LEVEL": "debug"}
    )
    assert (settings.worker_batch_size, settings.worker_metrics_port, settings.log_level) == (250, 9100, "debug")


@pytest.mark.parametrize("kind", ["redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel"])
def test_valkey_may_be_a_server_a_cluster_or_behind_sentinels(kind: str) -> None:
    assert Settings.load({**ADDRESSES, "REDIS_URL": f"{kind}://host:1"}).redis_url == f"{kind}://host:1"


def test_every_fault_is_told_at_once_with_what_to_set() -> None:
    wrong = {
        "DATABASE_URL": "mysql://user:secret@host/db",
        "API_PORT": "http",
        "LOG_LEVEL": "loud",
        "WORKER_CONSUMERS": "0",
    }
    with pytest.raises(ConfigurationError) as raised:
        Settings.load(wrong)
    message = str(raised.value)
    assert "REDIS_URL is not set" in message
    assert "DATABASE_URL must be an address" in message
    assert "API_PORT must be a whole number from 1 to 65535" in message
    assert "LOG_LEVEL must be one of debug, error, info, warning" in message
    assert "WORKER_CONSUMERS must be a whole number from 1 to 100" in message
    assert "secret" not in message


def test_an_empty_variable_is_an_unset_one() -> None:
    assert Settings.load({**ADDRESSES, "API_PORT": ""}).api_port == Settings.load(ADDRESSES).api_port


def test_pool_bounds_must_agree() -> None:
    with pytest.raises(ConfigurationError, match="API_DB_POOL_MIN must not be above API_DB_POOL_MAX"):
        Settings.load({**ADDRESSES, "API_DB_POOL_MIN": "20"})


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a `.env` in the working directory, and one of its variables in the environment too
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://file/db\nREDIS_URL=redis://file\nWORKER_BATCH_SIZE=7\n")
    monkeypatch.chdir(tmp_path)
    for setting in table():
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("REDIS_URL", "redis://environment")
    # When the settings are loaded, then the file fills what the environment does not say
    settings = Settings.load()
    assert settings.database_url == "postgresql://file/db"
    assert settings.redis_url == "redis://environment"
    assert settings.worker_batch_size == 7


def test_replicas_are_addresses_with_commas_between_them() -> None:
    one, other = "postgresql://user:secret@a:5432,b:5432/risk", "postgres://user:secret@c/risk"
    assert Settings.load(ADDRESSES).replica_urls == ()
    assert Settings.load({**ADDRESSES, "DATABASE_REPLICA_URLS": f"{one}, {other}"}).replica_urls == (one, other)
    with pytest.raises(ConfigurationError, match="DATABASE_REPLICA_URLS must be an address"):
        Settings.load({**ADDRESSES, "DATABASE_REPLICA_URLS": "host-of-replica"})


def test_what_needs_sessions_is_not_sent_through_a_pooler() -> None:
    assert direct_database_url("verify", ADDRESSES) == ADDRESSES["DATABASE_URL"]
    with pytest.raises(ConfigurationError, match="`riskengine verify` does not work through a pooler"):
        direct_database_url("verify", {**ADDRESSES, "DATABASE_POOLER": "transaction"})
