import type { Container, PodSpec, PodTemplateSpec } from '../../../api/core/v1.gen.ts';
import { Path } from '../../../schema/field-error.ts';
import { quantityMilliValue } from '../../../schema/quantity.ts';
import { quote } from '../../../schema/quote.ts';

/** Labels of nodes that have other names now, and since when. */
const oldLabels: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** What is allowed in a pod's spec but hardly meant; kubectl shows it to whoever wrote it. */
export function podSpecWarnings(spec: PodSpec | undefined, path: Path): readonly string[] {
  if (!spec) return [];
  const found: string[] = [];
  for (const label of Object.keys(spec.nodeSelector ?? {})) {
    if (oldLabels[label]) found.push(`${path.child('nodeSelector').key(label)}: ${oldLabels[label]}`);
  }
  for (const [i, { name }] of (spec.imagePullSecrets ?? []).entries()) {
    if (!name) found.push(`${path.child('imagePullSecrets').index(i)}: invalid empty name ""`);
  }
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    if (!volume.gitRepo) continue;
    const at = path.child('volumes').index(i).child('gitRepo');
    found.push(`${at}: deprecated in v1.11, and disabled by default in v1.33+`);
  }
  const ips = new Set<string>();
  for (const [i, { ip }] of (spec.hostAliases ?? []).entries()) {
    if (ips.has(ip)) found.push(`${path.child('hostAliases').index(i).child('ip')}: duplicate ip ${quote(ip)}`);
    ips.add(ip);
  }
  for (const kind of ['initContainers', 'containers'] as const) {
    for (const [i, container] of (spec[kind] ?? []).entries()) {
      containerWarnings(container, path.child(kind).index(i), found);
    }
  }
  return found;
}

export const podTemplateWarnings = (template: PodTemplateSpec | undefined): readonly string[] =>
  podSpecWarnings(template?.spec, TEMPLATE_SPEC);

const TEMPLATE_SPEC = Path.of('spec', 'template', 'spec');

function containerWarnings(container: Container, path: Path, found: string[]): void {
  for (const list of ['limits', 'requests'] as const) {
    for (const name of ['memory', 'ephemeral-storage']) {
      const amount = container.resources?.[list]?.[name];
      if (amount === undefined || quantityMilliValue(amount) % 1000n === 0n) continue;
      const at = path.child('resources', list).key(name);
      found.push(`${at}: fractional byte value ${quote(amount)} is invalid, must be an integer`);
    }
  }
  const names = new Set<string>();
  for (const [i, { name }] of (container.env ?? []).entries()) {
    if (names.has(name)) {
      const at = path.child('env').index(i);
      found.push(`${at}: hides previous definition of ${quote(name)}, which may be dropped when using apply`);
    }
    names.add(name);
  }
  const ports = new Map<string, Path>();
  for (const [i, { containerPort, protocol, hostPort = 0, hostIP = '' }] of (container.ports ?? []).entries()) {
    const at = path.child('ports').index(i);
    const key = `${containerPort}/${protocol}/${hostPort}/${hostIP}`;
    const first = ports.get(key);
    if (first) found.push(`${at}: duplicate port definition with ${first}`);
    else ports.set(key, at);
  }
}
