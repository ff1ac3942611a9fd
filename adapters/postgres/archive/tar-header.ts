/**
 * The header of a member of a tar archive, as POSIX defines it.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06
 */
export const BLOCK = 512;
const NAME_LENGTH = 100;
const SIZE_AT = 124;
const SIZE_LENGTH = 12;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;
/** The first byte of a number in binary instead of octal digits, as pg_dump writes sizes of 8 GB and more. */
const BINARY = 0x80;

const octal = (header: Buffer, at: number, length: number): number =>
  Number.parseInt(header.toString('latin1', at, at + length).replace(/[\0 ]+$/, ''), 8);

const sizeOf = (header: Buffer): number => {
  if (header[SIZE_AT] !== BINARY) return octal(header, SIZE_AT, SIZE_LENGTH);
  return header.readUIntBE(SIZE_AT + SIZE_LENGTH - 6, 6);
};

/** The sum of a header's bytes, with spaces in place of the sum itself. */
const checksum = (header: Buffer): number =>
  header.reduce(
    (sum, byte, at) =>
      sum + (at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_LENGTH ? 0x20 : byte),
    0,
  );

/** Name and size in bytes of the member that follows; undefined if there is no header. */
export const readTarHeader = (
  header: Buffer,
): { readonly name: string; readonly bytes: number } | undefined => {
  if (header.length !== BLOCK) return undefined;
  const bytes = sizeOf(header);
  const sum = octal(header, CHECKSUM_AT, CHECKSUM_LENGTH);
  if (!Number.isSafeInteger(bytes) || bytes < 0 || sum !== checksum(header)) return undefined;
  return { name: header.toString('latin1', 0, NAME_LENGTH).replace(/\0.*$/s, ''), bytes };
};
