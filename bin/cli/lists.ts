import type * as z from 'zod';
import type { Session } from './command.ts';
import { pageOf } from './shown.ts';

const PAGE = 100;

/** Reads pages of a list until it has enough items. */
export const readList = async <S extends z.ZodType>(
  { api }: Session,
  path: string,
  item: S,
  query: Readonly<Record<string, string | undefined>>,
  most: number,
): Promise<z.output<S>[]> => {
  const items: z.output<S>[] = [];
  const schema = pageOf(item);
  for (let cursor: string | undefined; ; ) {
    const limit = String(Math.min(PAGE, most - items.length));
    const page: z.output<typeof schema> = await api.json(
      { method: 'GET', path, query: { ...query, limit, cursor } },
      schema,
    );
    items.push(...page.items);
    cursor = page.cursor ?? undefined;
    if (cursor === undefined || items.length >= most) return items.slice(0, most);
  }
};
