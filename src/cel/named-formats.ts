/** format.dns1123Label().validate(name): https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-format-library */
import {
  dns1035LabelProblems,
  dns1123LabelProblems,
  dns1123SubdomainProblems,
  labelValueProblems,
  qualifiedNameProblems,
} from '../api/names.ts';
import { declare } from './declare.ts';
import type { FunctionDeclaration } from './environment.ts';
import { uriProblem } from './network.ts';
import { type CelType, structType } from './types.ts';
import { ArrayList, CelObject, CelOptional } from './values.ts';

export const FORMAT_TYPE = structType('kubernetes.NamedFormat');

class NamedFormat extends CelObject {
  readonly name: string;
  readonly problems: (text: string) => readonly string[];
  /** What the cost of validation counts with. */
  readonly regexSize: number;
  constructor(name: string, regexSize: number, problems: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.problems = problems;
    this.regexSize = regexSize;
  }
  override get type(): CelType {
    return FORMAT_TYPE;
  }
  override equals(other: CelObject): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

export const maxFormatRegexSize = (value: CelObject): number => (value instanceof NamedFormat ? value.regexSize : 0);

/** A generated name gets letters after its last dash. */
const prefix = (problems: (text: string) => readonly string[]) => (text: string) =>
  problems(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text);

const pattern = (test: RegExp, problem: string) => (text: string) => (test.test(text) ? [] : [problem]);

const uuid = /^(?:[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const datetime =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$/;

function dateProblems(text: string): string[] {
  const valid = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) && !Number.isNaN(Date.parse(text));
  return valid && new Date(text).toISOString().startsWith(text) ? [] : ['invalid date'];
}

const formats: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: new NamedFormat('DNS1123Label', 30, dns1123LabelProblems),
  dns1123Subdomain: new NamedFormat('DNS1123Subdomain', 60, dns1123SubdomainProblems),
  dns1035Label: new NamedFormat('DNS1035Label', 30, dns1035LabelProblems),
  qualifiedName: new NamedFormat('QualifiedName', 60, qualifiedNameProblems),
  dns1123LabelPrefix: new NamedFormat('DNS1123LabelPrefix', 30, prefix(dns1123LabelProblems)),
  dns1123SubdomainPrefix: new NamedFormat('DNS1123SubdomainPrefix', 60, prefix(dns1123SubdomainProblems)),
  dns1035LabelPrefix: new NamedFormat('DNS1035LabelPrefix', 30, prefix(dns1035LabelProblems)),
  labelValue: new NamedFormat('LabelValue', 40, labelValueProblems),
  uri: new NamedFormat('URI', 1103, (text) => {
    const problem = uriProblem(text);
    return problem === undefined ? [] : [problem];
  }),
  uuid: new NamedFormat('uuid', 72, pattern(uuid, 'does not match the UUID format')),
  byte: new NamedFormat('byte', 84, pattern(base64, 'invalid base64')),
  date: new NamedFormat('date', 72, dateProblems),
  datetime: new NamedFormat('datetime', 72, pattern(datetime, 'invalid datetime')),
};

export const formatFunctions: readonly FunctionDeclaration[] = [
  ...Object.entries(formats).map(([name, format]) =>
    declare(`format.${name}`, { [`format.${name} () kubernetes.NamedFormat`]: () => format }),
  ),
  declare('format.named', {
    'format-named (string) optional(kubernetes.NamedFormat)': (name: string) => {
      const format = Object.hasOwn(formats, name) ? formats[name] : undefined;
      return format ? new CelOptional(format) : CelOptional.none;
    },
  }),
  declare('validate', {
    'format-validate kubernetes.NamedFormat.(string) optional(list(string))': (format: NamedFormat, text: string) => {
      const problems = format.problems(text);
      return problems.length === 0 ? CelOptional.none : new CelOptional(new ArrayList(problems));
    },
  }),
];
