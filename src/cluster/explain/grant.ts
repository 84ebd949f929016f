import { stringify } from 'yaml';

/** What an authorizer was asked and refused. */
export interface Asked {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Of what is no resource. */
  readonly path: string;
}

/** The least that would have allowed a request: RBAC objects, and the commands that make the same. */
export interface Grant {
  readonly commands: readonly string[];
  readonly yaml: string;
}

/** These are asked for without a name, so that a rule with names never fits. */
const nameless: ReadonlySet<string> = new Set(['create', 'list', 'watch', 'deletecollection']);

const accountPrefix = 'system:serviceaccount:';

/** One role with one rule, bound to the user who asked. https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export function leastGrant(asked: Asked): Grant {
  const { verb, group, resource, subresource, namespace, name, path, user } = asked;
  const combined = subresource === '' ? resource : `${resource}/${subresource}`;
  const named = name !== '' && !nameless.has(verb);
  const cluster = resource === '' || namespace === '';
  const rule =
    resource === ''
      ? { nonResourceURLs: [path], verbs: [verb] }
      : { apiGroups: [group], resources: [combined], ...(named && { resourceNames: [name] }), verbs: [verb] };
  const kind = cluster ? 'ClusterRole' : 'Role';
  const called = objectName(`${user.split(':').at(-1)}-${verb}-${resource || path}-${subresource}`);
  const subject = subjectOf(user);
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const metadata = cluster ? { name: called } : { name: called, namespace };
  const objects = [
    { apiVersion, kind, metadata, rules: [rule] },
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: called },
      subjects: [subject],
    },
  ];
  const where = cluster ? '' : ` --namespace=${shell(namespace)}`;
  const what =
    resource === ''
      ? `--non-resource-url=${shell(path)}`
      : `--resource=${shell(kubectlResource(group, resource, subresource))}${named ? ` --resource-name=${shell(name)}` : ''}`;
  const to =
    subject.kind === 'ServiceAccount'
      ? `--serviceaccount=${shell(`${subject.namespace}:${subject.name}`)}`
      : `--user=${shell(user)}`;
  const word = kind.toLowerCase();
  return {
    commands: [
      `kubectl create ${word} ${called}${where} --verb=${verb} ${what}`,
      `kubectl create ${word}binding ${called}${where} --${word}=${called} ${to}`,
    ],
    yaml: objects.map((object) => stringify(object)).join('---\n'),
  };
}

/** As kubectl's --resource has it: "deployments.apps/scale". */
function kubectlResource(group: string, resource: string, subresource: string): string {
  const full = group === '' ? resource : `${resource}.${group}`;
  return subresource === '' ? full : `${full}/${subresource}`;
}

function subjectOf(user: string) {
  if (user.startsWith(accountPrefix)) {
    const [namespace = '', name = ''] = user.slice(accountPrefix.length).split(':');
    return { kind: 'ServiceAccount', namespace, name } as const;
  }
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user } as const;
}

/** A name that objects may have, made of words that come from anybody. */
function objectName(words: string): string {
  const name = words
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63)
    .replace(/-+$/, '');
  return name === '' ? 'allowed' : name;
}

/** One word of a shell's command line, whatever is in it. */
export const shell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
