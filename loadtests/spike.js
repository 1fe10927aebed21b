// What does a rush do? RATE customers a second, at once TIMES as many for DURATION, and RATE again.
// What is too much is refused in due form (503 with Retry-After), and all that was accepted is decided.

import http from 'k6/http';

import { hasty } from './lib/customers.js';
import { RATE, TIMES, VUS, duration, seconds } from './lib/parameters.js';

export { setup, teardown } from './lib/course.js';

http.setResponseCallback(http.expectedStatuses(200, 201, 503));

const LENGTH = duration('1m');
const EDGE = '1s';
const CALM = `${Math.max(1, Math.round(seconds(LENGTH) / 6))}s`;

export const options = {
  scenarios: {
    rush: {
      executor: 'ramping-arrival-rate',
      startRate: RATE,
      timeUnit: '1s',
      preAllocatedVUs: VUS,
      stages: [
        { target: RATE, duration: CALM },
        { target: RATE * TIMES, duration: EDGE },
        { target: RATE * TIMES, duration: LENGTH },
        { target: RATE, duration: EDGE },
        { target: RATE, duration: CALM },
      ],
    },
  },
  thresholds: {
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
  },
  teardownTimeout: '10m',
};

export default hasty;
