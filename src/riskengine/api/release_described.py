"""How releases and drafts are described in the OpenAPI document, where they are more than JSON."""

from dataclasses import dataclass
from typing import Any

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from riskengine.api import examples
from riskengine.api.described import Described

_TEXT = Schema(type=OpenAPIType.STRING)
_JSON, _YAML, _BUNDLE = "application/json", "application/yaml", "application/octet-stream"


def _object(required: list[str], **properties: Schema | Reference) -> Schema:
    return Schema(type=OpenAPIType.OBJECT, required=required, properties=properties)


_VERSION = Schema(type=[OpenAPIType.INTEGER, OpenAPIType.NULL])
_DRAFT = _object(["content"], content=_TEXT, note=_TEXT, base=_VERSION)
_NOTE = _object([], note=_TEXT)
_ROLLBACK = _object(["to"], to=_VERSION, note=_TEXT)


def _shown(schema: Schema, example: Any) -> OpenAPIMediaType:
    return OpenAPIMediaType(schema=schema, example=example)


@dataclass
class Drafted(Described):
    """An operation that takes a draft."""

    def __post_init__(self) -> None:
        super().__post_init__()
        content = {
            _YAML: _shown(_TEXT, examples.RULES),
            _JSON: _shown(_DRAFT, examples.DRAFT_PAYLOAD),
            _BUNDLE: _shown(Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY), examples.BUNDLE),
        }
        what = "YAML, or JSON that holds it; of a model, its bundle"
        self.request_body = RequestBody(content=content, description=what, required=True)


@dataclass
class Published(Described):
    """An operation that takes a reason, or nothing."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = RequestBody(content={_JSON: _shown(_NOTE, examples.PUBLISH_PAYLOAD)}, required=False)


@dataclass
class RolledBack(Described):
    """An operation that takes a version and a reason."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = RequestBody(content={_JSON: _shown(_ROLLBACK, examples.ROLLBACK_PAYLOAD)}, required=True)


@dataclass
class Held(Described):
    """An operation that answers what a release or draft holds, also as it is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        found = (self.responses or {}).get("200")
        if isinstance(found, OpenAPIResponse) and found.content is not None:
            found.content[_YAML] = _shown(_TEXT, examples.RULES)
            found.content[_BUNDLE] = _shown(
                Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY), examples.BUNDLE
            )
