import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Manifest, manifest } from '../../core/manifest.ts';
import { fileOfKey } from '../../local/emulators/s3/objects.ts';
import type { Stage } from '../stage.ts';

/** The path of an object's manifest in the stage's S3. */
export const manifestFileOf = (stage: Stage, fileId: string): string =>
  path.join(stage.folder, 's3', 'vault', fileOfKey(fileId.replace(/\.dump$/, '.manifest.json')));

export const manifestOf = (stage: Stage, fileId: string): Manifest =>
  manifest.parse(JSON.parse(readFileSync(manifestFileOf(stage, fileId), 'utf8')));
