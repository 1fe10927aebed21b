// What a run is told by its environment, the same for all scripts. Nothing but the key has to be set.

function number(name, byDefault) {
  const text = __ENV[name];
  const value = text ? Number(text) : byDefault;
  if (!(value >= 0)) {
    throw new Error(`${name} must be a number from 0, not '${text}'`);
  }
  return value;
}

// Where the engine is, without /api/v1.
export const BASE_URL = (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/+$/, '');

// A key with the scopes `ingest` and `read`.
export const API_KEY = __ENV.API_KEY || '';

// Customers that come in a second, each with a transaction or more, and for how long they do.
export const RATE = number('RATE', 50);
export const duration = (byDefault) => __ENV.DURATION || byDefault;

// Customers at a time, at most: above it some do not come, which the run says and fails for.
export const VUS = number('VUS', 500);

// Accounts that pay.
export const ACCOUNTS = number('ACCOUNTS', 5000);

// Times of RATE to which a spike goes.
export const TIMES = number('TIMES', 10);

// Milliseconds in which 95 of 100 requests are to be answered: above 200 the engine's own alerts warn.
export const P95_MS = number('P95_MS', 200);

// Seconds, after the last request, in which all that was accepted is to be decided.
export const DRAIN_S = number('DRAIN_S', 300);

// A duration such as 90s, 5m or 1h30m in seconds.
export function seconds(length) {
  const units = { h: 3600, m: 60, s: 1 };
  const parts = [...length.matchAll(/(\d+)([hms])/g)];
  if (parts.map((part) => part[0]).join('') !== length) {
    throw new Error(`DURATION must be like 90s, 5m or 1h30m, not '${length}'`);
  }
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit], 0);
}
