import { Stack } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { LarderFunction } from './lambda-function.ts';
import { makeValueBytes } from './value-bytes.ts';

/** Bytes of a standard parameter's value. https://docs.aws.amazon.com/general/latest/gr/ssm.html */
export const PARAMETER_LIMIT = 4096;

export interface StoredSettingsProps {
  /** A description, for people who find a parameter in the console. */
  readonly description: string;
  /** Each becomes one element of the JSON array in a parameter. */
  readonly entries: readonly object[];
}

/** Groups as many entries as fit into one parameter. */
const pack = (entries: readonly string[], bytesOf: (entry: string) => number): string[][] => {
  const packs: string[][] = [];
  let room = 0;
  for (const entry of entries) {
    const bytes = bytesOf(entry) + ','.length;
    const last = packs.at(-1);
    if (last && bytes <= room) last.push(entry);
    else {
      packs.push([entry]);
      room = PARAMETER_LIMIT - '[]'.length;
    }
    room -= bytes;
  }
  return packs;
};

/**
 * Settings that grow with the number of sources. A function's environment is limited to 4 KB, so these are parameters of Systems
 * Manager, as many as needed. The function reads them at its start, ten with one request. They contain no secrets.
 */
export class StoredSettings extends Construct {
  readonly #parameters: readonly CfnParameter[];

  constructor(scope: Construct, id: string, { description, entries }: StoredSettingsProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const texts = entries.map((entry) => stack.toJsonString(entry));
    this.#parameters = pack(texts, makeValueBytes(this)).map(
      (pieces, index) =>
        new CfnParameter(this, String(index), {
          type: 'String',
          description: `Larder: ${description}`,
          value: `[${pieces.join(',')}]`,
        }),
    );
  }

  /** For a function's environment. */
  get names(): string {
    return this.#parameters.map(({ ref }) => ref).join(',');
  }

  allowRead(reader: LarderFunction): void {
    const arns = this.#parameters.map(({ ref }) =>
      Stack.of(this).formatArn({ service: 'ssm', resource: 'parameter', resourceName: ref }),
    );
    reader.allow(['ssm:GetParameters'], arns);
  }
}
