"""Raw rows of files, and files that are not what they seem."""

from decimal import Decimal
from pathlib import Path

import pytest

from riskengine.domain.errors import ConfigurationError, Malformed
from riskengine.lab.sources import open_source


def test_csv_values_are_text_and_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(b"\xef\xbb\xbfa,b\r\n12.10,\r\n\r\n")

    assert open_source(path).columns() == ("a", "b")
    assert list(open_source(path).rows(None)) == [{"a": "12.10", "b": ""}]


def test_jsonl_numbers_are_exact(tmp_path: Path) -> None:
    path = tmp_path / "file.jsonl"
    path.write_text('{"amount": 9007199254740993.10}\n\n{"amount": 7}\n')

    assert [str(row["amount"]) for row in open_source(path).rows(None)] == ["9007199254740993.10", "7"]
    assert isinstance(next(open_source(path).rows(None))["amount"], Decimal)


@pytest.mark.parametrize(
    ("name", "content", "hint"),
    [
        ("ragged.csv", b"a,b\n1,2\n1\n", "row 2 has 1 values"),
        ("latin.csv", b"a\nok\n\xff\n", "cannot be read"),
        ("broken.jsonl", b'{"a": 1}\n{"a": \n', "row 2 is no JSON object"),
        ("list.jsonl", b"[1]\n", "row 1 is no JSON object"),
        ("deep.jsonl", b"[" * 10_000 + b"\n", "row 1 is no JSON object"),
        ("text.parquet", b"not parquet at all", "no Parquet file"),
        ("nothing.parquet", b"", "no Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, name: str, content: bytes, hint: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(Malformed, match=hint):
        (open_source(path).columns(), list(open_source(path).rows(None)))


def test_an_unknown_kind_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"\.csv, \.jsonl, \.ndjson, \.parquet"):
        open_source(tmp_path / "file.xlsx")
    with pytest.raises(ConfigurationError, match="there is no file"):
        open_source(tmp_path / "file.csv")
