"""YAML that people write, read strictly: of a key that is there twice the last one does not just hold."""

from typing import Any

import yaml

from riskengine.domain.errors import ConfigurationError


def load(text: bytes) -> Any:
    """The plain content of one document: mappings, lists, texts, numbers, dates; None if it is empty.

    Raises ConfigurationError that names the key that is there twice, or the place at which it is no YAML.
    """
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_twins(node, "", set())
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        # PyYAML lets out what a wrong date, number or nesting makes Python raise.
        told = " ".join(str(error).split())
        raise ConfigurationError(f"this is no YAML: {told}; correct it at that place") from None
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_twins(node: yaml.Node, path: str, seen: set[int]) -> None:
    """Looks at what was written, before what `<<` brings joins it: that may be overridden."""
    if id(node) in seen:  # an alias, of itself perhaps
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            _refuse_twins(item, f"{path}[{place}]", seen)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            within = path
            if isinstance(key, yaml.ScalarNode):
                within = f"{path}.{key.value}".lstrip(".")
                name, line = (key.tag, key.value), key.start_mark.line + 1
                if name in lines:
                    raise ConfigurationError(f"{within} is there twice, in lines {lines[name]} and {line}: keep one")
                lines[name] = line
            _refuse_twins(value, within, seen)
