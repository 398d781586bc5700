import assert from 'node:assert/strict';
import test from 'node:test';
import { type AccessPolicy, denial, type RequestFacts } from '../../src/dashboard/access.ts';

const TOKEN = 'correct-horse-battery';
const LOOPBACK: AccessPolicy = {
  hosts: new Set(['localhost', '127.0.0.1', '::1']),
  anyAddress: false,
  token: undefined,
};
const NETWORK: AccessPolicy = { hosts: new Set(['localhost', 'store1']), anyAddress: true, token: TOKEN };

const statusOf = (given: Partial<RequestFacts>, policy = LOOPBACK): number | undefined =>
  denial(
    {
      method: 'GET',
      host: '127.0.0.1:9860',
      origin: undefined,
      authorization: undefined,
      queryToken: undefined,
      isForData: true,
      ...given,
    },
    policy,
  )?.status;

test('denial() answers GET only', () => {
  assert.equal(statusOf({}), undefined);
  for (const method of ['POST', 'HEAD', 'OPTIONS', 'DELETE', undefined]) assert.equal(statusOf({ method }), 405);
});

test('denial() refuses names that the server does not have, as DNS rebinding needs them', () => {
  for (const host of ['localhost', 'LocalHost:1', '127.0.0.1:80', '[::1]:9860', '[::1]']) {
    assert.equal(statusOf({ host }), undefined, host);
  }
  for (const host of [
    undefined,
    '',
    'evil.example',
    'localhost.evil.example:9860',
    '10.0.0.1',
    'localhost:9860@evil',
    'a b',
  ]) {
    assert.equal(statusOf({ host }), 421, host);
  }
  const known = { authorization: `Bearer ${TOKEN}` };
  assert.equal(statusOf({ ...known, host: '10.0.0.1:9860' }, NETWORK), undefined);
  assert.equal(statusOf({ ...known, host: '[2001:db8::1]:9860' }, NETWORK), undefined);
  assert.equal(statusOf({ ...known, host: 'STORE1' }, NETWORK), undefined);
  assert.equal(statusOf({ ...known, host: 'evil.example' }, NETWORK), 421);
});

test('denial() refuses pages of other origins', () => {
  assert.equal(statusOf({ origin: 'http://127.0.0.1:9860' }), undefined);
  for (const origin of ['null', 'http://evil.example', 'http://127.0.0.1:8000', 'https://127.0.0.1:9860', '']) {
    assert.equal(statusOf({ origin }), 403, origin);
  }
});

test('denial() wants the token for data, as a bearer or in the query', () => {
  const host = 'store1:9860';
  assert.equal(statusOf({ host }, NETWORK), 401);
  assert.equal(statusOf({ host, isForData: false }, NETWORK), undefined);
  assert.equal(statusOf({ host, authorization: `Bearer ${TOKEN}` }, NETWORK), undefined);
  assert.equal(statusOf({ host, queryToken: TOKEN }, NETWORK), undefined);
  for (const wrong of ['', TOKEN.slice(1), `${TOKEN}x`, TOKEN.toUpperCase()]) {
    assert.equal(statusOf({ host, queryToken: wrong }, NETWORK), 401);
    assert.equal(statusOf({ host, authorization: `Bearer ${wrong}` }, NETWORK), 401);
  }
  assert.equal(statusOf({ host, authorization: `Basic ${TOKEN}` }, NETWORK), 401);
});
