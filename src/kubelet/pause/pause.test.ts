import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packPauseImage } from './image.ts';
import { pauseProgram } from './program.ts';

const runs = process.platform === 'linux' && process.arch === 'x64';

/** Resolves once the process waits in rt_sigtimedwait: until it has blocked the signals it would die of them. */
async function waiting(pid: number | undefined): Promise<void> {
  while (!readFileSync(`/proc/${pid}/syscall`, 'utf8').startsWith('128 ')) await new Promise((r) => setTimeout(r, 5));
}

describe('the pause program', () => {
  it('jumps only to the beginnings of instructions (amd64)', () => {
    const code = pauseProgram('amd64').subarray(120);
    const target = (at: number) => at + 2 + code.readInt8(at + 1);
    const find = (opcode: number, from = 0) => code.indexOf(opcode, from);
    const wait = code.indexOf(Buffer.from([0x48, 0x89, 0xe7]));
    const reap = code.indexOf(Buffer.from([0x48, 0x83, 0xcf]));
    const end = code.length - 9;
    const first = find(0x74, wait);
    expect(target(first)).toBe(end);
    expect(target(find(0x74, first + 2))).toBe(end);
    expect(target(find(0x7f, reap))).toBe(reap);
    expect(target(find(0xeb, reap))).toBe(wait);
  });

  it('is the recorded code on arm64', () => {
    const code = pauseProgram('arm64').subarray(120);
    const words = Array.from({ length: code.length / 4 }, (_, i) => code.readUInt32LE(i * 4).toString(16));
    expect(words.slice(0, 9)).toEqual([
      'd2880049',
      'f2a00029',
      'f81f0fe9',
      'd2800000',
      '910003e1',
      'd2800002',
      'd2800103',
      'd28010e8',
      'd4000001',
    ]);
    expect(words.slice(15, 19)).toEqual(['7100081f', '54000180', '71003c1f', '54000140']);
    expect(words.slice(26, 28)).toEqual(['54ffff2c', '17ffffee']);
  });

  it.skipIf(!runs).each(['SIGTERM', 'SIGINT'] as const)('outlives SIGCHLD and ends with 0 on %s', async (signal) => {
    const dir = mkdtempSync(join(tmpdir(), 'skiff-pause-'));
    try {
      const file = join(dir, 'pause');
      writeFileSync(file, pauseProgram('amd64'), { mode: 0o755 });
      const child = spawn(file, { stdio: 'ignore' });
      const exit = once(child, 'exit');
      await once(child, 'spawn');
      await waiting(child.pid);
      child.kill('SIGCHLD');
      child.kill(signal);
      expect(await exit).toEqual([0, null]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it.skipIf(!runs)('reaps the children that it inherits', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'skiff-pause-'));
    try {
      const file = join(dir, 'pause');
      writeFileSync(file, pauseProgram('amd64'), { mode: 0o755 });
      // The shell starts a child that ends on our word, then becomes pause, which so has a child it never started.
      const child = spawn('/bin/sh', ['-c', 'exec 3<&0; (read x <&3) & exec "$0" </dev/null', file], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      const exit = once(child, 'exit');
      const children = () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
      await waiting(child.pid);
      expect(children()).not.toBe('');
      child.stdin.end('\n');
      while (children() !== '') await new Promise((r) => setTimeout(r, 5));
      child.kill('SIGTERM');
      expect(await exit).toEqual([0, null]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('packs the same image every time', () => {
    expect(packPauseImage('amd64').equals(packPauseImage('amd64'))).toBe(true);
    expect(packPauseImage('amd64').equals(packPauseImage('arm64'))).toBe(false);
  });
});
