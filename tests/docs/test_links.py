"""Every link of the documentation leads somewhere."""

from pathlib import Path

import pytest

from tests.docs.pages import ALL, Page


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    page = Page.read(path)

    assert [link for link in page.links if not _leads_somewhere(page, link)] == []


def _leads_somewhere(page: Page, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = page.path.parent / file if file else page.path
    return target.exists() and (not anchor or anchor in Page.read(target).anchors)


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = Page(tmp_path / "page.md", "# One, two\n[a](#one-two) [b](#two) [c](gone.md) [d](https://example.com)\n")

    page.path.write_text(page.text)

    assert [link for link in page.links if not _leads_somewhere(page, link)] == ["#two", "gone.md"]
