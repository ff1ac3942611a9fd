/** A parsed expression: words, brackets, and casts with their operands. */
export interface Group {
  readonly open: '(' | '[';
  readonly items: readonly Part[];
}
export interface Cast {
  readonly to: string;
  readonly of: readonly Part[];
}
export type Part = string | Group | Cast;

export const isGroup = (part: Part | undefined, open: Group['open']): part is Group =>
  typeof part === 'object' && 'open' in part && part.open === open;

export const isCast = (part: Part | undefined): part is Cast =>
  typeof part === 'object' && 'to' in part;
