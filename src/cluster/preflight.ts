import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { findProgram } from '../utils/find-program.ts';

/** Something `skiff up` needs and does not find, in words for the person who typed it. */
export class PreflightError extends Error {
  override name = 'PreflightError';
}

const tools: readonly (readonly [command: string, debianPackage: string])[] = [
  ['containerd', 'containerd'],
  ['ctr', 'containerd'],
  ['runc', 'runc'],
  ['nft', 'nftables'],
  ['ip', 'iproute2'],
  ['flock', 'util-linux'],
];

/** Where Debian and the CNI project put the plugins. */
const cniBinDirs = ['/usr/lib/cni', '/opt/cni/bin'];

export function findCniBinDir(): string | undefined {
  return cniBinDirs.find((dir) => ['ptp', 'host-local', 'portmap'].every((plugin) => existsSync(join(dir, plugin))));
}

/** Debian packages that a node with real containers lacks here. */
export function missingPackages(): string[] {
  const missing = new Set<string>();
  for (const [command, debianPackage] of tools) if (!findProgram(command)) missing.add(debianPackage);
  if (!findCniBinDir()) missing.add('containernetworking-plugins');
  return [...missing];
}

/** Throws where this machine or this user cannot run containers. */
export function checkNode(): void {
  const works =
    'The control plane and simulated nodes work here without: "skiff server" and, beside it, "skiff simulate".';
  if (process.platform !== 'linux')
    throw new PreflightError(`Containers need Linux, this is ${process.platform}. ${works}`);
  if (process.getuid?.() !== 0)
    throw new PreflightError(`Running containers needs root: try again with sudo. ${works}`);
  const missing = missingPackages();
  if (missing.length) {
    throw new PreflightError(
      `Missing for running containers: ${missing.join(', ')}. On Debian: apt-get install ${missing.join(' ')}. ${works}`,
    );
  }
}

/** Throws where something else listens on the port. */
export async function checkPort(port: number, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new PreflightError(
          error.code === 'EADDRINUSE'
            ? `Port ${port} on ${address} is taken by another program. Stop it, or choose another port: skiff up --secure-port PORT.`
            : `Port ${port} on ${address} cannot be used: ${error.message}.`,
        ),
      );
    });
    probe.listen({ port, host: address, exclusive: true }, () => probe.close(() => resolve()));
  });
}
