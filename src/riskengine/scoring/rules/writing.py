"""Typed structures as YAML that is kept in git: the same text for the same content, one field in a line."""

from datetime import datetime
from typing import Any

import msgspec
import yaml


def struct(value: msgspec.Struct) -> dict[str, Any]:
    """The fields of a structure in their order, without those that only say what holds anyway."""
    return {
        field.name: _plain(getattr(value, field.name))
        for field in msgspec.structs.fields(type(value))
        if field.required or getattr(value, field.name) != field.default
    }


def flat(sections: dict[str, Any]) -> str:
    """Each section in a line, whatever it holds."""
    return "".join(_dumped({name: _InLine(s) if isinstance(s, dict) else s}) for name, s in sections.items())


def blocks(section: dict[str, Any]) -> str:
    """A section with one field in a line."""
    return _dumped(section)


class _InLine(dict[str, Any]):
    """Fields that stand in one line."""


class _Row(list[Any]):
    """Values that stand in one line."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Rows are indented, too."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """What is the same is written again: nobody follows references by eye."""
        return True


def _plain(value: Any) -> Any:
    match value:
        case msgspec.Struct():
            return struct(value)
        case tuple() if value and isinstance(value[0], msgspec.Struct):
            return [_plain(item) for item in value]
        case tuple():
            return _Row(value)
        case float() if value.is_integer():
            return int(value)
        case str():
            return str(value)
        case _:
            return value


def _dumped(data: Any) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31, default_flow_style=False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    plain = all(line.isprintable() for line in value.split("\n"))
    style = ("|" if "\n" in value else None) if plain else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _moment(dumper: yaml.SafeDumper, value: datetime) -> yaml.Node:
    written = value.isoformat().replace("+00:00", "Z")
    return dumper.represent_scalar("tag:yaml.org,2002:timestamp", written)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(datetime, _moment)
_Dumper.add_representer(
    _InLine, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)
_Dumper.add_representer(
    _Row, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)
