import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DumpUnreadable, StatementRefused } from '../../../core/errors/restore.ts';
import { BackupDamaged, ReadInterrupted, VaultRefused } from '../../../core/errors/vault.ts';
import { RehearsalImpossible, ScratchDied } from '../../../core/errors/verification.ts';
import { isFinal } from '../../../core/leased-work/work.ts';
import type { VerifyPorts } from '../../../functions/verify/ports.ts';
import { startTables, type Tables } from '../../support/tables.ts';
import { BYTES, type OpenSituation, openSituation } from './support.ts';

/** A verification that did not run never looks like one that passed, whatever fails. */
let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

const ERRORS: readonly (() => Error)[] = [
  () => new Error('nobody thought of it'),
  () => new ReadInterrupted('a key', 'reset'),
  () => new VaultRefused('AccessDenied'),
  () => new ScratchDied('signal SIGKILL', ''),
  () => new RehearsalImpossible('It lacks something', 'Add it.'),
  () => new StatementRefused('table a', 'why'),
  () => new DumpUnreadable('its archive', 'cut'),
  () => new BackupDamaged('a key', 'a bit'),
];

type Strike = () => Promise<void>;

/** Each point where something can fail: the ports, each made to fail. */
const POINTS: Readonly<
  Record<string, (ports: VerifyPorts, strike: Strike) => Partial<VerifyPorts>>
> = {
  "reading the backup's row": ({ history }, strike) => ({
    history: { get: (...key) => strike().then(() => history.get(...key)) },
  }),
  'reading the manifest': ({ vault }, strike) => ({
    vault: { ...vault, readManifest: (key) => strike().then(() => vault.readManifest(key)) },
  }),
  'looking for the object': ({ vault }, strike) => ({
    vault: { ...vault, head: (key) => strike().then(() => vault.head(key)) },
  }),
  'reading the object': ({ vault }, strike) => ({
    vault: {
      ...vault,
      read: () =>
        Readable.from(
          (async function* () {
            yield BYTES.subarray(0, 5);
            await strike();
            yield BYTES.subarray(5);
          })(),
          { objectMode: false },
        ),
    },
  }),
  'opening the archive': ({ archives }, strike) => ({
    archives: { open: (request) => strike().then(() => archives.open(request)) },
  }),
  'starting the scratch server': ({ scratchRestores }, strike) => ({
    scratchRestores: {
      restoreAndCompare: (request) =>
        strike().then(() => scratchRestores.restoreAndCompare(request)),
    },
  }),
  comparing: ({ scratchRestores }, strike) => ({
    scratchRestores: {
      restoreAndCompare: async (request) => {
        const found = await scratchRestores.restoreAndCompare(request);
        await strike();
        return found;
      },
    },
  }),
  'noting it on the backup': ({ validations }, strike) => ({
    validations: {
      noteValidation: (...note) => strike().then(() => validations.noteValidation(...note)),
    },
  }),
  'renewing the claim': ({ verifications }, strike) => ({
    verifications: {
      ...verifications,
      heartbeat: (...claim) => strike().then(() => verifications.heartbeat(...claim)),
    },
  }),
  'writing the result': ({ verifications }, strike) => ({
    verifications: {
      ...verifications,
      complete: (...what) => strike().then(() => verifications.complete(...what)),
    },
  }),
};

/** Delivers the message as its queue does, until the row has ended. */
const settle = async (situation: OpenSituation, instead: Partial<VerifyPorts>): Promise<void> => {
  for (let delivery = 0; delivery < 6; delivery += 1) {
    await situation.deliver(instead).catch(() => undefined);
    if (isFinal((await situation.row()).status)) return;
    situation.pass(1_000_000);
  }
  throw new Error('it never ends');
};

describe.each(Object.entries(POINTS))('a failure while %s', (_, pointOf) => {
  it.each(ERRORS.map((make) => [make().name, make] as const))(
    '(%s), again and again',
    async (_name, make) => {
      const situation = await openSituation(tables);
      const strike = () => Promise.reject(make());
      await settle(situation, pointOf(situation.ports, strike));
      const { result } = await situation.row();
      expect(['failed', 'could-not-run']).toContain(result?.verdict);
      expect(
        result?.verdict === 'could-not-run' ? result.why : result?.differences[0],
      ).toBeTruthy();
      expect((await situation.backupRow()).validation).not.toBe('verified');
    },
  );

  it.each(ERRORS.map((make) => [make().name, make] as const))('(%s), once', async (_name, make) => {
    const situation = await openSituation(tables);
    let struck = false;
    const strike = async () => {
      if (struck) return;
      struck = true;
      throw make();
    };
    await settle(situation, pointOf(situation.ports, strike));
    const { result } = await situation.row();
    expect(struck).toBe(true);
    // It may have been tried again, and was verified then; row and backup agree.
    expect(['verified', 'failed', 'could-not-run']).toContain(result?.verdict);
    expect((await situation.backupRow()).validation).toBe(result?.verdict);
  });
});
