import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../../api/names.ts';
import { aggregate, type FieldError, fieldErrors, Path } from '../../../schema/field-error.ts';
import { configKind } from '../../config-file/kinds.ts';
import type { PluginConfigurations } from '../configuration.ts';
import { isLevel, levelProblem, type Mode, modes, type Policy, parseVersion, versionProblem } from './policy.ts';

const name = 'PodSecurity';

/** What the plugin does for namespaces without labels, and whom it leaves alone. */
export interface PodSecuritySettings {
  readonly defaults: Policy;
  readonly exempt: {
    readonly usernames: ReadonlySet<string>;
    readonly namespaces: ReadonlySet<string>;
    readonly runtimeClasses: ReadonlySet<string>;
  };
}

type Defaults = Readonly<Partial<Record<Mode | `${Mode}-version`, string>>>;
interface Exemptions {
  readonly usernames?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly runtimeClasses?: readonly string[];
}

const text = { type: 'string' } as const;
const texts = { list: 'string' } as const;
const types = {
  PodSecurityConfiguration: {
    defaults: { type: 'PodSecurityDefaults' },
    exemptions: { type: 'PodSecurityExemptions' },
  },
  PodSecurityDefaults: Object.fromEntries(
    modes.flatMap((mode) => [
      [mode, text],
      [`${mode}-version`, text],
    ]),
  ),
  PodSecurityExemptions: { usernames: texts, namespaces: texts, runtimeClasses: texts },
};

const kind = configKind<{ readonly defaults?: Defaults; readonly exemptions?: Exemptions }>(
  'PodSecurityConfiguration',
  {
    'pod-security.admission.config.k8s.io/v1': types,
    'pod-security.admission.config.k8s.io/v1beta1': types,
    'pod-security.admission.config.k8s.io/v1alpha1': types,
  },
);

/** The plugin's part of the admission configuration. Throws a ConfigurationError. */
export function readPodSecuritySettings(configurations: PluginConfigurations): PodSecuritySettings {
  const { defaults = {}, exemptions = {} } = configurations.of(name, kind) ?? {};
  const found: FieldError[] = [];
  const levelVersion = (mode: Mode) => {
    const path = Path.of('defaults');
    const [level, version] = [defaults[mode] || 'privileged', defaults[`${mode}-version`] || 'latest'];
    const parsed = parseVersion(version);
    if (!isLevel(level)) found.push(fieldErrors.invalid(path.child(mode), level, levelProblem));
    if (parsed === undefined) found.push(fieldErrors.invalid(path.child(`${mode}-version`), version, versionProblem));
    return { level: isLevel(level) ? level : 'restricted', version: parsed ?? 'latest' } as const;
  };
  const [enforce, warn, audit] = [levelVersion('enforce'), levelVersion('warn'), levelVersion('audit')];
  const names = (list: readonly string[] = [], field: string, problems: (name: string) => readonly string[]) => {
    const seen = new Set<string>();
    list.forEach((one, i) => {
      const path = Path.of('exemptions', field).index(i);
      const wrong = problems(one);
      if (wrong.length > 0) found.push(fieldErrors.invalid(path, one, wrong.join(', ')));
      else if (seen.has(one)) found.push(fieldErrors.duplicate(path, one));
      else seen.add(one);
    });
    return seen;
  };
  const namespaces = names(exemptions.namespaces, 'namespaces', (one) => dns1123LabelProblems(one));
  const runtimeClasses = names(exemptions.runtimeClasses, 'runtimeClasses', (one) => dns1123SubdomainProblems(one));
  const usernames = names(exemptions.usernames, 'usernames', (one) => (one ? [] : ['username must not be empty']));
  if (found.length > 0) throw configurations.refuse(name, aggregate(found));
  return { defaults: { enforce, audit, warn }, exempt: { usernames, namespaces, runtimeClasses } };
}
