/** Total letters of warnings from which on each is cut, and to how many. Kubernetes' numbers. */
const MOST_LETTERS = 4096;
const CUT_TO = 256;

/** As most messages are: a letter a character, and none that a header cannot hold. */
const plain = /^[\x20-\x7e]*$/;

const lettersOf = (text: string): number => {
  if (plain.test(text)) return text.length;
  let count = 0;
  for (const _ of text) count++;
  return count;
};

/**
 * What a request's client is warned of: each message once, and no more than headers have room for. Where all messages
 * are too long together each is cut short, and there comes an end.
 */
export class Warnings {
  readonly #all: string[] = [];
  #shown: string[] = [];
  #letters = 0;
  #cutting = false;

  get messages(): readonly string[] {
    return this.#shown;
  }

  add(message: string): void {
    if (message === '' || (this.#cutting && this.#letters >= MOST_LETTERS) || this.#all.includes(message)) return;
    this.#all.push(message);
    if (this.#cutting || this.#letters + lettersOf(message) <= MOST_LETTERS) {
      this.#show(message);
      return;
    }
    this.#cutting = true;
    this.#letters = 0;
    this.#shown = [];
    for (const each of this.#all) this.#show(each);
  }

  #show(message: string): void {
    // No header can hold it.
    if (!plain.test(message) && /\p{Cc}/u.test(message)) return;
    const letters = lettersOf(message);
    const cut = this.#cutting && letters > CUT_TO;
    this.#shown.push(cut ? [...message].slice(0, CUT_TO).join('') : message);
    this.#letters += cut ? CUT_TO : letters;
  }
}
