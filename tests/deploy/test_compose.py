"""Compose, its door and the image, as far as can be tried without Docker."""

import os
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from compose_spec import ComposeSpecification
from dotenv import dotenv_values

from riskengine.capacity import deployment
from riskengine.settings import Settings, table
from riskengine.stack import ports, programs
from tests.deploy.planned import PLANNED
from tests.stack.test_balancer import upstream
from tests.stack.waiting import until

DEPLOY = Path(__file__).parents[2] / "deploy"
PASSWORDS = {"POSTGRES_PASSWORD": "secret-a", "VALKEY_PASSWORD": "secret-b"}
GIVEN = {name: value or "" for name, value in dotenv_values(DEPLOY / "compose.env").items()}
_VARIABLE = re.compile(r"\$\{(\w+):\?[^}]*\}")


@pytest.fixture(scope="module")
def compose() -> Any:
    """compose.yaml with the variables of compose.env in it."""
    values = {**GIVEN, **PASSWORDS}
    return yaml.safe_load(_VARIABLE.sub(lambda found: values[found[1]], (DEPLOY / "compose.yaml").read_text()))


def test_it_is_of_the_compose_specification(compose: Any) -> None:
    read = ComposeSpecification.model_validate(compose)
    assert set(read.services or {}) == set(compose["services"])


def test_every_variable_is_given_and_used() -> None:
    asked = set(_VARIABLE.findall((DEPLOY / "compose.yaml").read_text()))
    assert asked == {*GIVEN, *PASSWORDS}


def test_what_a_plan_writes_is_asked_for() -> None:
    assert deployment.for_compose(PLANNED).keys() <= GIVEN.keys()


@pytest.mark.parametrize("name", ["api", "worker", "migrate"])
def test_each_process_has_settings_that_it_understands(compose: Any, name: str) -> None:
    environment = compose["services"][name]["environment"]
    assert set(environment) <= {setting.variable for setting in table()}
    settings = Settings.load({key: str(value) for key, value in environment.items()})
    assert settings.queue_limit == int(GIVEN["QUEUE_LIMIT"])
    assert settings.database_url == "postgresql://riskengine:secret-a@postgres:5432/riskengine"


def test_processes_begin_after_the_schema_and_are_nobody(compose: Any) -> None:
    services = compose["services"]
    for name in ("api", "worker"):
        service = services[name]
        assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["deploy"]["replicas"] == int(GIVEN[f"{name.upper()}_REPLICAS"])
        assert int(service["stop_grace_period"].removesuffix("s")) * 1000 > int(
            service["environment"]["SHUTDOWN_DEADLINE_MS"]
        )
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
    assert [name for name in services if "ports" in services[name]] == ["balancer"]


def test_the_door_finds_whoever_is_behind_the_name(tmp_path: Path) -> None:
    # Given the door on its own, with a name behind which one API process answers
    door, place = ports.several(2)
    environment = {"DOOR": str(door), "API_NAME": "localhost", "API_PORT": str(place), "HOME": str(tmp_path)}
    command = [programs.caddy(), "run", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"]
    with (tmp_path / "door.log").open("wb") as log:
        caddy = subprocess.Popen(command, env={"PATH": os.defpath, **environment}, stdout=log, stderr=log)
    url = f"http://{ports.LOOPBACK}:{door}/health/live"
    try:
        until(lambda: _listening(door), "the door listens")
        with upstream(place):
            # When it is asked, then the process answers
            assert httpx.get(url, trust_env=False).text.startswith(f"{place} 0 ")
        # And when the process is gone, then it says what to do
        gone = httpx.get(url, trust_env=False, timeout=10)
        assert gone.status_code in (502, 503)
        assert "send the same request again" in gone.json()["detail"]
    finally:
        caddy.terminate()
        caddy.wait(10)


def _listening(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((ports.LOOPBACK, port)) == 0


def test_the_image_takes_what_is_there_and_runs_as_nobody() -> None:
    # Given the Dockerfile's instructions
    lines = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text()).splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    # Then what it copies from here exists, and is let through
    copied = [
        source
        for word, rest in instructions
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    let = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    for source in copied:
        assert (DEPLOY.parent / source).exists(), source
        assert f"!{source}" in let
    # And it runs as nobody, on the Python that it was built with
    assert [rest for word, rest in instructions if word == "USER"] == ["10001:10001"]
    assert len({rest.split()[0] for word, rest in instructions if word == "FROM"}) == 1


@pytest.mark.parametrize("name", ["requirements.lock", "build.lock"])
def test_the_images_packages_are_those_that_are_tested(name: str) -> None:
    tested = _pins(DEPLOY.parent / "requirements.lock")
    assert _pins(DEPLOY / name).items() <= tested.items(), "run: make lock"


def _pins(path: Path) -> dict[str, str]:
    """Version and hashes of each package."""
    blocks = re.sub(r"\\\n", " ", path.read_text()).splitlines()
    pins = (block.partition("==") for block in blocks if block and not block.startswith("#"))
    return {name: " ".join([rest.split()[0], *sorted(re.findall(r"sha256:\w+", rest))]) for name, _, rest in pins}
