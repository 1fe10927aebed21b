// Where does it end? RATE customers a second, then 2, 4, 8 and 16 times as many, and RATE again, each for DURATION.
// What is too much is refused in due form, and what was accepted is decided. The summary has each step's p95.

import http from 'k6/http';

import { arriving, hasty } from './lib/customers.js';
import { P95_MS, RATE, duration, seconds } from './lib/parameters.js';

export { setup, teardown } from './lib/course.js';

http.setResponseCallback(http.expectedStatuses(200, 201, 503));

const STEPS = [1, 2, 4, 8, 16, 1];
const LENGTH = duration('1m');

const name = (place) => `step_${place + 1}_x${STEPS[place]}`;

// Every step's p95 is to be seen; only where a threshold names it, it is.
const SHOWN = 'p(95)>=0';

export const options = {
  scenarios: Object.fromEntries(
    STEPS.map((times, place) => [
      name(place),
      arriving(RATE * times, LENGTH, { startTime: `${place * seconds(LENGTH)}s`, gracefulStop: '10s' }),
    ]),
  ),
  thresholds: {
    http_req_failed: ['rate==0'],
    checks: ['rate==1'],
    ...Object.fromEntries(STEPS.map((_, place) => [`http_req_duration{scenario:${name(place)}}`, [SHOWN]])),
    [`http_req_duration{scenario:${name(0)}}`]: [`p(95)<${P95_MS}`],
  },
  teardownTimeout: '10m',
};

export default hasty;
