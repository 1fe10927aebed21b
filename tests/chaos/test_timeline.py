"""The picture of a run."""

from riskengine.chaos import timeline
from riskengine.chaos.conductor import Event
from riskengine.chaos.meter import Sample

WIDTH = 86
COLUMNS = WIDTH - timeline.LABEL


def _sample(second: int, *, away: bool = False) -> Sample:
    """A second of a run that accepts 100 payments a second, and decides none while PostgreSQL is away."""
    known = None if away else second * 100
    return Sample(float(second), second * 100, 5, known, known and 7, 0, 9, {"api-1": 50 << 20, "valkey": 5 << 20})


def test_rows_show_what_grew_and_what_nobody_could_say() -> None:
    # Given a minute in which PostgreSQL was away for the second half
    samples = [_sample(second, away=second > 30) for second in range(60)]
    events = [
        Event("kill-postgresql", "", 30.0, 45.0, "", healed=True),
        Event("kill-api", "", 10.0, 10.2, "", healed=False),
    ]
    # When drawn
    lines = timeline.draw(samples, events, WIDTH).plain.splitlines()
    # Then each row is a bar a second, full where it was largest, and a dot where nobody could say
    rows = {line[:16].strip(): line for line in lines}
    assert rows["accepted/s"][timeline.LABEL :] == "█" * COLUMNS
    assert rows["accepted/s"].split()[1] == "100"
    decided = rows["decided/s"][timeline.LABEL :]
    assert decided[:29] == "█" * 29
    assert set(decided[32:]) == {"·"}
    # And the axis has seconds, and faults lie below it in their order, as long as they lasted
    assert "|0" in lines[7]
    assert "|30" in lines[7]
    assert lines[8] == f"{'kill-api':<{timeline.LABEL + 10}}█"
    assert lines[9].strip("█") == f"{'kill-postgresql':<{timeline.LABEL + 30}}"
    assert lines[9].count("█") == 16


def test_no_samples_make_no_picture_and_no_error() -> None:
    assert "accepted/s" in timeline.draw([], [], WIDTH).plain
