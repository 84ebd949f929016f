/** What is checked of an expression after its types: literals that could only fail, and literals of mixed types. */
import { type CallExpr, children, type Expr } from './ast.ts';
import type { CheckedAst } from './checker.ts';
import { checkFormatCall } from './format-string.ts';
import type { Issue } from './issues.ts';
import { compileRegExp } from './regexp.ts';
import { toDuration, toTimestamp } from './time.ts';
import { type CelType, formatType, sameType, unwrapOptional } from './types.ts';
import { CelError, type Value } from './values.ts';

const literalChecks: Readonly<Record<string, (value: Value) => boolean>> = {
  duration: (value) => !(toDuration(value) instanceof CelError),
  timestamp: (value) => !(toTimestamp(value) instanceof CelError),
  matches: (value) => typeof value !== 'string' || !(compileRegExp(value) instanceof CelError),
};

export function validate(ast: CheckedAst): Issue[] {
  const issues: Issue[] = [];
  const found = (expr: { id: number }, message: string) => issues.push({ message, offset: ast.offsets[expr.id] });
  const calls: CallExpr[] = [];
  const literals: Expr[] = [];
  const visit = (expr: Expr, inFormat: boolean): void => {
    if (expr.kind === 'call') calls.push(expr);
    if ((expr.kind === 'list' || expr.kind === 'map') && !inFormat) literals.push(expr);
    const below = inFormat || (expr.kind === 'call' && expr.function === 'format');
    for (const child of children(expr)) visit(child, below);
  };
  visit(ast.expr, false);
  for (const name of ['duration', 'timestamp', 'matches']) {
    for (const call of calls) {
      const arg = call.args[0];
      if (call.function !== name || arg?.kind !== 'literal') continue;
      if (!literalChecks[name]?.(arg.value)) found(arg, `invalid ${name} argument`);
    }
  }
  const type = (expr: Expr, optional: boolean): CelType | undefined => {
    const known = ast.types.get(expr.id);
    return (optional && known && unwrapOptional(known)) || known;
  };
  const mismatch = (expr: Expr, expected: CelType, actual: CelType) =>
    found(expr, `expected type '${formatType(expected)}' but found '${formatType(actual)}'`);
  for (const expr of literals) {
    if (expr.kind !== 'list') continue;
    const types = expr.elements.map((element, i) => type(element, expr.optionals.includes(i)));
    const odd = types.findIndex((t) => t && types[0] && !sameType(t, types[0]));
    if (odd > 0) mismatch(expr.elements[odd] as Expr, types[0] as CelType, types[odd] as CelType);
  }
  for (const expr of literals) {
    if (expr.kind !== 'map') continue;
    const [first] = expr.entries;
    const key = first && type(first.key, false);
    const value = first && type(first.value, first.optional);
    for (const entry of expr.entries.slice(1)) {
      const [k, v] = [type(entry.key, false), type(entry.value, entry.optional)];
      if (key && k && !sameType(key, k)) mismatch(entry.key, key, k);
      if (value && v && !sameType(value, v)) mismatch(entry.value, value, v);
    }
  }
  for (const call of calls) {
    const wrong = checkFormatCall(call, ast.types);
    if (wrong) found(wrong, wrong.message);
  }
  return issues;
}
