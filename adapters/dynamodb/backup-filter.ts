import { type Backup, hasExpired } from '../../core/backup.ts';
import type { BackupQuery } from '../../core/history-ports.ts';
import type { Page } from '../../core/ports.ts';
import { cursorOf } from './cursors.ts';
import type { Row } from './table.ts';

/** Conditions of DynamoDB for the members of a query, with the names of their values. */
const CONDITIONS: Readonly<Record<Exclude<keyof BackupQuery, keyof Paging>, string>> = {
  status: '#status = :status',
  type: '#type = :type',
  trigger: '#trigger = :trigger',
  name: 'contains(#name, :name)',
  validation: '#validation = :validation',
  minSize: '#size >= :minSize',
  maxSize: '#size <= :maxSize',
  pinned: '#pinned = :pinned',
  from: '#createdAt >= :from',
  to: '#createdAt <= :to',
};
type Paging = Pick<BackupQuery, 'limit' | 'cursor' | 'sort'>;

/**
 * Selects the rows that a list shows. Expired rows stay in the table for up to some days until
 * DynamoDB removes them. The newest full backup has no `ttl` and is shown whatever its age.
 */
export const filterOf = (query: BackupQuery): { readonly filter: string; readonly values: Row } => {
  const wanted: Row = {
    ...query,
    // A row has the attribute only while it is pinned.
    ...(query.pinned === false && { pinned: undefined }),
  };
  const asked = Object.entries(CONDITIONS).filter(([name]) => wanted[name] !== undefined);
  const conditions = [
    ...asked.map(([, condition]) => condition),
    ...(query.pinned === false ? ['attribute_not_exists(#pinned)'] : []),
    ...(query.status ? [] : ['#status <> :deleted']),
  ];
  return {
    filter: conditions.join(' AND '),
    values: {
      ...Object.fromEntries(asked.map(([name]) => [`:${name}`, wanted[name]])),
      ...(!query.status && { ':deleted': 'deleted' }),
    },
  };
};

/** A `deleted` row records a removed backup and stays visible until its own `ttl`. */
export const isShown = (backup: Backup, now: number): boolean =>
  backup.status === 'deleted' ? (backup.ttl ?? 0) * 1000 > now : !hasExpired(backup, now);

/** Identifies a list for its cursors, which are valid for one order only. */
export const listName = (list: string, sort: BackupQuery['sort']): string =>
  sort === 'oldest' ? `${list}\0oldest` : list;

/** One more row than requested shows whether there is another page. */
export const pageOf = (found: readonly Backup[], limit: number, name: string): Page<Backup> => {
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return found.length > items.length && last
    ? { items, cursor: cursorOf(name, last.id) }
    : { items };
};
