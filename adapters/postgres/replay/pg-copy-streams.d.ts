/** The part of pg-copy-streams that a restore uses; the package has no types of its own. */
declare module 'pg-copy-streams' {
  import type { Writable, WritableOptions } from 'node:stream';
  import type pg from 'pg';

  export class CopyStreamQuery extends Writable implements pg.Submittable {
    /** Number of rows that the server accepted; known once the stream has finished. */
    readonly rowCount: number;
    submit(connection: pg.Connection): void;
  }
  /** `COPY ... FROM STDIN`: write the rows to it. Finishes once the server has accepted all of them. */
  export function from(text: string, options?: WritableOptions): CopyStreamQuery;
}
