// Does it bear the load that it is meant for? RATE customers a second, as they come in life.

import { arriving, borne, customer } from './lib/customers.js';
import { P95_MS, RATE, duration } from './lib/parameters.js';

export { setup, teardown } from './lib/course.js';

export const options = {
  scenarios: { customers: arriving(RATE, duration('5m')) },
  thresholds: borne(P95_MS),
  teardownTimeout: '10m',
};

export default customer;
