/** Patterns of strings, in RE2's syntax. https://kubernetes.io/docs/reference/kubernetes-api/definitions/json-schema-props-v1-apiextensions/ */
import { compileRegExp } from '../../../cel/regexp.ts';
import { CelError } from '../../../cel/values.ts';

export interface Pattern {
  test(text: string): boolean;
}

/** Compiles a pattern; a text says why it is none. */
export function compilePattern(pattern: string): Pattern | string {
  const linear = compileRegExp(pattern);
  if (linear instanceof CelError) return linear.message;
  const native = nativePattern(pattern);
  if (!native) return linear;
  return { test: (text) => (text.length <= native.longest ? native.regexp.test(text) : linear.test(text)) };
}

/**
 * What means the same to RE2 and to JavaScript: characters, classes and groups without `.`, `\s`, flags, alternatives.
 * Only what one may repeat is a single character or class.
 */
const SAME =
  /^\^(?:\((?:\?:)?(?!\?)|\)\??(?![*+{?])|(?:\[\^?(?:[A-Za-z0-9_./:@ ]|\\[dw.\-/]|(?<=\[\^?)-|-(?=\])|(?<=[A-Za-z0-9])-(?=[A-Za-z0-9]))+\]|[A-Za-z0-9_/:@ -]|\\[dw./])(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})?(?![*+{?]))*\$$/;
const UNBOUNDED = /[*+]|\{\d+,\}/g;

/**
 * JavaScript's engine is many times faster, but goes back and forth: for texts so short that this cannot matter, and
 * patterns that repeat without end at most twice.
 */
function nativePattern(pattern: string): { readonly regexp: RegExp; readonly longest: number } | undefined {
  if (pattern.length > 500 || !SAME.test(pattern)) return undefined;
  const endless = pattern.match(UNBOUNDED)?.length ?? 0;
  if (endless > 2) return undefined;
  try {
    return { regexp: new RegExp(pattern, 'u'), longest: endless === 2 ? 500 : 5000 };
  } catch {
    return undefined;
  }
}
