import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { LarderFunction } from './lambda-function.ts';

/**
 * The key that signs manifests. It is kept when the stack is deleted, like the vault: if the history is lost, only this key can prove
 * which manifests Larder wrote. KMS does not rotate HMAC keys: an operator creates a new one, and the old one stays in
 * `manifests.olderKeys` for verification.
 */
export class ManifestKey extends Construct {
  readonly key: Key;
  /** For the functions' environment: the signing key, then the older keys. */
  readonly ids: string;
  /** The same keys, by their ARNs. */
  readonly arns: readonly string[];

  constructor(scope: Construct, id: string, { manifests }: Pick<Config, 'manifests'>) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: "Larder: the manifests' signatures",
      keySpec: KeySpec.HMAC_256,
      keyUsage: KeyUsage.GENERATE_VERIFY_MAC,
      alias: `larder/${Stack.of(this).stackName}/manifests`,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.arns = [this.key.keyArn, ...manifests.olderKeys];
    this.ids = [this.key.keyId, ...manifests.olderKeys].join(',');
  }

  /** Only functions that export may sign. */
  allowSign(writer: LarderFunction): void {
    writer.allow(['kms:GenerateMac'], [this.key.keyArn]);
  }

  allowVerify(reader: LarderFunction): void {
    reader.allow(['kms:VerifyMac'], this.arns);
  }
}
