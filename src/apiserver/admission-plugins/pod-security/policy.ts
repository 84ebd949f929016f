import { type FieldError, fieldErrors, Path } from '../../../schema/field-error.ts';
import type { Level, LevelVersion, Version } from './levels.ts';

export const labelPrefix = 'pod-security.kubernetes.io/';
export const modes = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof modes)[number];

/** What a namespace holds its pods to. */
export type Policy = Readonly<Record<Mode, LevelVersion>>;

/** From the weakest to the strictest. */
export const levels: readonly Level[] = ['privileged', 'baseline', 'restricted'];

export const isLevel = (text: string): text is Level => levels.some((level) => level === text);
export const levelProblem = `must be one of ${levels.join(', ')}`;
export const versionProblem = 'must be "latest" or "v1.x"';

export function parseVersion(text: string): Version | undefined {
  if (text === 'latest') return text;
  const minor = /^v1\.([0-9]|[1-9][0-9]*)$/.exec(text)?.[1];
  return minor === undefined || Number(minor) > Number.MAX_SAFE_INTEGER ? undefined : Number(minor);
}

/** "restricted:v1.30" */
export const describe = ({ level, version }: LevelVersion): string =>
  `${level}:${version === 'latest' ? version : `v1.${version}`}`;

export const isFullyPrivileged = (policy: Policy): boolean =>
  modes.every((mode) => policy[mode].level === 'privileged');

const equivalent = (a: LevelVersion, b: LevelVersion): boolean =>
  (a.level === 'privileged' && b.level === 'privileged') || (a.level === b.level && a.version === b.version);

export const samePolicy = (a: Policy, b: Policy): boolean => modes.every((mode) => equivalent(a[mode], b[mode]));

/** Which level is stricter: positive where it is the first. */
export const compareLevels = (a: Level, b: Level): number => levels.indexOf(a) - levels.indexOf(b);

/**
 * The policy of a namespace with these labels. Labels that make no sense are held against the strictest where they
 * enforce, and for nothing where they only tell. A namespace that enforces warns of the same, unless it says otherwise.
 */
export function policyOf(
  labels: Readonly<Record<string, string>> | undefined,
  defaults: Policy,
): { readonly policy: Policy; readonly problems: readonly FieldError[] } {
  const problems: FieldError[] = [];
  const label = (name: string) =>
    labels && Object.hasOwn(labels, labelPrefix + name) ? labels[labelPrefix + name] : undefined;
  const complain = (name: string, value: string, why: string) =>
    problems.push(fieldErrors.invalid(Path.of('metadata', 'labels').key(labelPrefix + name), value, why));
  const read = (mode: Mode): LevelVersion => {
    let { level, version } = defaults[mode];
    const [levelText, versionText] = [label(mode), label(`${mode}-version`)];
    if (levelText !== undefined) {
      if (isLevel(levelText)) level = levelText;
      else {
        complain(mode, levelText, levelProblem);
        level = mode === 'enforce' ? 'restricted' : 'privileged';
      }
    }
    if (versionText !== undefined) {
      const parsed = parseVersion(versionText);
      if (parsed === undefined) complain(`${mode}-version`, versionText, versionProblem);
      version = parsed ?? 'latest';
    }
    return { level, version };
  };
  const enforce = read('enforce');
  const audit = read('audit');
  let warn = read('warn');
  const enforced = isLevel(label('enforce') ?? '');
  if (label('warn') === undefined && enforced && compareLevels(enforce.level, warn.level) > 0) {
    warn = { level: enforce.level, version: label('warn-version') === undefined ? enforce.version : warn.version };
  }
  return { policy: { enforce, audit, warn }, problems };
}
