import { createHash } from 'node:crypto';

/** Bits of a flow's hash that dealing may use up. */
const MAX_HASH_BITS = 60;

/** Whether a hand of this size can be dealt from so many queues: more bits than a hash has would repeat. */
export const canDeal = (queues: number, handSize: number): boolean =>
  handSize > 0 && handSize <= queues && Math.ceil(Math.log2(queues) * handSize) <= MAX_HASH_BITS;

/** The number that stands for a flow: the same in every API server, so that they agree about its queues. */
export function flowHash(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(schema).update('\0').update(distinguisher).digest().readBigUInt64LE();
}

/**
 * Deals `handSize` different queues out of `queues` to a flow, by its hash alone: flows that share one queue are
 * unlikely to share them all, so that a flow that fills its hand leaves most others a queue without it.
 * https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/1040-priority-and-fairness
 */
export function dealHand(hash: bigint, queues: number, handSize: number): readonly number[] {
  const hand: number[] = [];
  const taken: number[] = [];
  let left = hash;
  for (let i = 0; i < handSize; i++) {
    const cards = BigInt(queues - i);
    const place = Number(left % cards);
    left /= cards;
    taken.push(place);
    // The place is one among the cards not dealt yet; the later ones were counted without the earlier.
    let card = place;
    for (let j = i; j > 0; j--) if (card >= (taken[j - 1] ?? 0)) card++;
    hand.push(card);
  }
  return hand;
}
