import { type Brackets, bracketsOf, type Written } from './expression-tokens.ts';
import { typeAt } from './expression-types.ts';

/**
 * What an expression says, in one form for all the ways in which servers write it. What pg_dump wrote is read by a server and written
 * back by it, and the second text need not be the first. Two things change, and nothing else does (tried on all that the tests have):
 *
 * - A cast of an array goes to its elements: `(ARRAY['a'::varchar])::text[]` comes back as `ARRAY[('a'::varchar)::text]`.
 * - AND within AND loses its brackets where it comes first, and so does OR: `x BETWEEN 1 AND 2 AND y` is written
 *   `(((x >= 1) AND (x <= 2)) AND y)`, and comes back as `((x >= 1) AND (x <= 2) AND y)`.
 *
 * All else stays in its order and within its brackets: `(a - b) - c` is not `a - (b - c)`.
 */
interface Group {
  readonly open: '(' | '[';
  readonly items: readonly Part[];
}
interface Cast {
  readonly to: string;
  readonly of: readonly Part[];
}
type Part = string | Group | Cast;

const isGroup = (part: Part | undefined, open: Group['open']): part is Group =>
  typeof part === 'object' && 'open' in part && part.open === open;

/** What a cast that follows is of: the brackets around it belong to the cast. */
const takeOperand = (parts: Part[]): readonly Part[] => {
  const last = parts.pop();
  if (last === undefined) return [];
  const before = parts.at(-1);
  if (before === 'ROW' || (before === 'ARRAY' && isGroup(last, '['))) {
    parts.pop();
    return [before, last];
  }
  return isGroup(last, '(') ? last.items : [last];
};

const elementsOf = (items: readonly Part[]): readonly (readonly Part[])[] => {
  const elements: Part[][] = [[]];
  for (const item of items) {
    if (item === ',') elements.push([]);
    else elements.at(-1)?.push(item);
  }
  return elements;
};

const castTo = (to: string, of: readonly Part[]): readonly Part[] => {
  const [word, list] = of;
  const written = of.length === 2 && word === 'ARRAY' && isGroup(list, '[') && list.items.length;
  if (!to.endsWith('[]') || !written || !isGroup(list, '[')) return [{ to, of }];
  const items = elementsOf(list.items).flatMap((element, i) => [
    ...(i ? [','] : []),
    // An array in an array is cast as the whole is.
    ...castTo(element[0] === 'ARRAY' && element.length === 2 ? to : to.slice(0, -2), element),
  ]);
  return ['ARRAY', { open: '[', items }];
};

const JOINING = ['AND', 'OR'] as const;

/** Without the brackets around what is joined by the same word. */
const flattened = (parts: readonly Part[]): readonly Part[] => {
  const joint = JOINING.find((word) => parts.includes(word));
  if (!joint) return parts;
  const isOperand = (at: number): boolean =>
    [parts[at - 1], parts[at + 1]].every((side) => side === undefined || side === joint);
  const joins = ({ items }: Group): boolean =>
    items.includes(joint) && !JOINING.some((word) => word !== joint && items.includes(word));
  return parts.flatMap((part, at) =>
    isGroup(part, '(') && isOperand(at) && joins(part) ? part.items : [part],
  );
};

const read = (items: readonly Written[]): readonly Part[] => {
  const parts: Part[] = [];
  for (let at = 0; at < items.length; ) {
    const item = items[at];
    if (item === undefined) break;
    if (item === '::') {
      const { type, end } = typeAt(items, at + 1);
      const operand = takeOperand(parts);
      parts.push(...castTo(type, operand));
      at = end;
      continue;
    }
    parts.push(typeof item === 'string' ? item : grouped(item));
    at += 1;
  }
  return flattened(parts);
};

const grouped = ({ open, items }: Brackets): Group => ({ open, items: read(items) });

/** Equal for two expressions that say the same, as far as a dump and its restore go; to be compared, not to be read. */
export const formOf = (expression: string): unknown => {
  const written = bracketsOf(expression);
  return written ? read(written) : expression;
};
