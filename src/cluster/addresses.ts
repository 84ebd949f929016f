import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** The IPv4 addresses of this machine that others could use, by interface; loopback and Skiff's own left out. */
function candidates(): { name: string; address: string }[] {
  const found: { name: string; address: string }[] = [];
  for (const [name, list] of Object.entries(networkInterfaces())) {
    if (name.startsWith('skiff') || name.startsWith('veth') || name.startsWith('docker')) continue;
    for (const a of list ?? []) if (a.family === 'IPv4' && !a.internal) found.push({ name, address: a.address });
  }
  return found;
}

/** The interface of the default route, from /proc/net/route (destination and mask 0). */
function defaultInterface(): string | undefined {
  try {
    for (const line of readFileSync('/proc/net/route', 'utf8').split('\n').slice(1)) {
      const [name, destination, , , , , , mask] = line.split('\t');
      if (destination === '00000000' && mask === '00000000') return name;
    }
  } catch {
    // Not Linux.
  }
  return undefined;
}

/** The address that stands for this machine: on the default route's interface, else the first there is, else loopback. */
export function primaryAddress(): string {
  const all = candidates();
  const name = defaultInterface();
  return (all.find((c) => c.name === name) ?? all[0])?.address ?? '127.0.0.1';
}
