import type { UserInfo } from '../user.ts';

/** Whose token it is. */
export interface TokenOwner {
  readonly user: UserInfo;
  /** Those of the audiences asked for that the token is for. */
  readonly audiences: readonly string[];
}

/** Why a token that somebody knows is not good. Shown in a TokenReview and the log, never in a 401; never with the token. */
export class TokenError extends Error {}

type Answer = TokenOwner | undefined;

/** Knows one sort of bearer tokens. */
export interface TokenAuthenticator {
  /**
   * The owner of a token that is for one of `audiences` (never empty); undefined for tokens of other sorts. Answers in
   * the same turn where it can. Throws, or rejects with, a TokenError for a token of its sort that is not good.
   */
  authenticateToken(token: string, audiences: readonly string[]): Answer | Promise<Answer>;
}

/**
 * Asks one after the other until one knows the token. What the others had against it is told, all of it, when none does.
 * With `failOnError` the first complaint is the answer.
 */
export class TokenUnion implements TokenAuthenticator {
  readonly #members: readonly TokenAuthenticator[];
  readonly #failOnError: boolean;

  constructor(members: readonly TokenAuthenticator[], { failOnError = false } = {}) {
    this.#members = members;
    this.#failOnError = failOnError;
  }

  authenticateToken(token: string, audiences: readonly string[]): Answer | Promise<Answer> {
    return this.#ask(0, token, audiences, undefined);
  }

  #ask(
    from: number,
    token: string,
    audiences: readonly string[],
    before: string[] | undefined,
  ): Answer | Promise<Answer> {
    let complaints = before;
    for (let i = from; i < this.#members.length; i++) {
      try {
        const answer = this.#members[i]?.authenticateToken(token, audiences);
        if (answer instanceof Promise) return this.#wait(answer, i, token, audiences, complaints);
        if (answer) return answer;
      } catch (error) {
        complaints = this.#note(error, complaints);
      }
    }
    if (complaints) throw new TokenError(aggregated(complaints));
    return undefined;
  }

  async #wait(
    pending: Promise<Answer>,
    at: number,
    token: string,
    audiences: readonly string[],
    before: string[] | undefined,
  ): Promise<Answer> {
    let complaints = before;
    try {
      const answer = await pending;
      if (answer) return answer;
    } catch (error) {
      complaints = this.#note(error, complaints);
    }
    return this.#ask(at + 1, token, audiences, complaints);
  }

  #note(error: unknown, before: string[] | undefined): string[] {
    if (!(error instanceof TokenError) || this.#failOnError) throw error;
    return [...(before ?? []), error.message];
  }
}

/** As apimachinery prints several errors; each once. */
export function aggregated(messages: readonly string[]): string {
  const different = [...new Set(messages)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}

/**
 * What tokens are for whose authenticator knows of no audiences: the API server. Undefined: none of those asked for.
 * `own` is --api-audiences.
 */
export function agnosticAudiences(asked: readonly string[], own: readonly string[]): readonly string[] | undefined {
  if (asked === own) return own;
  const matching = asked.filter((audience) => own.includes(audience));
  return matching.length > 0 ? matching : undefined;
}

/** An authenticator that knows of no audiences, as one that does: its tokens are for the API server. */
export function audienceAgnostic(
  own: readonly string[],
  find: (token: string) => UserInfo | undefined | Promise<UserInfo | undefined>,
): TokenAuthenticator {
  return {
    authenticateToken(token, asked) {
      const audiences = agnosticAudiences(asked, own);
      if (!audiences) return undefined;
      const user = find(token);
      if (user instanceof Promise) return user.then((found) => found && { user: found, audiences });
      return user && { user, audiences };
    },
  };
}
