"""The review of statements runs, and has all of them. What they take is not a test's business."""

import subprocess
import sys
from pathlib import Path

import msgspec

from benchmarks import month_page, month_queries

ROOT = Path(__file__).parents[2]


def test_a_quick_review_has_all_figures(tmp_path: Path) -> None:
    # When it runs quickly
    output, page = tmp_path / "months.json", tmp_path / "sql.md"
    command = [sys.executable, "-m", "benchmarks.months", "--quick", "--output", str(output), "--page", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    # Then there are figures of each statement and of reads at several sizes, as numbers and as a page
    figures = msgspec.json.decode(output.read_bytes(), type=month_page.Months)
    text = page.read_text()
    assert [reads.rows for reads in figures.reads] == [1_200, 12_000]
    assert len(figures.gains) == 3
    assert all(f"| `{one.query}.sql` | {one.what} |" in text for one in figures.reviewed)
    # And a look-up reads one page of an index and of a table, in one month
    by_id = next(one for one in figures.reviewed if one.query == "transaction_get")
    assert (by_id.plan.rows, by_id.plan.months, by_id.fault) == (1, 1, "")


def test_a_statement_that_is_not_reviewed_is_named() -> None:
    assert "transaction_get" in month_queries.unlisted({"decision_get"})
    assert "account_get" not in month_queries.unlisted(set())
