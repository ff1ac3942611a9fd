import type { LoadRequest } from '../../../core/restore-ports.ts';

/** Base types are left out, with what needs them. A swap, and a restore of chosen tables, must not lose a table: its base type ends them. */
export const leavesTypesOut = ({ manifest, mode, onConflict, tables }: LoadRequest): boolean => {
  const types = (manifest.superuserObjects ?? []).filter(({ kind }) => kind === 'type');
  const mayLoseTables = mode === 'beside' || mode === 'elsewhere';
  const isAllowed = mayLoseTables || !types.some((one) => one.tables?.length);
  return onConflict === 'report' && !tables && types.length > 0 && isAllowed;
};
