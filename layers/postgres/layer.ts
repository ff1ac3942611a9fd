/** The requested contents of a layer and its manifest. This file does no disk access. */
import { BadLayerRequest, BelowFloor } from './errors.ts';

export type LayerName = 'client' | 'server';
export type Architecture = 'arm64' | 'x86_64';

export type LayerRequest = {
  layer: LayerName;
  /** This machine's by default. */
  arch?: Architecture;
  /** 15, 17 and 18 by default for the client; 18 for the server. */
  majors?: readonly number[];
  /**
   * Packages with more extensions for the server: by their full name (`postgresql-17-cron`), or
   * without the major (`pgvector`) for each major of the layer.
   */
  extensions?: readonly string[];
  /** Deploys releases below the floor anyway; the manifest records that. */
  acceptOlder?: boolean;
  /** `deploy` refuses releases below the floor, `local` (the default) only reports them. */
  use?: 'deploy' | 'local';
  /** Checks for newer packages even if a built layer exists. */
  refresh?: boolean;
  /** The folder for builds and downloads; see `defaultCache`. */
  cache?: string;
  /** Called with a line for each step. */
  onProgress?: (line: string) => void;
};

/** A request with its defaults filled in. */
export type LayerPlan = {
  layer: LayerName;
  arch: Architecture;
  majors: readonly number[];
  extensions: readonly string[];
  acceptOlder: boolean;
};

/** `postgres/<layer>/manifest.json` in a layer. */
export type LayerManifest = {
  manifestVersion: 1;
  layer: LayerName;
  arch: Architecture;
  /** SHA-256 of all inputs that determine the bytes of the layer, hex. */
  inputs: string;
  /** Full version of each major's programs, e.g. `{"17": "17.12"}`. */
  programs: Readonly<Record<string, string>>;
  extensions: readonly string[];
  /** Releases below their floor; accepted by a person if `acceptedOlder` is true. */
  belowFloor: readonly string[];
  acceptedOlder: boolean;
  /** Every package whose files were used. */
  packages: readonly {
    name: string;
    version: string;
    architecture: string;
    release: string;
    sha256: string;
  }[];
};

export const CLIENT_MAJORS: readonly number[] = [15, 17, 18];
export const SERVER_MAJORS: readonly number[] = [18];

/** Bytes, unzipped. Both layers and the largest function must stay under Lambda's 250 MB. */
export const SIZE_LIMIT: Readonly<Record<LayerName, number>> = {
  client: 90_000_000,
  server: 150_000_000,
};

/** The first releases that fix CVE-2026-6477 and CVE-2026-18408. */
const FLOORS: Readonly<Record<number, number>> = { 14: 24, 15: 19, 16: 15, 17: 11, 18: 6 };

const OLDEST_MAJOR = 14;

/** Debian's names of the architectures. */
export const DEBIAN_ARCHITECTURE: Readonly<Record<Architecture, string>> = {
  arm64: 'arm64',
  x86_64: 'amd64',
};

/** This machine's architecture, in Lambda's terms. */
export function hostArchitecture(): Architecture {
  return process.arch === 'arm64' ? 'arm64' : 'x86_64';
}

/** @throws BadLayerRequest with all mistakes */
export function planLayer(request: LayerRequest): LayerPlan {
  const { layer } = request;
  const wanted = request.majors ?? (layer === 'client' ? CLIENT_MAJORS : SERVER_MAJORS);
  const majors = [...new Set(wanted)].sort((a, b) => a - b);
  const mistakes: string[] = [];
  if (majors.length === 0) mistakes.push('name at least one major');
  for (const major of majors) {
    if (!Number.isInteger(major) || major < OLDEST_MAJOR || major > 99) {
      mistakes.push(`major ${major} is not supported by Larder (${OLDEST_MAJOR} and later)`);
    }
  }
  const extensions = (request.extensions ?? []).flatMap((name) => {
    if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name)) {
      mistakes.push(`${JSON.stringify(name)} is not the name of a Debian package`);
      return [];
    }
    const major = Number(/^postgresql-(\d+)-/.exec(name)?.[1]);
    if (!major) return majors.map((one) => `postgresql-${one}-${name}`);
    if (majors.includes(major)) return [name];
    mistakes.push(`${name} is for ${major}, the layer has ${majors.join(', ')}`);
    return [];
  });
  if (layer === 'client' && extensions.length > 0) {
    mistakes.push('extensions belong in the server layer');
  }
  if (mistakes.length > 0)
    throw new BadLayerRequest(`This is not a layer: ${mistakes.join('; ')}.`);
  return {
    layer,
    arch: request.arch ?? hostArchitecture(),
    majors,
    extensions: [...new Set(extensions)].sort(),
    acceptOlder: request.acceptOlder ?? false,
  };
}

/** PostgreSQL's version from a package version: `17.11-0+deb13u1` is 17.11, `19~rc1-1` is 19rc1. */
export function upstreamVersion(packageVersion: string): string {
  const match = /^(?:\d+:)?(\d+)(?:(\.\d+)|~?((?:alpha|beta|rc|devel)\d*))/.exec(packageVersion);
  if (!match) return packageVersion;
  return `${match[1]}${match[2] ?? match[3]}`;
}

/** The versions among these that are below their major's floor, with that floor. */
export function belowFloor(versions: readonly string[]): { version: string; floor: string }[] {
  return versions.flatMap((version) => {
    const [major = '', minor] = version.split('.');
    const floor = FLOORS[Number.parseInt(major, 10)];
    if (floor === undefined) return [];
    // A beta or release candidate ("18rc1") is older than every minor release.
    const old = minor === undefined || Number(minor) < floor;
    return old ? [{ version, floor: `${Number.parseInt(major, 10)}.${floor}` }] : [];
  });
}

/** @throws BelowFloor if a layer to be deployed contains an older release that was not accepted */
export function checkFloors(manifest: LayerManifest, plan: LayerPlan): void {
  const older = belowFloor(Object.values(manifest.programs));
  if (older.length > 0 && !plan.acceptOlder) throw new BelowFloor(older);
}
