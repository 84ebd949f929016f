import { hash, randomBytes } from 'node:crypto';
import type { UserInfo } from '../user.ts';

/**
 * Static tokens, from a file in kube-apiserver's format (--token-auth-file): CSV lines of token, user, uid and
 * optionally groups ("a,b" in quotes).
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
 */
export class TokenFile {
  /** Keyed by digest: looking a token up takes no longer for one that is nearly right. */
  readonly #users = new Map<string, UserInfo>();
  readonly #salt = randomBytes(32).toString('base64');
  /** Tokens of which it is known that they are right. A map compares only what has the same hash, of a secret seed. */
  readonly #right = new Map<string, UserInfo>();

  /** `path` is for messages. Throws where a line is not of the format, naming the line but not what it holds. */
  constructor(text: string, path: string) {
    for (const { fields, line } of parseCsv(text, path)) {
      const [token = '', name = '', uid = '', groups = ''] = fields;
      if (fields.length < 3)
        throw new Error(
          `token file '${path}' must have at least 3 columns (token, user name, user uid), found ${fields.length} in line ${line}`,
        );
      if (token === '') throw new Error(`token file '${path}' has an empty token in line ${line}`);
      const digest = this.#digest(token);
      if (this.#users.has(digest)) throw new Error(`token file '${path}' has a token again in line ${line}`);
      this.#users.set(digest, { name, ...(uid && { uid }), groups: groups === '' ? [] : groups.split(',') });
    }
  }

  authenticate(token: string): UserInfo | undefined {
    const known = this.#right.get(token);
    if (known) return known;
    const user = this.#users.get(this.#digest(token));
    // No more than there are in the file.
    if (user) this.#right.set(token, user);
    return user;
  }

  #digest(token: string): string {
    // In one call: every request with a token comes here, and an Hmac object costs more than all else that authenticates.
    return hash('sha256', this.#salt + token, 'base64');
  }
}

/** RFC 4180 with spaces kept; blank lines are skipped. */
function* parseCsv(text: string, path: string): Generator<{ fields: string[]; line: number }> {
  let at = 0;
  let line = 1;
  const field = (): string => {
    if (text[at] !== '"') {
      const end = text.slice(at).search(/[,\n]|$/) + at;
      const value = text.slice(at, end).replace(/\r$/, '');
      if (value.includes('"')) throw new Error(`token file '${path}' has a bare " in line ${line}`);
      at = end;
      return value;
    }
    let value = '';
    for (at++; at < text.length; at++) {
      if (text[at] !== '"') value += text[at];
      else if (text[at + 1] === '"') value += text[at++];
      else break;
    }
    if (text[at++] !== '"') throw new Error(`token file '${path}' has an unclosed " in line ${line}`);
    if (text.startsWith('\r\n', at)) at++;
    if (at < text.length && text[at] !== ',' && text[at] !== '\n')
      throw new Error(`token file '${path}' has text after a closing " in line ${line}`);
    return value;
  };
  while (at < text.length) {
    const start = line;
    const fields = [field()];
    while (text[at] === ',') {
      at++;
      fields.push(field());
    }
    at++;
    line += 1 + fields.reduce((n, f) => n + (f.split('\n').length - 1), 0);
    if (fields.length > 1 || fields[0] !== '') yield { fields, line: start };
  }
}
