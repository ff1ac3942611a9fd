import { InvalidInput } from '../../core/errors/request.ts';
import { sha256Hex } from '../../core/ids.ts';

/**
 * Cursors of lists: the position at the end of the last page, bound to its list by a digest. The digest holds no
 * secret: it only turns a damaged cursor, or a cursor of another project, into a clear refusal. The query that a
 * cursor continues limits what the cursor can reach; the cursor itself limits nothing.
 */
const digest = (list: string, position: string): string =>
  sha256Hex(`${list}\0${position}`).slice(0, 16);

export const cursorOf = (list: string, position: string): string =>
  Buffer.from(`${digest(list, position)}${position}`, 'utf8').toString('base64url');

/** @throws InvalidInput if this is not a cursor of this list */
export const positionOf = (list: string, cursor: string): string => {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.toString('utf8');
  const position = text.slice(16);
  if (bytes.toString('base64url') !== cursor || text.slice(0, 16) !== digest(list, position)) {
    throw new InvalidInput('The request', [
      'cursor: it does not belong to this list; send it as the last page returned it, or leave it out to begin again',
    ]);
  }
  return position;
};
