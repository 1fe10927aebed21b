"""What goes over the wire: transactions as the API reads them, and whole HTTP requests as bytes."""

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from riskengine.domain import clock
from riskengine.domain.account import Account
from riskengine.domain.transaction import Submission

API = "/api/v1"
TRANSACTIONS = f"{API}/transactions"
BATCH = f"{API}/transactions/batch"
DECISIONS = f"{API}/decisions"

_encode = msgspec.json.Encoder(decimal_format="string").encode


def account_path(account_id: str) -> str:
    """Where an account is described."""
    return f"{API}/accounts/{quote(account_id, safe='')}"


def account(described: Account) -> bytes:
    """The body that describes an account."""
    return _encode(_present(described, leave_out=("account_id", "opened_at")))


def transaction(submission: Submission, *, keyed: bool = True) -> bytes:
    """The body that sends a transaction; without its key, it is a new one each time that it is sent."""
    fields = _present(submission.transaction, leave_out=("transaction_id", "occurred_at"))
    moment = clock.to_datetime(submission.transaction.occurred_at)
    fields["occurred_at"] = moment.isoformat(timespec="milliseconds")
    if keyed:
        fields["idempotency_key"] = submission.idempotency_key
    if submission.metadata is not None:
        fields["metadata"] = msgspec.Raw(submission.metadata.encode())
    return _encode(fields)


def batch(bodies: Iterable[bytes]) -> bytes:
    """The body that sends several transactions at once."""
    return b'{"transactions":[' + b",".join(bodies) + b"]}"


class Requests(msgspec.Struct, frozen=True):
    """Makes whole requests to the API at `host`:`port` with an API key."""

    host: str
    port: int
    key: str

    def __call__(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The request as bytes."""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def _present(struct: msgspec.Struct, leave_out: tuple[str, ...]) -> dict[str, object]:
    fields = msgspec.structs.asdict(struct)
    return {name: value for name, value in fields.items() if value is not None and name not in leave_out}
