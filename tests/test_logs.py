"""Logs: one JSON object a line, from our code and from libraries alike."""

import json
import logging

import pytest
import structlog

from riskengine import logs

pytestmark = pytest.mark.usefixtures("logs_as_before")


def test_ours_and_theirs_are_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    # Given JSON logs of level info
    logs.configure("info", "json")
    # When our code and a library log, and something below the level
    structlog.get_logger().info("worker_started", consumers=5)
    structlog.get_logger().debug("unseen")
    logging.getLogger("library").warning("low on %s", "space")
    # Then each is one object with its level and time
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["consumers"], ours["level"]) == ("worker_started", 5, "info")
    assert (theirs["event"], theirs["level"]) == ("low on space", "warning")
    assert "timestamp" in ours
    assert "timestamp" in theirs


def test_tracebacks_for_people_keep_values_to_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "console")
    card = "4111-secret"
    try:
        raise ValueError("refused")
    except ValueError:
        structlog.get_logger().exception("refused")
    printed = capsys.readouterr().err
    assert "ValueError: refused" in printed
    assert card not in printed
