import { randomInt } from 'node:crypto';
import { sha256Hex } from '../../core/ids.ts';

/** Of this run; DAMAGE_SEED repeats one that failed. */
export const SEED = process.env.DAMAGE_SEED ?? String(randomInt(2 ** 40));

/** Whole numbers from 0 to below `limit`, the same for a seed and a name. */
export const numbers = (name: string, count: number, limit: number): number[] =>
  Array.from({ length: count }, (_, index) =>
    Number(BigInt(`0x${sha256Hex(`${SEED}/${name}/${index}`).slice(0, 16)}`) % BigInt(limit)),
  );

/** One bit of a copy flipped: the bits are counted from the first byte's lowest. */
export const flipped = (bytes: Buffer, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  const at = Math.floor(bit / 8);
  copy.writeUInt8(copy.readUInt8(at) ^ (1 << (bit % 8)), at);
  return copy;
};
