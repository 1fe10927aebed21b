"""Prints docs/settings.md, made from the table of settings: `python scripts/settings_page.py > docs/settings.md`."""

from riskengine.settings import table

_TOP = """\
# Settings

Every process reads these from its environment, or from a file `.env` in its working directory (the environment wins),
and says at start which are missing or wrong. This page is made from `riskengine/settings.py`, by
`scripts/settings_page.py`.

| variable | default | unit | value | meaning |
| --- | --- | --- | --- | --- |"""


def page() -> str:
    """The page as Markdown."""
    rows = [
        f"| `{setting.variable}` | {_default(setting.default, setting.required)} | {setting.unit} | {setting.expected} "
        f"| {setting.meaning} |"
        for setting in table()
    ]
    return "\n".join([_TOP, *rows]) + "\n"


def _default(default: str | int | None, required: bool) -> str:
    if required:
        return "required"
    return "unset" if default is None else f"`{default}`"


if __name__ == "__main__":
    print(page(), end="")
