"""The named attacks: each a campaign of fraudulent payments in the name of one or more customers.

An attack is a function of the source of randomness, the shoppers it may strike, and its first moment. It returns all
its transactions, labelled. What a genuine customer does within it (a purchase before a card is cloned) is legitimate.
"""

from collections.abc import Callable, Sequence
from random import Random

import msgspec
from msgspec.structs import replace

from riskengine.domain import clock
from riskengine.domain.transaction import Transaction
from riskengine.lab import customer as customers
from riskengine.lab.labelled import Label, Labelled
from riskengine.lab.shopper import Shopper, local_amount
from riskengine.lab.world import CITIES, distance_km

FAR_KM = 3000.0
"""A cloned card is used at least this far from its owner."""


class Attack(msgspec.Struct, frozen=True):
    """A kind of attack. `size` is about how many transactions it makes, `days` how long it lasts at most."""

    name: str
    size: float
    days: float
    strike: Callable[[Random, Sequence[Shopper], int], list[Labelled]]


def card_testing(random: Random, shoppers: Sequence[Shopper], start: int) -> list[Labelled]:
    """A thief tries a stolen card with many tiny payments online; where they pass, something dear is bought."""
    victim = random.choice(shoppers)
    device, ip = customers.device(random), customers.foreign_ip(random)
    shop = f"donations-{random.randint(1, 40)}.example"
    moment, payments = start, []
    for _ in range(random.randint(7, 15)):
        moment += random.randint(15, 150) * clock.SECOND
        probe = victim.spend(random, moment, random.uniform(0.5, 6.0))
        payments.append(_online(probe, shop, "charity", device, ip))
    if random.random() < 0.7:
        moment += random.randint(1, 8) * clock.MINUTE
        prize = victim.spend(random, moment, random.uniform(600.0, 2500.0))
        payments.append(_online(prize, f"gadgets-{random.randint(1, 15)}.example", "electronics", device, ip))
    return _labelled("card_testing", payments)


def account_takeover(random: Random, shoppers: Sequence[Shopper], start: int) -> list[Labelled]:
    """A stranger signs in from an own device and address, and empties the account by transfers to an own one."""
    victim = random.choice(shoppers)
    device, ip, beneficiary = customers.device(random), customers.foreign_ip(random), _stranger(random)
    city = random.choice([city for city in CITIES if city.country != victim.customer.home.country])
    moment, payments = start, []
    for _ in range(random.randint(3, 7)):
        euros = max(400.0, victim.usual_amount(random) * random.uniform(8.0, 40.0))
        payment = victim.spend(random, moment, euros)
        payments.append(replace(_transfer(payment, beneficiary, device, ip), country=city.country))
        moment += random.randint(2, 25) * clock.MINUTE
    return _labelled("account_takeover", payments)


def mule_ring(random: Random, shoppers: Sequence[Shopper], start: int) -> list[Labelled]:
    """Deceived customers all pay one mule within a day, each from an own device; the mule takes it out in cash."""
    ring = random.sample(shoppers, min(len(shoppers), random.randint(8, 14)))
    mule, victims = ring[0].at(ring[0].city), ring[1:]
    beneficiary, moment, payments = _stranger(random), start, []
    for victim in victims:
        moment += random.randint(5, 90) * clock.MINUTE
        payment = victim.pay(random, moment, "transfer")
        euros = random.uniform(350.0, 3500.0)
        payments.append(replace(payment, amount=local_amount(euros, victim.city), beneficiary=beneficiary))
    for _ in range(random.randint(2, 4)):
        moment += random.randint(4, 30) * clock.MINUTE
        payment = mule.pay(random, moment, "atm")
        payments.append(replace(payment, amount=local_amount(random.randint(20, 45) * 20.0, mule.city)))
    return _labelled("mule_ring", payments)


def impossible_travel(random: Random, shoppers: Sequence[Shopper], start: int) -> list[Labelled]:
    """A cloned card is used in a far city, shortly after its owner paid at home."""
    victim = random.choice(shoppers)
    genuine = victim.at(victim.city).pay(random, start, "pos")
    far = random.choice([city for city in CITIES if distance_km(city, victim.city) > FAR_KM])
    thief = victim.at(far)
    moment, payments = start, []
    for _ in range(random.randint(2, 5)):
        moment += random.randint(10, 70) * clock.MINUTE
        payment = thief.pay(random, moment, "pos")
        euros = max(150.0, thief.usual_amount(random) * random.uniform(8.0, 40.0))
        payments.append(replace(payment, amount=local_amount(euros, far)))
    return [*_labelled("impossible_travel", [genuine], "legitimate"), *_labelled("impossible_travel", payments)]


def slow_drip(random: Random, shoppers: Sequence[Shopper], start: int) -> list[Labelled]:
    """Someone with access to a few accounts takes a little from each, day after day, to one beneficiary."""
    victims = random.sample(shoppers, min(len(shoppers), random.randint(4, 6)))
    device, ip, beneficiary = customers.device(random), customers.foreign_ip(random), _stranger(random)
    payments = []
    for day in range(random.randint(4, 7)):
        for victim in victims:
            moment = start + day * clock.DAY + int(random.uniform(0.0, 5.0) * clock.HOUR)
            payment = victim.spend(random, moment, victim.usual_amount(random) * random.uniform(1.5, 8.0))
            payments.append(_transfer(payment, beneficiary, device, ip))
    return _labelled("slow_drip", payments)


ATTACKS = {
    attack.name: attack
    for attack in (
        Attack("card_testing", 11.7, 0.1, card_testing),
        Attack("account_takeover", 5.0, 0.2, account_takeover),
        Attack("mule_ring", 13.0, 1.0, mule_ring),
        Attack("impossible_travel", 3.5, 0.3, impossible_travel),
        Attack("slow_drip", 27.5, 7.0, slow_drip),
    )
}


def _labelled(attack: str, payments: list[Transaction], label: Label = "fraud") -> list[Labelled]:
    return [Labelled(payment, label, attack) for payment in payments]


def _online(payment: Transaction, merchant: str, category: str, device: str, ip: str) -> Transaction:
    return replace(payment, merchant=merchant, merchant_category=category, channel="online", device_id=device, ip=ip)


def _transfer(payment: Transaction, beneficiary: str, device: str, ip: str) -> Transaction:
    return replace(payment, channel="transfer", beneficiary=beneficiary, device_id=device, ip=ip)


def _stranger(random: Random) -> str:
    return f"M{random.getrandbits(40):010x}"
