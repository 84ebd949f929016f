import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFieldSelector } from './fields.ts';
import { labelSelector, labelSet, parseLabelSelector } from './labels.ts';

describe('label selectors', () => {
  it.each([
    ['', {}, true],
    ['a', { a: '' }, true],
    ['a', {}, false],
    ['!a', {}, true],
    ['!a', { a: 'x' }, false],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a in (b, c)', { a: 'c' }, true],
    ['a in (b,,c)', { a: '' }, true],
    ['a in ()', { a: '' }, true],
    ['a notin (b,c)', {}, true],
    ['a notin (b,c)', { a: 'b' }, false],
    ['a=', { a: '' }, true],
    ['a=b,c in (d,e),!f', { a: 'b', c: 'e' }, true],
    ['a>1', { a: '2' }, true],
    ['a<1', { a: '2' }, false],
    ['a>1', { a: 'x' }, false],
    ['in=notin', { in: 'notin' }, true],
    ['toString', {}, false],
  ])('%j on %j: %j', (text, labels, expected) => expect(parseLabelSelector(text).matches(labels)).toBe(expected));

  it.each([
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    ['=a', "found '=', expected: !, identifier, or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    [
      '-a',
      'unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric characters',
    ],
    ['a=-b', 'unable to parse requirement: values[0][a]: Invalid value: "-b": a valid label must be an empty string'],
    [
      'a>x',
      `unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`,
    ],
  ])('refuses %j', (text, message) => expect(() => parseLabelSelector(text)).toThrow(message));

  it('read back as what they were', () => {
    const key = fc.stringMatching(/^[a-z]([-a-z0-9]{0,10}[a-z0-9])?$/);
    const values = fc.array(fc.stringMatching(/^([a-z0-9]{1,5})?$/), { minLength: 1, maxLength: 3 });
    const term = fc.oneof(
      key,
      key.map((k) => `!${k}`),
      fc.tuple(key, fc.constantFrom('=', '!='), values).map(([k, op, [v = '']]) => `${k}${op}${v}`),
      fc.tuple(key, fc.constantFrom('in', 'notin'), values).map(([k, op, v]) => `${k} ${op} (${v.join(',')})`),
    );
    fc.assert(
      fc.property(fc.array(term), fc.dictionary(key, fc.constantFrom('', 'a', '1')), (terms, labels) => {
        const selector = parseLabelSelector(terms.join(','));
        const again = parseLabelSelector(selector.toString());
        expect(again.requirements).toEqual(selector.requirements);
        expect(again.matches(labels)).toBe(selector.matches(labels));
      }),
    );
  });

  it('of objects: none selects nothing, an empty one everything', () => {
    expect(labelSelector(undefined).matches({})).toBe(false);
    expect(labelSelector({}).matches({})).toBe(true);
    expect(labelSet(undefined).matches({})).toBe(true);
    const selector = labelSelector({
      matchLabels: { a: 'b' },
      matchExpressions: [{ key: 'c', operator: 'NotIn', values: ['d'] }],
    });
    expect(selector.matches({ a: 'b' })).toBe(true);
    expect(selector.matches({ a: 'b', c: 'd' })).toBe(false);
    expect(selector.exact('a')).toBe('b');
    expect(() => labelSelector({ matchExpressions: [{ key: 'a', operator: 'Foo' }] })).toThrow(
      '"Foo" is not a valid label selector operator',
    );
    expect(() => labelSelector({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toThrow(
      "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    );
  });
});

describe('field selectors', () => {
  it('match fields that are there or not', () => {
    const selector = parseFieldSelector('spec.nodeName=n,status.phase!=Running');
    expect(selector.matches({ 'spec.nodeName': 'n', 'status.phase': 'Pending' })).toBe(true);
    expect(selector.matches({ 'spec.nodeName': 'n', 'status.phase': 'Running' })).toBe(false);
    expect(parseFieldSelector('spec.nodeName=').matches({})).toBe(true);
    expect(selector.exact('spec.nodeName')).toBe('n');
    expect(parseFieldSelector(',,').everything).toBe(true);
  });

  it.each([
    ['abc', "invalid selector: 'abc'; can't understand 'abc'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
    ['a=b\\c', 'invalid field selector: invalid escape sequence: \\c'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
  ])('refuse %j', (text, message) => expect(() => parseFieldSelector(text)).toThrow(message));

  it('read back as what they were', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('=', '!='), (value, operator) => {
        const text = `a${operator}${value.replace(/[\\,=]/g, '\\$&')}`;
        const selector = parseFieldSelector(text);
        expect(selector.requirements).toEqual([{ field: 'a', operator, value }]);
        expect(selector.toString()).toBe(text);
      }),
    );
  });
});
