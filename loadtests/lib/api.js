// The engine's doors, each with the name by which its requests are counted.

import http from 'k6/http';

import { API_KEY, BASE_URL } from './parameters.js';

const API = `${BASE_URL}/api/v1`;

function parameters(name, key) {
  const headers = { 'Content-Type': 'application/json' };
  if (key) {
    headers.Authorization = `Bearer ${key}`;
  }
  return { headers, tags: { name } };
}

function get(name, path, more = {}) {
  return http.get(API + path, { ...parameters(name, API_KEY), ...more });
}

export const health = () => http.get(`${BASE_URL}/health/ready`, parameters('GET /health/ready', ''));

export function send(payment, key = API_KEY) {
  return http.post(`${API}/transactions`, JSON.stringify(payment), parameters('POST /transactions', key));
}

export function sendBatch(payments) {
  const body = JSON.stringify({ transactions: payments });
  return http.post(`${API}/transactions/batch`, body, parameters('POST /transactions/batch', API_KEY));
}

export function decide(payment) {
  return http.post(`${API}/decisions`, JSON.stringify(payment), parameters('POST /decisions', API_KEY));
}

export const transaction = (id) => get('GET /transactions/{id}', `/transactions/${id}`);

// 404 is not decided yet, and no failed request.
export const decision = (id) =>
  get('GET /transactions/{id}/decision', `/transactions/${id}/decision`, {
    responseCallback: http.expectedStatuses(200, 404),
  });

export const profile = (account) =>
  get('GET /accounts/{id}/profile', `/accounts/${encodeURIComponent(account)}/profile`);

export const queue = () => get('GET /workers', '/workers');

// One transaction that was accepted in [from, to] and is not decided, if there is any.
export const pending = (from, to) =>
  get('GET /transactions', `/transactions?status=pending&limit=1&from=${from}&to=${to}`);
