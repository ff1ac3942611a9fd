import { sha256Hex } from './ids.ts';
import type { ManifestSignature } from './manifest.ts';

/**
 * Who may write below a project's prefix of the vault can put any JSON there, also another project's manifest or a changed one. So a
 * manifest is signed by a key that only an export may use, over what it says and over its own key in the vault: it counts at that key
 * and at no other. The bucket is not part of it, so that a vault may be copied.
 */
const canonicalText = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map((one) => canonicalText(one)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, one]) => `${JSON.stringify(name)}:${canonicalText(one)}`).join(',')}}`;
};

/**
 * What the signature of a manifest is over, below the 4,096 bytes that KMS takes: its key, and the SHA-256 of what it says, written in one way
 * only: members in the order of their names (UTF-16 units), without white space.
 * @param key the manifest's own, in the vault
 * @param manifest as it is read from JSON, or written as JSON; its signature does not count
 */
export const messageToSign = (key: string, manifest: object): string => {
  const { signature: _, ...content } = manifest as { readonly signature?: unknown };
  return `larder manifest 1\n${key}\n${sha256Hex(canonicalText(content))}`;
};

/** Signs what an export has written. Errors: ManifestKeyRefused, ManifestKeyUnreachable. */
export interface ManifestSigner {
  sign(message: string): Promise<ManifestSignature>;
  /** Whether this signer's own key made the signature. */
  hasSigned(message: string, signature: ManifestSignature): Promise<boolean>;
}

/** Tells whether one of the configured keys made a signature. Errors: ManifestKeyRefused, ManifestKeyUnreachable. */
export interface ManifestVerifier {
  verify(message: string, signature: ManifestSignature): Promise<boolean>;
}
