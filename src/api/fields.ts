/**
 * Field selectors: "metadata.name=a,spec.nodeName!=b", with \\, \, and \= escaped in values.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
 */
import { SelectorError } from './labels.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Selects the objects whose fields fulfil every requirement; a field that an object does not have is "". */
export class FieldSelector {
  readonly requirements: readonly FieldRequirement[];

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements;
  }

  /** Whether it selects everything. */
  get everything(): boolean {
    return this.requirements.length === 0;
  }

  matches(fields: Readonly<Record<string, string>>): boolean {
    for (const { field, operator, value } of this.requirements) {
      const actual = Object.hasOwn(fields, field) ? fields[field] : '';
      if ((actual === value) !== (operator === '=')) return false;
    }
    return true;
  }

  /** The value that a field must have, where a requirement says so. */
  exact(field: string): string | undefined {
    return this.requirements.find((r) => r.field === field && r.operator === '=')?.value;
  }

  toString(): string {
    return this.requirements.map(({ field, operator, value }) => `${field}${operator}${escapeValue(value)}`).join(',');
  }
}

export const everyField = new FieldSelector([]);

const escapeValue = (value: string) => value.replace(/[\\,=]/g, '\\$&');

/** Reads the text form; whether the fields exist is for the resource to say. Throws SelectorError. */
export function parseFieldSelector(text: string): FieldSelector {
  const terms = (text.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? []).sort();
  const read = terms.map((term): FieldRequirement => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw new SelectorError(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    return { field, operator: operator === '!=' ? '!=' : '=', value: unescapeValue(value) };
  });
  // A term that names nothing and wants nothing is no requirement.
  const requirements = read.filter(({ field, value }) => field !== '' || value !== '');
  return requirements.length ? new FieldSelector(requirements) : everyField;
}

function unescapeValue(value: string): string {
  return value.replace(/\\[\s\S]?|[,=]/g, (found) => {
    if (found === ',' || found === '=') {
      throw new SelectorError(`invalid field selector: unescaped character in value: ${found.codePointAt(0) ?? 0}`);
    }
    const escaped = found.slice(1);
    if (escaped === '\\' || escaped === ',' || escaped === '=') return escaped;
    throw new SelectorError(`invalid field selector: invalid escape sequence: ${found}`);
  });
}
