"""What is wrong with a rule."""

from riskengine.domain.errors import RiskEngineError


class RuleError(RiskEngineError):
    """A rule that cannot be used: `rule` is its id, `column` where in its expression (from 1; 0: in general)."""

    def __init__(self, rule: str, message: str, column: int = 0) -> None:
        place = f", column {column}" if column else ""
        super().__init__(f"rule {rule}{place}: {message}")
        self.rule = rule
        self.column = column
