/**
 * The static Huffman code of RFC 7541, appendix B. It is canonical: within a length, codes ascend with the symbols, so
 * that the lengths say everything. Written as runs of [how many symbols, bits].
 */
const runs: readonly (readonly [number, number])[] = [
  [1, 13],
  [1, 23],
  [7, 28],
  [1, 24],
  [1, 30],
  [2, 28],
  [1, 30],
  [8, 28],
  [1, 30],
  [9, 28],
  [1, 6],
  [2, 10],
  [1, 12],
  [1, 13],
  [1, 6],
  [1, 8],
  [1, 11],
  [2, 10],
  [1, 8],
  [1, 11],
  [1, 8],
  [3, 6],
  [3, 5],
  [7, 6],
  [1, 7],
  [1, 8],
  [1, 15],
  [1, 6],
  [1, 12],
  [1, 10],
  [1, 13],
  [1, 6],
  [22, 7],
  [1, 8],
  [1, 7],
  [1, 8],
  [1, 13],
  [1, 19],
  [1, 13],
  [1, 14],
  [1, 6],
  [1, 15],
  [1, 5],
  [1, 6],
  [1, 5],
  [1, 6],
  [1, 5],
  [3, 6],
  [1, 5],
  [2, 7],
  [3, 6],
  [1, 5],
  [1, 6],
  [1, 7],
  [1, 6],
  [2, 5],
  [1, 6],
  [5, 7],
  [1, 15],
  [1, 11],
  [1, 14],
  [1, 13],
  [1, 28],
  [1, 20],
  [1, 22],
  [2, 20],
  [3, 22],
  [1, 23],
  [1, 22],
  [5, 23],
  [1, 24],
  [1, 23],
  [2, 24],
  [1, 22],
  [1, 23],
  [1, 24],
  [4, 23],
  [1, 21],
  [1, 22],
  [1, 23],
  [1, 22],
  [2, 23],
  [1, 24],
  [1, 22],
  [1, 21],
  [1, 20],
  [2, 22],
  [2, 23],
  [1, 21],
  [1, 23],
  [2, 22],
  [1, 24],
  [1, 21],
  [1, 22],
  [2, 23],
  [2, 21],
  [1, 22],
  [1, 21],
  [1, 23],
  [1, 22],
  [2, 23],
  [1, 20],
  [3, 22],
  [1, 23],
  [2, 22],
  [1, 23],
  [2, 26],
  [1, 20],
  [1, 19],
  [1, 22],
  [1, 23],
  [1, 22],
  [1, 25],
  [3, 26],
  [2, 27],
  [1, 26],
  [1, 24],
  [1, 25],
  [1, 19],
  [1, 21],
  [1, 26],
  [2, 27],
  [1, 26],
  [1, 27],
  [1, 24],
  [2, 21],
  [2, 26],
  [1, 28],
  [3, 27],
  [1, 20],
  [1, 24],
  [1, 20],
  [1, 21],
  [1, 22],
  [2, 21],
  [1, 23],
  [2, 22],
  [2, 25],
  [2, 24],
  [1, 26],
  [1, 23],
  [1, 26],
  [1, 27],
  [2, 26],
  [5, 27],
  [1, 28],
  [5, 27],
  [1, 26],
  [1, 30],
];
const EOS = 256;

/** A binary tree: node n has its children at 2n and 2n+1; negative values are symbols (-1 - symbol), 0 is nothing. */
const tree = new Int16Array(1026);

{
  const lengths = runs.flatMap(([count, bits]) => Array<number>(count).fill(bits));
  let nodes = 1;
  let code = 0;
  let before = 0;
  for (let bits = 1; bits <= 30; bits++) {
    for (const [symbol, length] of lengths.entries()) {
      if (length !== bits) continue;
      code <<= bits - before;
      before = bits;
      let node = 0;
      for (let bit = bits - 1; bit > 0; bit--) {
        const at = 2 * node + ((code >> bit) & 1);
        if (tree[at] === 0) tree[at] = nodes++;
        node = tree[at] ?? 0;
      }
      tree[2 * node + (code & 1)] = -1 - symbol;
      code++;
    }
  }
}

/** The text (Latin-1) that `bytes` encode; undefined when they break the code's rules. */
export function huffmanDecode(bytes: Buffer, start: number, end: number): string | undefined {
  let text = '';
  let node = 0;
  /** Bits since the last symbol, and whether all were ones: the only padding there may be. */
  let pending = 0;
  let ones = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      const one = (byte >> bit) & 1;
      const next = tree[2 * node + one] ?? 0;
      if (next < 0) {
        const symbol = -1 - next;
        if (symbol === EOS) return undefined;
        text += String.fromCharCode(symbol);
        node = 0;
        pending = 0;
        ones = true;
      } else {
        node = next;
        pending++;
        if (one === 0) ones = false;
      }
    }
  }
  return pending < 8 && ones ? text : undefined;
}
