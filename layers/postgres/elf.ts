/**
 * The parts of a 64-bit little-endian ELF file that the loader reads: the needed libraries, its own library name,
 * its search paths and its interpreter. Layout: System V ABI, "Program Loading and Dynamic Linking".
 */
import { open, readFile } from 'node:fs/promises';

export type Elf = {
  needed: readonly string[];
  soname: string | undefined;
  /** DT_RPATH or DT_RUNPATH, if there is one. */
  searchPath: string | undefined;
  /** PT_INTERP: only programs have it. */
  interpreter: string | undefined;
  /** Position of the interpreter's name in the file, and the bytes reserved for it, including its terminator. */
  interpreterRoom: { offset: number; bytes: number } | undefined;
};

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT = { needed: 1, strtab: 5, soname: 14, rpath: 15, runpath: 29 };

/** Reads a file's dynamic section; undefined if it is no such ELF file. */
export async function readElf(file: string): Promise<Elf | undefined> {
  const handle = await open(file);
  const head = Buffer.alloc(6);
  await handle.read(head, 0, 6, 0).finally(() => handle.close());
  if (head.toString('latin1') !== '\x7fELF\x02\x01') return undefined;
  return parseElf(await readFile(file));
}

function parseElf(file: Buffer): Elf {
  const number = (at: number) => Number(file.readBigUInt64LE(at));
  const text = (at: number) => file.subarray(at, file.indexOf(0, at)).toString('latin1');
  const start = number(32);
  const size = file.readUInt16LE(54);
  const headers = Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size;
    return {
      type: file.readUInt32LE(at),
      offset: number(at + 8),
      address: number(at + 16),
      bytes: number(at + 32),
    };
  });
  const place = (address: number) => {
    const inside = headers.find(
      (one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.bytes,
    );
    return inside ? inside.offset + address - inside.address : 0;
  };
  const interp = headers.find((one) => one.type === PT_INTERP);
  const dynamic = headers.find((one) => one.type === PT_DYNAMIC);
  const entries: { tag: number; value: number }[] = [];
  for (let at = dynamic?.offset ?? 0; dynamic && at < dynamic.offset + dynamic.bytes; at += 16) {
    const tag = number(at);
    if (tag === 0) break;
    entries.push({ tag, value: number(at + 8) });
  }
  const strings = place(entries.find((one) => one.tag === DT.strtab)?.value ?? 0);
  const all = (tag: number) =>
    entries.filter((one) => one.tag === tag).map((one) => text(strings + one.value));
  return {
    needed: all(DT.needed),
    soname: all(DT.soname)[0],
    searchPath: all(DT.runpath)[0] ?? all(DT.rpath)[0],
    interpreter: interp ? text(interp.offset) : undefined,
    interpreterRoom: interp ? { offset: interp.offset, bytes: interp.bytes } : undefined,
  };
}
