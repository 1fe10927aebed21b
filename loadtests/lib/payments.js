// Payments of customers with habits. The same number gives the same payment, in every run.

import { ACCOUNTS } from './parameters.js';

const PLACES = [
  { country: 'BE', location: 'Brussels', currency: 'EUR' },
  { country: 'FR', location: 'Paris', currency: 'EUR' },
  { country: 'DE', location: 'Berlin', currency: 'EUR' },
  { country: 'GB', location: 'London', currency: 'GBP' },
  { country: 'US', location: 'Boston', currency: 'USD' },
];
const CHANNELS = ['online', 'pos', 'pos', 'atm', 'transfer'];

// Chances from a seed, as good as needed here (mulberry32).
function chances(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

// The payment of a number, under an idempotency key that is `name` in this run: `run` keeps it apart from others'.
export function payment(run, number, name = number) {
  const chance = chances(number);
  const account = Math.floor(chance() * ACCOUNTS);
  const home = PLACES[account % PLACES.length];
  const place = chance() < 0.03 ? PLACES[Math.floor(chance() * PLACES.length)] : home;
  const channel = CHANNELS[Math.floor(chance() * CHANNELS.length)];
  const amount = Math.max(1, 40 * Math.exp(1.1 * (chance() + chance() + chance() - 1.5)));
  const made = {
    account_id: `load-${account}`,
    amount: amount.toFixed(2),
    currency: place.currency,
    country: place.country,
    location: place.location,
    channel,
    device_id: `load-device-${account}-${chance() < 0.02 ? 1 : 0}`,
    idempotency_key: `${run}-${name}`,
  };
  if (channel === 'transfer') {
    made.beneficiary = `load-payee-${Math.floor(chance() * 2000)}`;
  } else {
    made.merchant = `load-shop-${Math.floor(chance() ** 2 * 500)}`;
  }
  return made;
}
