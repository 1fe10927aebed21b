// Does every door do what it is for? One customer after the other, for some seconds.

import http from 'k6/http';
import exec from 'k6/execution';
import { check } from 'k6';

import * as api from './lib/api.js';
import * as checks from './lib/checks.js';
import { P95_MS, duration } from './lib/parameters.js';
import { payment } from './lib/payments.js';

export { setup, teardown } from './lib/course.js';

const PATIENCE_S = 10;
const BATCH = 5;

// The refusals below are meant: they are no failed requests.
http.setResponseCallback(http.expectedStatuses(200, 201, 401, 404, 409, 422));

export const options = {
  scenarios: { customers: { executor: 'constant-vus', vus: 1, duration: duration('10s') } },
  thresholds: {
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    'http_req_duration{scenario:customers}': [`p(95)<${P95_MS}`],
  },
  teardownTimeout: '10m',
};

export default function smoke({ run }) {
  const number = exec.scenario.iterationInTest;
  check(api.health(), { 'ready: 200': (answer) => answer.status === 200 });
  const made = payment(run, number);
  const first = api.send(made);
  if (!checks.isAccepted(first, made)) {
    return;
  }
  checks.isReplay(api.send(made), first);
  checks.isProblem(api.send({ ...made, amount: '99999.99' }), 409, 'idempotency-conflict');
  checks.isProblem(api.send({ ...made, currency: 'EURO' }), 422, 'invalid-input');
  checks.isProblem(api.send(made, 'rk_wrong'), 401, 'unauthenticated');
  const payments = Array.from({ length: BATCH }, (_, place) =>
    payment(run, number * BATCH + place, `${number}-${place}`));
  checks.isBatch(api.sendBatch(payments), payments);
  const pressing = payment(run, number, `${number}-now`);
  checks.isDecision(api.decide(pressing), pressing);
  checks.isDecided(first, made, PATIENCE_S);
  check(api.transaction(first.json().transaction_id), {
    'read: as it was sent': (answer) =>
      answer.status === 200 && answer.json().amount === made.amount && answer.json().account_id === made.account_id,
    'read: not pending any more': (answer) => answer.json().status !== 'pending',
  });
  check(api.profile(made.account_id), { 'profile: 200': (answer) => answer.status === 200 });
}
