import { isIP } from 'node:net';
import { dns1035LabelProblems, dns1123LabelProblems, dns1123SubdomainProblems } from '../../api/names.ts';
import type { ServedResource } from '../core.ts';

/**
 * What is wrong with a name; empty when nothing is. With `prefix` it is a generateName, which may end in a dash.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */
export type NameRule = (name: string, prefix: boolean) => readonly string[];

/** Whatever can be one step of a path. */
export const pathSegment: NameRule = (name, prefix) => {
  if (!prefix && (name === '.' || name === '..')) return [`may not be '${name}'`];
  return ['/', '%'].filter((illegal) => name.includes(illegal)).map((illegal) => `may not contain '${illegal}'`);
};

const masked = (name: string, prefix: boolean): string =>
  prefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;

const subdomainName: NameRule = (name, prefix) => dns1123SubdomainProblems(masked(name, prefix));
const declaredSubdomainName: NameRule = (name, prefix) => dns1123SubdomainProblems(masked(name, prefix), 'bytes');
const labelName: NameRule = (name, prefix) => dns1123LabelProblems(masked(name, prefix));
const label1035Name: NameRule = (name, prefix) => dns1035LabelProblems(masked(name, prefix));

/** Kinds whose rule is declared with the name have none for what names are made of. */
const whole =
  (rule: NameRule): NameRule =>
  (name, prefix) =>
    prefix ? [] : rule(name, prefix);

const NO_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** Kinds whose names follow another rule than that of DNS subdomains. */
const rules: Readonly<Record<string, NameRule>> = {
  namespaces: labelName,
  services: label1035Name,
  replicationcontrollers: whole(declaredSubdomainName),
  'deviceclasses.resource.k8s.io': whole(subdomainName),
  'roles.rbac.authorization.k8s.io': pathSegment,
  'rolebindings.rbac.authorization.k8s.io': pathSegment,
  'clusterroles.rbac.authorization.k8s.io': pathSegment,
  'clusterrolebindings.rbac.authorization.k8s.io': pathSegment,
  'apiservices.apiregistration.k8s.io': pathSegment,
  'certificatesigningrequests.certificates.k8s.io': pathSegment,
  'poddisruptionbudgets.policy': pathSegment,
  'events.events.k8s.io': (name, prefix) => (prefix ? subdomainName : pathSegment)(name, prefix),
  events: pathSegment,
  'statefulsets.apps': labelName,
  // Addresses; the kind's own rules look at them.
  'ipaddresses.networking.k8s.io': (name, prefix) => (prefix && !isIP(name) ? [NO_ADDRESS] : []),
};

export function nameRuleOf(resource: ServedResource): NameRule {
  const { group, data } = resource;
  return rules[group === '' ? data.resource : `${data.resource}.${group}`] ?? subdomainName;
}

export const namespaceName = labelName;

/** Letters that cannot spell words by accident. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX = 5;
const LONGEST = 63;

/** A name from a generateName: cut to leave room, and five random characters. `random` gives numbers in [0, 1). */
export function generateName(base: string, random: () => number): string {
  let name = base.length > LONGEST - SUFFIX ? base.slice(0, LONGEST - SUFFIX) : base;
  for (let i = 0; i < SUFFIX; i++) name += ALPHABET[Math.floor(random() * ALPHABET.length)];
  return name;
}
