/** How long work tells people where it is. */
export interface Progress {
  /** Runs one named step; `work` may say what it is waiting for. */
  step<T>(title: string, work: (detail: (text: string) => void) => Promise<T>): Promise<T>;
  say(text: string): void;
}
