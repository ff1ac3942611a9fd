/** Errors of a layer's build. Every message ends with the next step. */
export class LayerError extends Error {
  override readonly name: string = 'LayerError';
}

/** Neither apt nor a container engine exists: this machine can't build a layer. */
export class NoLayerBuilder extends LayerError {
  override readonly name = 'NoLayerBuilder';
  constructor(reason: string, cause?: unknown) {
    super(
      `PostgreSQL's programs can't be built here: ${reason}. Three ways out: ` +
        '(1) install Docker, Podman or Finch (CDK_DOCKER names the program) and run this again; ' +
        '(2) run "npm run layers" on a Debian or Ubuntu machine or in CI, copy its .cache/layers ' +
        'folder here, and use it as it is; ' +
        '(3) publish the layers once from elsewhere and give their ARNs in the configuration ' +
        '(context larder:client-layer-arn and larder:server-layer-arn).',
      { cause },
    );
  }
}

/** A release to be deployed is older than the fix of a vulnerability that a hostile dump can exploit. */
export class BelowFloor extends LayerError {
  override readonly name = 'BelowFloor';
  readonly versions: readonly string[];
  constructor(older: readonly { version: string; floor: string }[]) {
    const list = older.map((one) => `${one.version} (needs ${one.floor})`).join(', ');
    super(
      `The mirror has PostgreSQL ${list}: older than the fixes for CVE-2026-6477 and ` +
        'CVE-2026-18408, so do not deploy this layer. Give the apt configuration of the ' +
        'machine that builds it a current mirror with the security suites and run "npm run ' +
        'layers"; leave the major out with --majors; or accept it deliberately with --accept-older ' +
        '(acceptOlder in code), which the manifest of the layer then says.',
    );
    this.versions = older.map((one) => one.version);
  }
}

/** No release in this machine's apt configuration has the package. */
export class PackageNotFound extends LayerError {
  override readonly name = 'PackageNotFound';
  constructor(wanted: string, lookedIn: readonly string[]) {
    super(
      `No ${wanted} in ${lookedIn.join(', ') || "this machine's apt sources"}. Add a source that has ` +
        "it to the machine's apt configuration (for PostgreSQL 14 and 16 that is the PostgreSQL " +
        "project's own), or leave it out.",
    );
  }
}

export class MirrorUnreachable extends LayerError {
  override readonly name = 'MirrorUnreachable';
  constructor(words: string, cause?: unknown) {
    super(
      `The Debian mirror of this machine's apt configuration could not be read: ${words}. Check ` +
        'the network, the proxy and "apt-get update", then run this again: what was downloaded is kept.',
      { cause },
    );
  }
}

/** The download does not match the signed index. */
export class ChecksumMismatch extends LayerError {
  override readonly name = 'ChecksumMismatch';
  constructor(what: string, cause?: unknown) {
    super(
      `${what} is not what the mirror's signed index promises. The mirror may be changing just now ` +
        'or a proxy may be altering it: run this again, then with another mirror.',
      { cause },
    );
  }
}

export class DiskFull extends LayerError {
  override readonly name = 'DiskFull';
  constructor(where: string, cause?: unknown) {
    super(
      `The disk is full in ${where}. A layer needs about 1 GB while it is built; free ` +
        'some, or name another folder in LARDER_LAYER_CACHE.',
      { cause },
    );
  }
}

/** The folder for builds is unusable: it can't be written to, or its name can't be used in apt's configuration. */
export class UnusableCache extends LayerError {
  override readonly name = 'UnusableCache';
  constructor(cache: string, reason: string, cause?: unknown) {
    super(
      `Layers can't be built in ${cache}: ${reason}. Name another folder in LARDER_LAYER_CACHE or ` +
        'with --cache.',
      { cause },
    );
  }
}

export class LayerTooLarge extends LayerError {
  override readonly name = 'LayerTooLarge';
  constructor(layer: string, bytes: number, limit: number) {
    super(
      `The ${layer} layer would be ${Math.ceil(bytes / 1e6)} MB unzipped, over its limit of ` +
        `${limit / 1e6} MB (Lambda accepts 250 MB for a function and all its layers). Choose fewer ` +
        'majors or extensions.',
    );
  }
}

export class BadLayerRequest extends LayerError {
  override readonly name = 'BadLayerRequest';
}

/** A step of the build failed for another reason; contains the end of its output. */
export class BuildStepFailed extends LayerError {
  override readonly name = 'BuildStepFailed';
  constructor(step: string, said: string, cause?: unknown) {
    super(`${step} failed: ${said.trim() || 'it said nothing'}`, { cause });
  }
}
