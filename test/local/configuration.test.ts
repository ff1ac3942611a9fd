import { describe, expect, it } from 'vitest';
import example from '../../larder.config.ts';
import { checkConfig } from '../../lib/config.ts';
import { localConfig, restoreSecretArnOf, secretArnOf } from '../../local/start/config.ts';

const source = {
  name: 'demo',
  host: '127.0.0.1',
  port: 5432,
  database: 'saas',
  tls: 'disable',
} as const;
const local = (more: object = {}, options = {}) =>
  localConfig(checkConfig({ ...example, ...more }), source, options);

describe('the configuration of a local stack', () => {
  it('accepts restores with a login of their own, if there is one', () => {
    expect(local().sources[0]).not.toHaveProperty('restore');
    const [demo] = localConfig(checkConfig(example), { ...source, takesRestores: true }).sources;
    expect(demo?.secretArn).toBe(secretArnOf('demo'));
    expect(demo?.restore?.secretArn).toBe(restoreSecretArnOf('demo'));
    expect(restoreSecretArnOf('demo')).not.toBe(secretArnOf('demo'));
  });

  it('verifies as configured, or only what is requested', () => {
    const verification = { which: 'each', compare: 'rows', temporaryMb: 1024 };
    expect(local({ verification }).verification).toMatchObject(verification);
    expect(local({ verification }, { onlyWhenAsked: true }).verification).toMatchObject({
      ...verification,
      which: 'none',
    });
    expect(local({ verification }).export.compare).toBe('rows');
  });
});
