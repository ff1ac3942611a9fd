import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readDocument } from '../../local/template/document.ts';
import { NESTED } from '../../local/template/nested.ts';
import { makeResolver } from '../../local/template/resolve.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'nested-'));
afterAll(() => rmSync(folder, { recursive: true }));

const url = (key: string) => ({
  'Fn::Join': ['', ['https://s3.', { Ref: 'AWS::Region' }, `/${key}`]],
});

/** Two nested stacks: `One` makes a queue, `Two` is given its address, and a third one is inside `Two`. */
const TEMPLATES = {
  outer: {
    Resources: {
      Rows: { Type: 'AWS::DynamoDB::Table' },
      One: {
        Type: NESTED,
        Properties: { TemplateURL: url('one.json'), Parameters: { rows: { Ref: 'Rows' } } },
      },
      Two: {
        Type: NESTED,
        Properties: {
          TemplateURL: url('two.json'),
          Parameters: { queue: { 'Fn::GetAtt': ['One', 'Outputs.QueueArn'] } },
        },
      },
    },
    Outputs: { Queue: { Value: { 'Fn::GetAtt': ['One', 'Outputs.QueueUrl'] } } },
  },
  one: {
    Parameters: { rows: { Type: 'String' } },
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue', DependsOn: ['Work'] },
      Work: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Plain: { 'Fn::Join': ['', ['table ', { Ref: 'rows' }]] },
          Text: { 'Fn::Sub': `\${rows}, \${Queue.Arn}, \${AWS::Region}, \${!Literal}` },
          Mixed: { 'Fn::Sub': [`\${own} of \${AWS::StackName}`, { own: { Ref: 'Queue' } }] },
          Stack: { Ref: 'AWS::StackName' },
        },
      },
    },
    Outputs: {
      QueueArn: { Value: { 'Fn::GetAtt': ['Queue', 'Arn'] } },
      QueueUrl: { Value: { Ref: 'Queue' } },
    },
  },
  two: {
    Parameters: { queue: { Type: 'String' } },
    Resources: {
      Work: {
        Type: 'AWS::Lambda::Function',
        Properties: { Reads: { Ref: 'queue' }, Inner: { 'Fn::GetAtt': 'Inner.Outputs.Name' } },
      },
      Inner: {
        Type: NESTED,
        Properties: { TemplateURL: url('inner.json'), Parameters: { queue: { Ref: 'queue' } } },
      },
    },
  },
  inner: {
    Parameters: { queue: { Type: 'String' } },
    Resources: {
      Work: { Type: 'AWS::Lambda::Function', Properties: { Reads: { Ref: 'queue' } } },
    },
    Outputs: { Name: { Value: { Ref: 'Work' } } },
  },
};

const read = (templates: Readonly<Record<string, object>> = TEMPLATES) => {
  const file = (name: string) => path.join(folder, `${name}.template.json`);
  for (const [name, one] of Object.entries(templates))
    writeFileSync(file(name), JSON.stringify(one));
  const files = Object.keys(templates).map((name) => [
    name,
    {
      source: { path: path.basename(file(name)) },
      destinations: { here: { objectKey: `${name}.json` } },
    },
  ]);
  const assetsFile = path.join(folder, 'outer.assets.json');
  writeFileSync(assetsFile, JSON.stringify({ files: Object.fromEntries(files) }));
  const document = readDocument({
    templateFile: file('outer'),
    assetsFile,
    stackName: 'Larder',
  });
  const resolve = makeResolver(document, { queues: 'http://127.0.0.1:4100' });
  const at = (id: string) => resolve(document.resources.get(id)?.Properties, id);
  return { document, resolve, at };
};

it('resources of nested stacks are resources of the stack, under the ids of both', () => {
  expect([...read().document.resources].map(([id, { Type }]) => [id, Type])).toEqual([
    ['Rows', 'AWS::DynamoDB::Table'],
    ['OneQueue', 'AWS::SQS::Queue'],
    ['OneWork', 'AWS::Lambda::Function'],
    ['TwoWork', 'AWS::Lambda::Function'],
    ['TwoInnerWork', 'AWS::Lambda::Function'],
  ]);
});

it('parameters have the values of the parent stack, in references and in texts', () => {
  expect(read().at('OneWork')).toEqual({
    Plain: 'table Rows',
    Text: `Rows, arn:aws:sqs:us-east-1:000000000000:OneQueue, us-east-1, \${Literal}`,
    Mixed: 'http://127.0.0.1:4100/000000000000/OneQueue of Larder-One',
    Stack: 'Larder-One',
  });
});

it('outputs have their values in the parent stack, in another nested stack and in one inside that', () => {
  const { at, document, resolve } = read();
  const arn = 'arn:aws:sqs:us-east-1:000000000000:OneQueue';
  expect(at('TwoWork')).toEqual({ Reads: arn, Inner: 'TwoInnerWork' });
  expect(at('TwoInnerWork')).toEqual({ Reads: arn });
  expect(resolve(document.outputs.get('Queue'), 'Queue')).toBe(
    'http://127.0.0.1:4100/000000000000/OneQueue',
  );
});

it('a nested stack whose template is not an asset is refused, and never left out', () => {
  const { two: _, ...rest } = TEMPLATES;
  expect(() => read(rest)).toThrow(/Two: the assets file has no template of .*two\.json/);
});

it('a reference to nothing in a nested stack is refused', () => {
  const one = {
    ...TEMPLATES.one,
    Resources: { Odd: { Type: 'AWS::Lambda::Function', Properties: { Gone: { Ref: 'Gone' } } } },
  };
  expect(() => read({ ...TEMPLATES, one }).at('OneOdd')).toThrow(/there is no Gone/);
});
