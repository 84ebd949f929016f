import { spawnSync } from 'node:child_process';
import { missingPackages } from '../../src/cluster/preflight.ts';

/** Why real containers cannot run here, in one line; undefined where they can. */
export function whyNoContainers(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  const missing = missingPackages();
  if (missing.length) return `missing packages: ${missing.join(', ')}`;
  if (spawnSync('/bin/busybox', ['true']).status !== 0) return 'missing package: busybox-static';
  return undefined;
}

/** The kubectl that tests run: the one of the variable KUBECTL, else the one on PATH. */
export const kubectlProgram = process.env.KUBECTL ?? 'kubectl';

/** Why there is no kubectl of 1.32 or newer; undefined where there is. */
export function whyNoKubectl(): string | undefined {
  const { status, stdout } = spawnSync(kubectlProgram, ['version', '--client', '--output=json'], { encoding: 'utf8' });
  if (status !== 0) return 'no kubectl';
  const minor = /"minor":\s*"(\d+)/.exec(stdout)?.[1];
  return Number(minor) >= 32 ? undefined : `kubectl 1.${minor} is older than 1.32`;
}
