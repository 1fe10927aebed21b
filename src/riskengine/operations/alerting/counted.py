"""PromQL for counters whose series may be younger than the window one looks at."""


def grown(counter: str, window: str, by: str = "") -> str:
    """By how much a counter grew in a window, over all processes: 0 without any; with `by`, for each of that label.

    A series with labels begins with its first increment, of which `increase` sees nothing: there is no value before it.
    So of a series that was not there when the window began, all that it has is what it grew by.
    """
    each = f"({counter} unless {counter} offset {window}) or increase({counter}[{window}])"
    return f"sum by ({by}) ({each})" if by else f"(sum({each}) or vector(0))"
