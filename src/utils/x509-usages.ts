/** What a certificate may be used for, in the words of the certificates API (certificates.k8s.io). */
import * as der from './der.ts';

/** In the order of their bits. */
export const keyUsages = [
  'digital signature',
  'content commitment',
  'key encipherment',
  'data encipherment',
  'key agreement',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
] as const;
export type KeyUsage = (typeof keyUsages)[number];

/** In the order in which certificates list them. */
const extendedOids = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
} as const;
export type ExtendedKeyUsage = keyof typeof extendedOids;

const isKeyUsage = (usage: string): usage is KeyUsage => keyUsages.some((known) => known === usage);
const isExtendedUsage = (usage: string): usage is ExtendedKeyUsage => Object.hasOwn(extendedOids, usage);

/** Tells the two kinds of usages apart. Throws for words that are neither. */
export function sortUsages(words: readonly string[]): {
  readonly usages: readonly KeyUsage[];
  readonly extendedUsages: readonly ExtendedKeyUsage[];
} {
  const all = words.map((word) => (word === 'signing' ? 'digital signature' : word));
  const unknown = all.filter((usage) => !isKeyUsage(usage) && !isExtendedUsage(usage));
  if (unknown.length > 0)
    throw new Error(`unrecognized usage values: [${unknown.map((usage) => JSON.stringify(usage)).join(' ')}]`);
  return { usages: all.filter(isKeyUsage), extendedUsages: all.filter(isExtendedUsage) };
}

/** The BIT STRING of the key usage extension. */
export function encodeKeyUsages(usages: readonly KeyUsage[]): Buffer {
  let bits = 0;
  for (const usage of usages) bits |= 0x8000 >> keyUsages.indexOf(usage);
  const bytes = bits & 0xff ? [bits >> 8, bits & 0xff] : [bits >> 8];
  const last = bytes.at(-1) ?? 0;
  let unused = 0;
  while (unused < 7 && !((last >> unused) & 1)) unused++;
  return der.bitString(Buffer.from(bytes), unused);
}

/** Object identifiers of extended usages, each once. */
export function extendedKeyUsageOids(usages: readonly ExtendedKeyUsage[]): string[] {
  const wanted = new Set(usages.map((usage) => extendedOids[usage]));
  return [...new Set(Object.values(extendedOids))].filter((oid) => wanted.has(oid));
}
