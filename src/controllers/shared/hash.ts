import type { PodTemplateSpec } from '../../api/core/v1.gen.ts';

/** Letters and digits that make no words (apimachinery's rand.SafeEncodeString). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * A short name for a pod template, for labels like pod-template-hash. Equal templates have equal hashes whatever the
 * order of their fields; `collisionCount` gives another one to a template whose hash was taken.
 */
export function templateHash(template: PodTemplateSpec, collisionCount = 0): string {
  return safeEncode(fnv32a(stable(template) + (collisionCount > 0 ? `#${collisionCount}` : '')).toString());
}

function fnv32a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function safeEncode(text: string): string {
  let encoded = '';
  for (const char of text) encoded += ALPHABET[char.charCodeAt(0) % ALPHABET.length];
  return encoded;
}

/** JSON with sorted keys. */
export function stable(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
