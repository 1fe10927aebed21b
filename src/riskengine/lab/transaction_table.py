"""Labelled transactions as a table, which is read again without any mapping."""

from riskengine.lab.labelled import Labelled
from riskengine.lab.writing import Column, Row

COLUMNS = (
    Column("transaction_id"),
    Column("account_id"),
    Column("amount", "amount"),
    Column("currency"),
    Column("occurred_at", "time"),
    Column("merchant"),
    Column("merchant_category"),
    Column("location"),
    Column("latitude", "number"),
    Column("longitude", "number"),
    Column("country"),
    Column("channel"),
    Column("device_id"),
    Column("ip"),
    Column("beneficiary"),
    Column("card_bin"),
    Column("label"),
    Column("attack"),
)


def row(labelled: Labelled) -> Row:
    """The values of `COLUMNS`."""
    t = labelled.transaction
    return (
        str(t.transaction_id),
        t.account_id,
        t.amount,
        t.currency,
        t.occurred_at,
        t.merchant,
        t.merchant_category,
        t.location,
        t.latitude,
        t.longitude,
        t.country,
        t.channel,
        t.device_id,
        t.ip,
        t.beneficiary,
        t.card_bin,
        labelled.label,
        labelled.attack,
    )
