"""The commands of one kind of release: rule sets, catalogues, rates and models have the same."""

import typer

from riskengine.cli.release_changing import Changing
from riskengine.cli.release_reading import Reading
from riskengine.domain.release import Kind


def commands(kind: Kind, about: str) -> typer.Typer:
    """An app with all of them."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=about)
    Reading(kind).add_to(app)
    Changing(kind).add_to(app)
    return app
