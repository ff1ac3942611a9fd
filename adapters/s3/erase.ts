import {
  DeleteObjectsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Remaining } from '../../core/erasure.ts';
import type { ErasableVault } from '../../core/erasure-ports.ts';
import { named } from './failures.ts';

/** The most that one DeleteObjects takes. */
const AT_ONCE = 1000;

interface Version {
  readonly Key: string;
  readonly VersionId?: string;
}

interface Place {
  readonly client: S3Client;
  readonly bucket: string;
}

/** Every version and delete marker below a prefix, in the pages in which S3 lists them. */
async function* versionPages(
  { client, bucket }: Place,
  prefix: string,
): AsyncGenerator<readonly Version[]> {
  let from: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (from) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...from }),
    );
    yield [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].flatMap(({ Key, VersionId }) =>
      Key === undefined ? [] : [{ Key, ...(VersionId !== undefined && { VersionId }) }],
    );
    from = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker ?? '', VersionIdMarker: page.NextVersionIdMarker ?? '' }
      : undefined;
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html: a locked version is refused with AccessDenied. */
const reasonOf = (message: string | undefined): Remaining['reason'] =>
  /object lock|WORM/i.test(message ?? '') ? 'object-lock' : 'refused';

interface Tally {
  removed: number;
  kept: number;
  reason: Remaining['reason'];
}

const removeAll = async (
  { client, bucket }: Place,
  versions: readonly Version[],
  tally: Tally,
): Promise<void> => {
  for (let from = 0; from < versions.length; from += AT_ONCE) {
    const Objects = versions.slice(from, from + AT_ONCE);
    const { Errors = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    tally.removed += Objects.length - Errors.length;
    tally.kept += Errors.length;
    if (Errors.some(({ Message }) => reasonOf(Message) === 'object-lock'))
      tally.reason = 'object-lock';
  }
};

const outcomeOf = ({ removed, kept, reason }: Tally) => ({
  removed,
  ...(kept && { remaining: { reason, objects: kept } }),
});

/** Removes objects with all versions. What S3 refuses to remove is counted and does not stop the rest. Errors: as of the vault. */
export const makeErasableVault = (place: Place): ErasableVault => {
  const erase = async (
    prefix: string,
    isWanted: (version: Version) => boolean,
    tally: Tally,
  ): Promise<void> => {
    try {
      for await (const versions of versionPages(place, prefix))
        await removeAll(place, versions.filter(isWanted), tally);
    } catch (error) {
      throw named(error, `DELETE below ${prefix}`);
    }
  };
  return {
    eraseBelow: async (prefix) => {
      const tally: Tally = { removed: 0, kept: 0, reason: 'refused' };
      await erase(prefix, () => true, tally);
      return outcomeOf(tally);
    },
    eraseKeys: async (keys) => {
      const tally: Tally = { removed: 0, kept: 0, reason: 'refused' };
      for (const key of keys) await erase(key, ({ Key }) => Key === key, tally);
      return outcomeOf(tally);
    },
  };
};
