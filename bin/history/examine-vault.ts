import { millis } from '../../core/backup.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Finding } from './findings.ts';
import type { Stem } from './holdings.ts';
import { damage, finding, heldIn, isThere, type Look, leftBehind } from './look.ts';
import { doubtOf, missingOf, readManifestOf } from './trust.ts';

/** Examines the vault's objects of a backup without a row. */
interface Whole {
  readonly stem: Stem;
  readonly manifest: Manifest;
}

const unwitnessed = async (look: Look, stem: Stem): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  for (const { key } of heldIn(stem)) {
    if (await isThere(look, key))
      findings.push(finding(look, 'object-alone', 'it has no manifest', key));
  }
  return findings;
};

/** The stem as a complete backup, or its fault. */
const assess = async (look: Look, stem: Stem): Promise<Whole | readonly Finding[]> => {
  const held = stem.manifest;
  if (!held) return unwitnessed(look, stem);
  const read = await readManifestOf(look.ports, stem, held);
  if (!read) return [];
  if ('refused' in read) return [finding(look, 'refused', read.refused, held.key)];
  const doubt = await doubtOf(look.ports, { acceptUnsigned: false }, read);
  if (doubt !== undefined) return [finding(look, 'refused', doubt, held.key)];
  const missing = missingOf(read.manifest, stem);
  if (!missing) return { stem, manifest: read.manifest };
  return (await isThere(look, held.key))
    ? [finding(look, 'manifest-alone', missing, held.key)]
    : [];
};

const withoutRow = async (look: Look, { manifest }: Whole): Promise<readonly Finding[]> => {
  const { expiresAt, createdAt } = manifest.backup;
  const isExpired = millis(expiresAt) <= look.ports.clock();
  const why = `created at ${createdAt}, ${isExpired ? 'expired' : 'expires'} at ${expiresAt}`;
  return [
    finding(look, isExpired ? 'expired' : 'row-missing', why, manifest.object.key),
    ...(await damage(look, manifest)),
  ];
};

export const examineVault = async (look: Look): Promise<readonly Finding[]> => {
  const findings: Finding[] = [];
  const whole: Whole[] = [];
  for (const stem of look.stems) {
    const assessed = await assess(look, stem);
    if ('stem' in assessed) whole.push(assessed);
    else findings.push(...assessed);
  }
  const [last, ...earlier] = whole.sort((one, other) => other.stem.attempt - one.stem.attempt);
  if (!last) return findings;
  for (const { stem } of earlier) {
    const keys = heldIn(stem).map(({ key }) => key);
    const why = `attempt ${last.stem.attempt} of this backup is complete too`;
    findings.push(...(await leftBehind(look, keys, why)));
  }
  return [...findings, ...(await withoutRow(look, last))];
};
