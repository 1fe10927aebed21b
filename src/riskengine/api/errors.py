"""What only the API refuses: requests that are wrong as HTTP."""

from riskengine.domain.errors import NotFound, RiskEngineError


class DecisionPending(NotFound):
    """The transaction is there, but not decided yet."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("the transaction is accepted and not decided yet; ask again in a second")


class UnknownAccount(NotFound):
    """Nobody described the account, and nothing was decided on it."""

    def __init__(self) -> None:
        super().__init__("no account has this id, and none has had a transaction decided under it")


class MethodNotAllowed(RiskEngineError):
    """The path does not take this method; `allow` are those that it takes."""

    def __init__(self, allow: str) -> None:
        super().__init__(f"this path takes {allow or 'other methods'}")
        self.allow = allow


class TooLarge(RiskEngineError):
    """The body is larger than this path takes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body may have at most {limit} bytes; send less at once")


class TooSlow(RiskEngineError):
    """The body did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the body did not arrive within {seconds:.0f} seconds; send the request again")


class Unsupported(RiskEngineError):
    """The body is of a kind that is not read here."""
