"""`riskengine snooze`: a rule that does not count for one entity, for a while."""

from typing import Annotated

import typer

from riskengine.cli import moments
from riskengine.cli.list_session import run
from riskengine.cli.release_session import By, person
from riskengine.cli.release_tables import date, table
from riskengine.domain.listing import ENTITY_FIELDS, Snooze
from riskengine.pipeline.curating import Curating
from riskengine.storage import lists

Rule = Annotated[str, typer.Argument(help="The rule's id.")]
Field = Annotated[str, typer.Argument(help=f"The field that tells the entity: {', '.join(ENTITY_FIELDS)}.")]
Value = Annotated[str, typer.Argument(help="The entity: a value of that field.")]

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Silence a rule for one entity, for a while.")


@app.command()
def add(
    rule_id: Rule,
    field: Field,
    value: Value,
    *,
    until: Annotated[str, typer.Option(help=f"Until when: {moments.WANTED}.")],
    note: Annotated[str, typer.Option(help="Why.")] = "",
    by: By = None,
) -> None:
    """Snooze a rule: it is still evaluated, and decisions say that it fired, but it does not count."""
    wanted = Snooze(rule_id, field, value, moments.read("--until", until))
    changed = run(lambda database: Curating(database).snooze(wanted, person(by), note))
    typer.echo(f"{rule_id} is snoozed until {date(wanted.until)}: version {changed.version} of all lists")


@app.command()
def remove(rule_id: Rule, field: Field, value: Value, *, by: By = None) -> None:
    """End a snooze: the rule counts again."""
    changed = run(lambda database: Curating(database).unsnooze(rule_id, field, value, person(by)))
    typer.echo(f"{rule_id} counts again: version {changed.version} of all lists")


@app.command("list")
def show() -> None:
    """Show the snoozes that silence something now."""
    table(
        ("rule", "field", "value", "until", "note", "by", "added"),
        ((*_named(each.snooze), each.note, each.added_by, date(each.added_at)) for each in run(lists.snoozes)),
    )


def _named(snooze: Snooze) -> tuple[str, str, str, str]:
    """What is silenced, and until when."""
    return (snooze.rule_id, snooze.field, snooze.value, date(snooze.until))
