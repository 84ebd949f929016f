/** What is wrong with an expression before it ever runs, and where; in cel-go's words and drawing. */

export interface Issue {
  readonly message: string;
  /** In UTF-16 units from the start of the source; undefined where the whole is meant. */
  readonly offset?: number;
}

const MAX_REPORTED = 100;
const MAX_SNIPPET = 16384;

/** The issues of one expression, as a user sees them: a line, the source, and an arrow each. */
export function displayIssues(source: string, issues: readonly Issue[]): string {
  const placed = issues.slice(0, MAX_REPORTED).map((issue) => ({ issue, ...locate(source, issue.offset) }));
  placed.sort((a, b) => a.line - b.line || a.column - b.column);
  const lines = placed.map(({ issue, line, column }) => {
    const head = `ERROR: <input>:${line}:${column + 1}: ${issue.message}`;
    const text = line < 1 || column < 0 ? undefined : source.split('\n')[line - 1]?.replaceAll('\t', ' ');
    if (text === undefined || text.length > MAX_SNIPPET) return head;
    const before = Array.from(text);
    const dots = before.slice(0, column).map((c) => (wide(c) ? '．' : '.'));
    const at = before[column];
    return `${head}\n | ${text}\n | ${dots.join('')}${at !== undefined && wide(at) ? '＾' : '^'}`;
  });
  if (issues.length > MAX_REPORTED) lines.push(`${issues.length - MAX_REPORTED} more errors were truncated`);
  return lines.join('\n');
}

const wide = (c: string) => (c.codePointAt(0) ?? 0) > 0x7f;

/** Lines count from 1, columns (in code points) from 0. */
function locate(source: string, offset: number | undefined): { line: number; column: number } {
  if (offset === undefined) return { line: -1, column: -1 };
  // What is wrong with nothing is before its first character.
  if (source === '') return { line: 1, column: -1 };
  const before = source.slice(0, offset);
  const start = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  return { line, column: Array.from(before.slice(start)).length };
}
