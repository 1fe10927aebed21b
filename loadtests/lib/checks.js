// What an answer must be. What is not so counts as a failed check, which each script's thresholds allow none of.

import { check, sleep } from 'k6';
import { Trend } from 'k6/metrics';

import * as api from './api.js';

const OUTCOMES = ['approve', 'review', 'decline'];
const POLL_S = 0.1;

// Milliseconds from a transaction's acceptance to its decision, by the engine's own clocks.
const untilDecided = new Trend('until_decided', true);

function body(response) {
  try {
    return response.json();
  } catch (_) {
    return {};
  }
}

// Whether it was refused because there was too much, as the API says it. Only some scripts allow for that.
export const refused = (response) => response.status === 503;

export function isRefusal(response) {
  return check(response, {
    'a refusal says when to come again': (answer) => Number(answer.headers['Retry-After']) >= 1,
  });
}

export function isAccepted(response, payment) {
  const said = body(response);
  return check(response, {
    'accepted: 201': (answer) => answer.status === 201,
    'accepted: an id, pending, under its key': () =>
      Boolean(said.transaction_id) && said.status === 'pending' && said.idempotency_key === payment.idempotency_key,
  });
}

export function isReplay(response, first) {
  return check(response, {
    'sent again: 200': (answer) => answer.status === 200,
    'sent again: the same id': (answer) => body(answer).transaction_id === first.json().transaction_id,
  });
}

export function isBatch(response, payments) {
  const said = body(response).transactions || [];
  return check(response, {
    'batch: 201': (answer) => answer.status === 201,
    'batch: an entry for each, in order': () =>
      said.length === payments.length &&
      said.every((entry, place) => entry.idempotency_key === payments[place].idempotency_key) &&
      new Set(said.map((entry) => entry.transaction_id)).size === payments.length,
  });
}

export function isDecision(response, payment) {
  const said = body(response);
  return check(response, {
    'decided at once': (answer) => answer.status === 200 || answer.status === 201,
    'decided: a score, an outcome, its account': () =>
      said.score >= 0 &&
      said.score <= 100 &&
      OUTCOMES.includes(said.outcome) &&
      said.account_id === payment.account_id,
  });
}

export function isProblem(response, status, kind) {
  return check(response, {
    [`${kind}: ${status}`]: (answer) =>
      answer.status === status && body(answer).type === `urn:riskengine:problem:${kind}`,
  });
}

// Asks for the decision on an accepted transaction until it is there, for `patience_s` seconds.
export function isDecided(first, payment, patience_s) {
  const { transaction_id: id, created_at: accepted } = first.json();
  const until = Date.now() + 1000 * patience_s;
  let answer = api.decision(id);
  while (answer.status === 404 && Date.now() < until) {
    sleep(POLL_S);
    answer = api.decision(id);
  }
  if (answer.status === 200) {
    untilDecided.add(Date.parse(body(answer).decided_at) - Date.parse(accepted));
  }
  return isDecision(answer, payment);
}
