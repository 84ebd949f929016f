import { describe, expect, it } from 'vitest';
import type { CronJob } from '../../api/batch/v1.gen.ts';
import { Path } from '../../schema/field-error.ts';
import { cidrProblem, ipProblem } from './addresses.ts';
import { validateCronJob } from './batch.ts';
import { checkDomainPrefixedPath } from './domain-path.ts';
import { overlap, parseIndexes } from './job-indexes.ts';
import type { Found } from './values.ts';

// What Kubernetes v1.36.1 answered.
describe('indexes of a Job', () => {
  it.each([
    ['', 0],
    ['0,2-3', 3],
    ['foo', { problem: 'cannot convert string to integer for index: "foo"' }],
    ['9', { problem: 'too large index: "9"' }],
    ['2,1', { problem: 'non-increasing order, previous: 2, current: 1' }],
    ['3-1', { problem: 'non-increasing order, previous: 3, current: 1' }],
    [
      '1-2-3',
      {
        problem: `the fragment "1-2-3" violates the requirement that an index interval can have at most two parts separated by '-'`,
      },
    ],
  ])('%j', (text, expected) => expect(parseIndexes(text, 4)).toEqual(expected));

  it('of two texts: the first that both name', () => {
    expect(overlap('0-1,4', '2-4', 5)).toBe(4);
    expect(overlap('0-1', '2', 5)).toBeUndefined();
  });
});

describe('addresses and ranges', () => {
  it.each([
    ['10.0.0.1', undefined],
    ['010.0.0.1', 'must not have leading 0s'],
    ['::ffff:1.2.3.4', 'must not be an IPv4-mapped IPv6 address'],
    ['FD00::1', 'must be in canonical form ("fd00::1")'],
    ['x', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ])('address %j', (text, problem) => expect(ipProblem(text)).toBe(problem));

  it.each([
    ['10.0.0.0/8', undefined],
    ['fd00::/8', undefined],
    ['10.0.0.1/8', 'must not have bits set beyond the prefix length'],
    ['10.0.0.0/08', 'must not have leading 0s in IP or prefix length'],
    ['10.0.0.0/33', 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ])('range %j', (text, problem) => expect(cidrProblem(text)).toBe(problem));
});

it('a domain-prefixed path is complained of part by part', () => {
  const bodies = (value: string): readonly string[] => {
    const found: Found = [];
    checkDomainPrefixedPath(value, Path.of('x'), found);
    return found.map(({ body }) => body);
  };
  expect(bodies('acme.io/foo')).toEqual([]);
  expect(bodies('')).toEqual(['Required value']);
  expect(bodies('foo')).toEqual(['Invalid value: "foo": must be a domain-prefixed path (such as "acme.io/foo")']);
  expect(bodies('a.io/b c')).toEqual([
    `Invalid value: "b c": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`,
  ]);
});

it.each([
  ['Europe/Berlin', []],
  ['europe/berlin', ['Invalid value: "europe/berlin": unknown time zone europe/berlin']],
  ['+01:00', ['Invalid value: "+01:00": unknown time zone +01:00']],
  ['', ['Invalid value: "": timeZone must be nil or non-empty string']],
])('time zone %j', (timeZone, expected) => {
  const template = {
    metadata: {},
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i:1' }] },
  };
  const cronJob = {
    metadata: { name: 'c' },
    spec: { schedule: '* * * * *', timeZone, concurrencyPolicy: 'Allow', jobTemplate: { spec: { template } } },
  };
  // Only the parts that the rules about time zones read are there.
  const found = validateCronJob(cronJob as unknown as CronJob);
  expect(found.filter(({ field }) => field === 'spec.timeZone').map(({ body }) => body)).toEqual(expected);
});
