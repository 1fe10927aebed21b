"""`riskengine features`: catalogues of features."""

from riskengine.cli import backfill, release_contents, release_session, release_tables, releases
from riskengine.domain.release import Kind
from riskengine.pipeline.publishing import Publishing
from riskengine.scoring.features import catalogue as catalogues
from riskengine.scoring.features.catalogue import Feature

app = releases.commands(Kind.CATALOGUE, "Change what is known of a transaction: catalogues of features.")
app.command("backfill")(backfill.command)


@app.command("list")
def show_features() -> None:
    """Show the features that run, and whether they were filled from the past (warm) or not yet (cold)."""

    async def work(publishing: Publishing) -> None:
        content = await release_contents.published(publishing, Kind.CATALOGUE)
        assert content is not None, "a catalogue always runs"
        catalogue = catalogues.load(content)
        cold = frozenset(await publishing.cold(catalogue))
        titles = ("feature", "aggregate", "entity", "of", "window", "unit", "past")
        release_tables.table(titles, (_row(feature, feature.name in cold) for feature in catalogue.features))

    release_session.run(work)


def _row(feature: Feature, cold: bool) -> tuple[str, ...]:
    entity = feature.entity if feature.per is None else f"{feature.entity} × {feature.per}"
    return (
        feature.name,
        feature.aggregate,
        entity,
        feature.of,
        feature.window,
        feature.unit,
        "cold" if cold else "warm",
    )
