// Does it stay as it is? RATE customers a second for long. `make soak` has processes and their memory watched meanwhile.

import { arriving, borne, customer } from './lib/customers.js';
import { P95_MS, RATE, duration } from './lib/parameters.js';

export { setup, teardown } from './lib/course.js';

export const options = {
  scenarios: { customers: arriving(RATE, duration('20m')) },
  thresholds: borne(P95_MS),
  teardownTimeout: '10m',
};

export default customer;
