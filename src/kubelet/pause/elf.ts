/** Machines by their ELF number (e_machine). */
const machines = { amd64: 62, arm64: 183 } as const;
export type Machine = keyof typeof machines;

const BASE = 0x400000n;
const HEADERS = 64 + 56;

/**
 * Wraps position-independent code as a static ELF64 program: one header, one segment that is readable and
 * executable, entry at the first instruction. https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
 */
export function elf(machine: Machine, code: Uint8Array): Buffer {
  const size = BigInt(HEADERS + code.length);
  const out = Buffer.alloc(HEADERS);
  out.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // magic, 64 bits, little endian, version 1
  out.writeUInt16LE(2, 16); // an executable
  out.writeUInt16LE(machines[machine], 18);
  out.writeUInt32LE(1, 20);
  out.writeBigUInt64LE(BASE + BigInt(HEADERS), 24); // entry
  out.writeBigUInt64LE(64n, 32); // program headers
  out.writeUInt16LE(64, 52);
  out.writeUInt16LE(56, 54);
  out.writeUInt16LE(1, 56);
  out.writeUInt16LE(64, 58);
  out.writeUInt32LE(1, 64); // PT_LOAD
  out.writeUInt32LE(5, 68); // read, execute
  out.writeBigUInt64LE(0n, 72);
  out.writeBigUInt64LE(BASE, 80);
  out.writeBigUInt64LE(BASE, 88);
  out.writeBigUInt64LE(size, 96);
  out.writeBigUInt64LE(size, 104);
  out.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([out, code]);
}
