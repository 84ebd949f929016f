import { formatFloat } from './go-number.ts';
import { quote } from './quote.ts';

/** Where in an object a complaint points: `spec.containers[0].image`. Extended step by step, rendered only on demand. */
export class Path {
  readonly #parent: Path | undefined;
  /** A name; the number of an element, or the key of one. */
  readonly #step: string | number;
  readonly #isKey: boolean;

  private constructor(parent: Path | undefined, step: string | number, isKey: boolean) {
    this.#parent = parent;
    this.#step = step;
    this.#isKey = isKey;
  }

  /** The object itself. */
  static readonly root = new Path(undefined, '', false);

  static of(name: string, ...others: readonly string[]): Path {
    return Path.root.child(name, ...others);
  }

  child(name: string, ...others: readonly string[]): Path {
    let path = new Path(this, name, false);
    for (let i = 0; i < others.length; i++) path = new Path(path, others[i] ?? '', false);
    return path;
  }

  index(i: number): Path {
    return new Path(this, i, true);
  }

  key(k: string): Path {
    return new Path(this, k, true);
  }

  toString(): string {
    if (!this.#parent) return '';
    const before = this.#parent.toString();
    if (this.#isKey) return `${before}[${this.#step}]`;
    return this.#parent.#parent ? `${before}.${this.#step}` : String(this.#step);
  }
}

/** field.ErrorType of apimachinery: the reason that a Status cause carries, and the words that start its message. */
const words = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooShort: 'Too short',
  FieldValueTooMany: 'Too many',
  FieldValueTooFew: 'Too few',
  FieldValueTypeInvalid: 'Invalid value',
  InternalError: 'Internal error',
} as const;
export type FieldErrorType = keyof typeof words;

const valueless: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueRequired',
  'FieldValueForbidden',
  'FieldValueTooLong',
  'FieldValueTooShort',
  'InternalError',
]);

/** One complaint about one field. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** Path as text; "" or "<nil>" where the complaint is about the whole object. */
  readonly field: string;
  /** What follows the field in messages: `Invalid value: "x": must be ...`. */
  readonly body: string;
}

function make(type: FieldErrorType, path: Path, value: unknown, detail: string): FieldError {
  let body: string = words[type];
  if (!valueless.has(type) && value !== omitValue) body += `: ${render(value)}`;
  if (detail) body += `: ${detail}`;
  return { type, field: path.toString() || '<nil>', body };
}

/** Pass as a value that must not be shown. */
const omitValue: unique symbol = Symbol('omit');

function render(value: unknown): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' && !Number.isInteger(value)) return formatFloat(value);
  const text = JSON.stringify(value) ?? 'null';
  return /[<>&]/.test(text) ? text.replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`) : text;
}

/** Constructors, named as in k8s.io/apimachinery/pkg/util/validation/field. */
export const fieldErrors = {
  notFound: (path: Path, value: unknown) => make('FieldValueNotFound', path, value, ''),
  required: (path: Path, detail = '') => make('FieldValueRequired', path, omitValue, detail),
  /** Without the value, which would be long. */
  bare: (type: FieldErrorType, path: Path, detail = '') => make(type, path, omitValue, detail),
  duplicate: (path: Path, value: unknown) => make('FieldValueDuplicate', path, value, ''),
  invalid: (path: Path, value: unknown, detail: string) => make('FieldValueInvalid', path, value, detail),
  typeInvalid: (path: Path, value: unknown, detail: string) => make('FieldValueTypeInvalid', path, value, detail),
  notSupported: (path: Path, value: unknown, valid: readonly string[]) =>
    make('FieldValueNotSupported', path, value, valid.length ? `supported values: ${valid.map(quote).join(', ')}` : ''),
  forbidden: (path: Path, detail: string) => make('FieldValueForbidden', path, omitValue, detail),
  /** `max` < 0: no number is named. Lengths are in bytes. */
  tooLong: (path: Path, max: number) =>
    make(
      'FieldValueTooLong',
      path,
      omitValue,
      max < 0 ? 'value is too long' : `may not be more than ${max} ${max === 1 ? 'byte' : 'bytes'}`,
    ),
  tooMany: (path: Path, actual: number, max: number) => {
    const detail = max < 0 ? 'has too many items' : `must have at most ${max} ${max === 1 ? 'item' : 'items'}`;
    return make('FieldValueTooMany', path, actual < 0 ? omitValue : actual, detail);
  },
  internal: (path: Path, detail: string) => make('InternalError', path, omitValue, detail),
};

/** The message of several field errors, as aggregated errors print: one bare, several in brackets, each once. */
export function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map((e) => `${e.field}: ${e.body}`))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}
