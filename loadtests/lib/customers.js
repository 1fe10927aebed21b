// What customers do, one after the other: mostly they pay, and now and then they insist, wait, or bring a batch.

import exec from 'k6/execution';

import * as api from './api.js';
import * as checks from './checks.js';
import { RATE, VUS } from './parameters.js';
import { payment } from './payments.js';

const REPLAYS_EVERY = 10;
const WAITS_EVERY = 20;
const DECISIONS_EVERY = 10;
const BATCH_EVERY = 50;
const BATCH = 20;
const PATIENCE_S = 30;

// Executor options for `rate` customers a second, whatever the answers take.
export function arriving(rate, length, more = {}) {
  const vus = Math.max(1, Math.min(VUS, Math.ceil(rate)));
  return {
    executor: 'constant-arrival-rate',
    rate: Math.max(1, Math.round(rate)),
    timeUnit: '1s',
    duration: length,
    preAllocatedVUs: vus,
    maxVUs: Math.max(vus, VUS),
    ...more,
  };
}

// Thresholds of a load that the engine is to bear: nothing fails, all checks hold, and the load was what was asked.
export function borne(p95_ms) {
  return {
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    'http_req_duration{scenario:customers}': [`p(95)<${p95_ms}`],
    dropped_iterations: [`rate<${RATE / 100}`],
  };
}

// One customer of a load that is to be borne.
export function customer({ run }) {
  const number = exec.scenario.iterationInTest;
  if (number % BATCH_EVERY === BATCH_EVERY - 1) {
    const payments = Array.from({ length: BATCH }, (_, place) =>
      payment(run, number * BATCH + place, `${number}-${place}`));
    checks.isBatch(api.sendBatch(payments), payments);
    return;
  }
  const made = payment(run, number);
  if (number % DECISIONS_EVERY === 5) {
    checks.isDecision(api.decide(made), made);
    return;
  }
  const first = api.send(made);
  if (!checks.isAccepted(first, made)) {
    return;
  }
  if (number % REPLAYS_EVERY === 0) {
    checks.isReplay(api.send(made), first);
  }
  if (number % WAITS_EVERY === 1) {
    checks.isDecided(first, made, PATIENCE_S);
  }
}

// One customer of a load that may be too much: what is refused is refused in due form.
export function hasty({ run }) {
  const number = exec.scenario.iterationInTest;
  const made = payment(run, number, `${exec.scenario.name}-${number}`);
  const first = api.send(made);
  if (checks.refused(first)) {
    checks.isRefusal(first);
  } else {
    checks.isAccepted(first, made);
  }
}
