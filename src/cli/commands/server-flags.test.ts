import { describe, expect, it } from 'vitest';
import { type ClusterSettings, settleSettings } from '../../cluster/settings.ts';
import { parseServerFlag } from './lifecycle.ts';

describe('skiff up --server-flag', () => {
  it.each([
    ['token-auth-file', 'write it as NAME=VALUE'],
    ['nope=1', 'has no such flag'],
    ['secure-port=3', '"skiff up" sets it itself'],
  ])('refuses %s', (text, words) => {
    expect(() => parseServerFlag(text)).toThrow(words);
  });

  it('names files from the root', () => {
    expect(parseServerFlag('--token-auth-file=x')).toBe(`token-auth-file=${process.cwd()}/x`);
    expect(parseServerFlag('token-auth-file=')).toBe('token-auth-file=');
    expect(parseServerFlag('api-audiences=a,b')).toBe('api-audiences=a,b');
  });

  it('is remembered until it is taken away', () => {
    const stored = { ...settleSettings(undefined, {}, { running: false }), serverFlags: ['a=1', 'b=2', 'b=3'] };
    const settle = (from: ClusterSettings, serverFlags?: readonly string[], running = false) =>
      settleSettings(from, { serverFlags }, { running }).serverFlags;
    expect(settle(stored)).toEqual(['a=1', 'b=2', 'b=3']);
    expect(settle(stored, ['b=4'])).toEqual(['a=1', 'b=4']);
    expect(settle(stored, ['a=', 'b='])).toBeUndefined();
    expect(settle(stored, ['a=1', 'b=2', 'b=3'], true)).toHaveLength(3);
    expect(() => settle(stored, ['a=2'], true)).toThrow('stop it first: skiff down');
  });
});
