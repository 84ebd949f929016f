import type { YAMLParseError } from 'yaml';

/** Found while tokens are made: lines count from 1, what is found in the tokens is one less. The first of each is not told. */
const scanned = (line: number, problem: string): string => (line <= 1 ? problem : `line ${line}: ${problem}`);

/**
 * What is wrong with a YAML text, as Kubernetes' parser tells it; it stops at the first problem. Other parsers see
 * other problems in the same place: where it cannot be said for sure, this is what people do most often.
 */
export function yamlProblem(text: string, errors: readonly YAMLParseError[]): string | undefined {
  const [first] = errors;
  if (!first) return undefined;
  const { code, message } = first;
  const line = first.linePos?.[0].line ?? 1;
  const column = first.linePos?.[0].col ?? 1;
  const source = text.split('\n')[line - 1] ?? '';
  const has = (other: string) => errors.some((error) => error.code === other);
  // A text that ends too early is at fault on the line that does not follow.
  const ended = first.pos[0] >= text.trimEnd().length;
  const after = (problem: string) => {
    const at = ended ? text.trimEnd().split('\n').length : line - 1;
    return at === 0 ? problem : `line ${at}: ${problem}`;
  };
  switch (code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return scanned(has('MULTILINE_IMPLICIT_KEY') ? line + 1 : line, 'mapping values are not allowed in this context');
    case 'TAB_AS_INDENT':
    case 'BAD_SCALAR_START':
      return scanned(line, 'found character that cannot start any token');
    case 'BAD_DQ_ESCAPE':
      return scanned(
        line,
        /^\\[xuU]/.test(source.slice(column - 1))
          ? 'did not find expected hexdecimal number'
          : 'found unknown escape character',
      );
    case 'MULTILINE_IMPLICIT_KEY':
      if (has('UNEXPECTED_TOKEN')) return after('did not find expected key');
      if (source.trimStart().startsWith('- '))
        return scanned(line + 1, 'mapping values are not allowed in this context');
      return scanned(line + 1, "could not find expected ':'");
    case 'MISSING_CHAR':
    case 'BAD_INDENT':
      if (message.startsWith('Missing closing')) return scanned(line, 'found unexpected end of stream');
      if (message.startsWith('Flow') && ended && /[{[,]\s*$/.test(text))
        return after('did not find expected node content');
      if (message.startsWith('Flow map')) return after("did not find expected ',' or '}'");
      if (message.startsWith('Flow sequence')) return after("did not find expected ',' or ']'");
      if (message.includes('sequence items')) return after("did not find expected '-' indicator");
      return after('did not find expected key');
    default:
      if (!message.startsWith('Unexpected scalar at node end')) return after('did not find expected node content');
      return after(/^\s*-\s/.test(text) ? "did not find expected '-' indicator" : 'did not find expected key');
  }
}
