/** Keys are ordered by their UTF-8 bytes, as etcd orders them; JavaScript orders strings by UTF-16 units. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates (0xd800 to 0xdfff) stand for code points above all others, so their bytes sort last. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Whether a key is in [start, end). */
export function inRange(key: string, start: string, end: string): boolean {
  return compareKeys(key, start) >= 0 && compareKeys(key, end) < 0;
}
