"""What to try next: addresses, the API key, and a request to paste into a shell."""

import msgspec
from rich.console import Console

from riskengine.client import requests

DOCS = "/docs"
"""Where the API shows its documentation."""

# Far above what most accounts spend, and from a country on the list: several rules fire.
_TRY = {"account_id": "you", "amount": "12500.00", "currency": "EUR", "merchant": "Gold and Watches", "country": "KP"}


def show(console: Console, url: str, key: str) -> None:
    """Prints how to go on with the running stack at `url`."""
    console.print(f"\nAPI       {url}{requests.API}", soft_wrap=True, markup=False)
    console.print(f"docs      {url}{DOCS}", soft_wrap=True, markup=False)
    console.print(f"API key   {key}", soft_wrap=True, markup=False)
    console.print(f"\nTry it:\n\n{curl(url, key)}\n", soft_wrap=True, markup=False)


def curl(url: str, key: str) -> str:
    """A command that asks for a decision; each call is a new transaction."""
    body = msgspec.json.encode(_TRY).decode()
    return (
        f"curl -s {url}{requests.DECISIONS} \\\n"
        f"  -H 'Authorization: Bearer {key}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f'  -H "Idempotency-Key: $(date +%s%N)" \\\n'
        f"  -d '{body}'"
    )
