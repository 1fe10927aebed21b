"""Partitions of streams and of what is kept in Valkey."""

from hashlib import md5

from riskengine.domain import stream_partition


def test_a_name_falls_into_the_bucket_that_its_digest_says() -> None:
    # Given names of any script
    names = ["acc-1", "", "Müller", "口座", "a" * 128]

    # When their buckets are asked for, then each is the digest's first 32 bits by remainder
    for name in names:
        assert stream_partition.bucket(name) == int(md5(name.encode()).hexdigest()[:8], 16) % 16_384


def test_names_spread_evenly_over_partitions() -> None:
    # Given ten thousand accounts and twelve partitions
    counts = [0] * 12

    # When each is given its partition
    for number in range(10_000):
        counts[stream_partition.of(f"account-{number}", 12)] += 1

    # Then no partition has much more than its share
    assert min(counts) > 700
    assert max(counts) < 1_000


def test_one_partition_takes_all() -> None:
    # Given one partition, when a name is given its partition, then it is the first
    assert stream_partition.of("anything", 1) == 0
    assert stream_partition.tag(0) == "{0}"
