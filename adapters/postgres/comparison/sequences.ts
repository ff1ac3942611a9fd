import type pg from 'pg';
import { type Manifest, type ManifestSequence, tableKey } from '../../../core/manifest.ts';
import { membersIn } from '../catalog/schema-members.ts';
import type { Differences } from './differences.ts';
import { type ComparisonNote, sequenceLine } from './notes.ts';
import type { RestoredContents } from './read-restored.ts';

/**
 * Sequences ignore snapshots: a sequence may advance between the inventory and pg_dump's read. So a sequence that is ahead is only noted.
 * One that is behind is damage: it would return numbers that are already used.
 */
const STEPS = `
  SELECT n.nspname AS schema, c.relname AS name, s.seqincrement::text AS step, s.seqcycle AS cycles
  FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE s.seqrelid = ANY (ARRAY(${membersIn('pg_class')}))`;

interface Step {
  readonly schema: string;
  readonly name: string;
  readonly step: string;
  readonly cycles: boolean;
}

/** `equal`, or which way it differs. */
const comparedValue = (
  was: ManifestSequence,
  is: ManifestSequence,
  { step, cycles }: Step,
): 'equal' | 'ahead' | 'behind' => {
  if (was.value === is.value && was.called === is.called) return 'equal';
  // A sequence that advanced has returned numbers. One that has not is new, or was set: its value was lost, wherever it starts.
  if (!is.called) return 'behind';
  if (was.value === is.value) return 'ahead';
  const forward = BigInt(is.value) > BigInt(was.value) === !step.startsWith('-');
  return forward || cycles ? 'ahead' : 'behind';
};

/** Existing sequences: missing ones are reported with the other objects. */
export const compareSequences = async (
  client: pg.Client,
  { schemaOids, sequences }: RestoredContents,
  manifest: Pick<Manifest, 'sequences'>,
  found: Differences,
): Promise<{ compared: number; notes: ComparisonNote[] }> => {
  const { rows } = await client.query<Step>(STEPS, [schemaOids]);
  const steps = new Map(rows.map((row) => [tableKey(row.schema, row.name), row]));
  const notes: ComparisonNote[] = [];
  let compared = 0;
  for (const was of manifest.sequences) {
    const key = tableKey(was.schema, was.name);
    const is = sequences.get(key);
    const step = steps.get(key);
    if (!is || !step) continue;
    compared += 1;
    const stands = comparedValue(was, is, step);
    if (stands === 'behind') found.add(sequenceLine(was, is));
    else if (stands === 'ahead') notes.push({ kind: 'sequence-ahead', was, is });
  }
  return { compared, notes };
};
