// How a run begins and ends: is the engine there and the key good; is all that was accepted decided?

import { check, sleep } from 'k6';
import exec from 'k6/execution';

import * as api from './api.js';
import { refused } from './checks.js';
import { API_KEY, BASE_URL, DRAIN_S } from './parameters.js';
import { payment } from './payments.js';

const POLL_S = 1;
const TRIES = 30;

// Has one transaction accepted, and gives the engine's time of that: the client's clock may be another.
function accepted(run, number) {
  let answer = api.send(payment(run, number));
  for (let tries = 1; refused(answer) && tries < TRIES; tries += 1) {
    sleep(POLL_S);
    answer = api.send(payment(run, number));
  }
  if (![200, 201].includes(answer.status)) {
    exec.test.abort(`${BASE_URL} does not take transactions with this key: ${answer.status} ${answer.body || answer.error}`);
  }
  return answer.json().created_at;
}

export function setup() {
  if (!API_KEY) {
    exec.test.abort('no key: make one with `riskengine keys create --scope ingest --scope read`, and set API_KEY to it');
  }
  const run = `k6-${Date.now().toString(36)}-${Math.floor(Math.random() * 1e9).toString(36)}`;
  return { run, from: accepted(run, -1) };
}

export function teardown({ run, from }) {
  const to = accepted(run, -2);
  const until = Date.now() + 1000 * DRAIN_S;
  let answer = api.pending(from, to);
  while (some(answer) && Date.now() < until) {
    sleep(POLL_S);
    answer = api.pending(from, to);
  }
  check(answer, {
    'at the end: all that was accepted is decided': () => answer.status === 200 && !some(answer),
  });
  check(api.queue(), {
    'at the end: dead workers left nothing behind': (said) =>
      said.status === 200 && said.json().queue.left_behind === 0,
  });
}

// Whether there is one that is not decided; what cannot be told (a refusal, say) is asked again.
function some(answer) {
  return answer.status !== 200 || answer.json().transactions.length > 0;
}
