"""PromQL for how much a counter grew, when processes come and go."""


def grown(counter: str, minutes: int) -> str:
    """By how much a counter grew in so many minutes, over all processes: 0 without any.

    `increase` sees nothing of what a process had counted before it was scraped for the first time, nor that it counts
    anew if it has soon got as far as the one before it. So of a process that has started since, all that it has counts.
    """
    young = f"({counter} and on (job, instance) process_start_time_seconds > time() - {60 * minutes})"
    return f"(sum({young} or increase({counter}[{minutes}m])) or vector(0))"
