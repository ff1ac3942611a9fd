/** What a process keeps between its events, up to a number of bytes; what was not used for the longest time goes first. */
export interface TemplateMemory {
  get(name: string): Buffer | undefined;
  set(name: string, entry: Buffer): void;
  delete(name: string): void;
}

export const makeTemplateMemory = (mostBytes: number): TemplateMemory => {
  // A map gives its entries in the order in which they were set.
  const entries = new Map<string, Buffer>();
  let bytes = 0;
  const remove = (name: string): void => {
    bytes -= entries.get(name)?.length ?? 0;
    entries.delete(name);
  };
  return {
    get: (name) => {
      const found = entries.get(name);
      if (!found) return undefined;
      entries.delete(name);
      entries.set(name, found);
      return found;
    },
    set: (name, entry) => {
      remove(name);
      if (entry.length > mostBytes) return;
      entries.set(name, entry);
      bytes += entry.length;
      for (const oldest of entries.keys()) {
        if (bytes <= mostBytes) break;
        remove(oldest);
      }
    },
    delete: remove,
  };
};
