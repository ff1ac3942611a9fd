import { TABLE } from '../../core/contract.ts';
import type { VaultRound, VaultRounds } from '../../core/vault-ports.ts';
import { getRow, type HistoryTable, putRow, type Row } from './table.ts';

/** How far sweep has scanned the vault: one row of the history table. */
export const makeVaultRounds = (access: HistoryTable): VaultRounds => ({
  last: async () => {
    const row = await getRow(access, TABLE.vaultRound);
    if (typeof row?.begunAt !== 'string') return undefined;
    const { begunAt, after, seen, measured } = row as Row & VaultRound;
    return {
      begunAt,
      ...(typeof after === 'string' && { after }),
      ...(seen && { seen }),
      ...(measured && { measured }),
    };
  },

  keep: async (round) => {
    // Refused if a sweep that began later has written: its position is more recent.
    await putRow(
      access,
      { ...round, ...TABLE.vaultRound, kind: 'vault-round' },
      {
        condition: `attribute_not_exists(#${TABLE.pk}) OR #begunAt <= :begunAt`,
        values: { ':begunAt': round.begunAt },
      },
    );
  },
});
