import type { Issue } from './issues.ts';
import type { Token } from './lexer.ts';

export function syntaxIssues(tokens: readonly Token[]): Issue[] {
  return [{ message: 'Syntax error', offset: tokens[0]?.offset }];
}
