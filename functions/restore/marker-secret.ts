import { randomBytes } from 'node:crypto';
import type { WorkContext } from '../../core/leased-work/work-message.ts';
import type { Restore } from '../../core/restore.ts';
import type { MarkerSecret } from '../../core/restore-ports.ts';

/**
 * A restore's markers on the source are made with a secret that only its record has, because every owner of a schema may write any
 * comment there. All attempts of one restore have the same secret.
 */
export type RestoreWithSecret = Restore & { readonly seal: string };

export const withMarkerSecret = async (
  restore: Restore,
  { write }: Pick<WorkContext<Restore>, 'write'>,
): Promise<RestoreWithSecret> => {
  if (restore.seal !== undefined) return { ...restore, seal: restore.seal };
  const seal = randomBytes(16).toString('hex');
  await write({ seal });
  return { ...restore, seal };
};

export const markerSecretOf = ({ id, seal }: RestoreWithSecret): MarkerSecret => ({
  restoreId: id,
  seal,
});
