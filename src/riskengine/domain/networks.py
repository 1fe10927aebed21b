"""Addresses and networks of IPv4 and IPv6 as numbers."""

import re
import socket

import msgspec

from riskengine.domain.errors import FieldError, InvalidInput

_PREFIX = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_MAPPED = 0xFFFF
"""What an IPv6 address begins with, above its last 32 bits, if it stands for an IPv4 address (RFC 4291, 2.5.5.2)."""

_WANTED = "must be an IPv4 or IPv6 network, such as 192.0.2.0/24, or one address"


class Network(msgspec.Struct, frozen=True, gc=False):
    """All addresses of one width (32 or 128 bits) that share their first `prefix` bits. One address is the smallest."""

    width: int
    address: int
    prefix: int

    @property
    def shift(self) -> int:
        """The bits of an address that the network leaves open."""
        return self.width - self.prefix

    def __str__(self) -> str:
        """The usual form, also of a single address: 192.0.2.1/32."""
        family = socket.AF_INET if self.width == 32 else socket.AF_INET6
        return f"{socket.inet_ntop(family, self.address.to_bytes(self.width // 8))}/{self.prefix}"


def address(text: str) -> Network | None:
    """The network of one address; None if the text is no address. Zones (fe80::1%eth0) are no part of one."""
    width = 128 if ":" in text else 32
    try:
        packed = socket.inet_pton(socket.AF_INET6 if width == 128 else socket.AF_INET, text)
    except (OSError, ValueError):
        return None
    return Network(width, int.from_bytes(packed), width)


def mapped(of: Network) -> Network | None:
    """The IPv4 network that an IPv6 one stands for (::ffff:192.0.2.1 for 192.0.2.1); None if it stands for none."""
    if of.width == 128 and of.prefix >= 96 and of.address >> 32 == _MAPPED:
        return Network(32, of.address & 0xFFFF_FFFF, of.prefix - 96)
    return None


def read(text: str) -> Network:
    """A network in its one form. Raises InvalidInput; also if bits are set that the network leaves open: 10.0.0.1/8."""
    before, slash, length = text.partition("/")
    found = address(before)
    if found is None or (slash and not _PREFIX.fullmatch(length)):
        raise _wrong(_WANTED)
    prefix = int(length) if slash else found.width
    if prefix > found.width:
        raise _wrong(_WANTED)
    made = Network(found.width, found.address, prefix)
    cut = Network(made.width, made.address >> made.shift << made.shift, prefix)
    if cut != made:
        raise _wrong(f"has bits beyond its first {prefix}; write {cut}, or {before} for the one address")
    return mapped(made) or made


def _wrong(message: str) -> InvalidInput:
    return InvalidInput((FieldError("value", message),), message)
