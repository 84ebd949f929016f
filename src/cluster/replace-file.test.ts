import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceFile } from './replace-file.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'skiff-replace-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

test('a new file is private, and so is a directory made for it', () => {
  const file = join(dir, 'new', 'file');
  replaceFile(file, 'text');
  expect(readFileSync(file, 'utf8')).toBe('text');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(dir, 'new')).mode & 0o777).toBe(0o700);
});

test('the new text takes the place of the old file in one step', () => {
  const file = join(dir, 'file');
  writeFileSync(file, 'old');
  const before = statSync(file).ino;
  replaceFile(file, 'new');
  expect(readFileSync(file, 'utf8')).toBe('new');
  expect(statSync(file).ino).not.toBe(before);
});

test('a file with this text is left alone', () => {
  const file = join(dir, 'file');
  replaceFile(file, 'text');
  const before = statSync(file);
  replaceFile(file, 'text');
  expect(statSync(file).ino).toBe(before.ino);
});

test('what cannot be written leaves nothing behind', () => {
  const file = join(dir, 'taken');
  mkdirSync(join(file, 'inside'), { recursive: true });
  expect(() => replaceFile(file, 'text')).toThrow('EISDIR');
  expect(readdirSync(dir)).toEqual(['taken']);
});
