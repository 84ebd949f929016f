import type { Service } from '../../api/core/v1.gen.ts';

/**
 * The services that a pod sees in its environment: those of its namespace if it wants them, and "kubernetes" of the
 * namespace "default" always (a service of that name in its own namespace comes first).
 */
export function visibleServices(services: readonly Service[], namespace: string, links: boolean): Service[] {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    const { name, namespace: of } = service.metadata;
    const ip = service.spec?.clusterIP;
    if (!ip || ip === 'None') continue;
    if (of === namespace && links) chosen.set(name, service);
    else if (of === 'default' && name === 'kubernetes' && !chosen.has(name)) chosen.set(name, service);
  }
  return [...chosen.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/**
 * `{NAME}_SERVICE_HOST`, `{NAME}_SERVICE_PORT` and the variables of Docker's links.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
export function serviceVariables(services: readonly Service[]): Map<string, string> {
  const out = new Map<string, string>();
  for (const service of services) {
    const prefix = variableName(service.metadata.name);
    const ip = service.spec?.clusterIP ?? '';
    const ports = service.spec?.ports ?? [];
    out.set(`${prefix}_SERVICE_HOST`, ip);
    if (ports[0]) out.set(`${prefix}_SERVICE_PORT`, String(ports[0].port));
    for (const port of ports) {
      if (port.name) out.set(`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port));
    }
    for (const [i, { port, protocol = 'TCP' }] of ports.entries()) {
      const proto = protocol.toLowerCase();
      const url = `${proto}://${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
      if (i === 0) out.set(`${prefix}_PORT`, url);
      const one = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
      out.set(one, url);
      out.set(`${one}_PROTO`, proto);
      out.set(`${one}_PORT`, String(port));
      out.set(`${one}_ADDR`, ip);
    }
  }
  return out;
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');
