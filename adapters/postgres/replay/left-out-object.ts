import type { Name } from '../sql/kinds/word-cursor.ts';

/** Casts and objects that are known beforehand to be missing on the server. */
export interface LeavingOut {
  /** Casts that belong to the schema's objects but that no backup of it contains, such as `(integer AS acme.mood)`. */
  readonly casts: readonly string[];
  /** Objects outside the schema that are missing here, as messages name them: without quotes, arguments and access methods. */
  readonly missing: readonly MissingOutside[];
}

export interface MissingOutside {
  readonly kind: string;
  /** `public.ops` */
  readonly name: string;
}

export type LeftOutReason =
  /** `isSetting`: only a superuser may make a setting that it has. */
  | { readonly kind: 'superusers-only'; readonly isSetting?: true }
  /** `name` is that of an object that was left out or is missing, such as `acme.money`. */
  | { readonly kind: 'needs'; readonly name: string }
  | { readonly kind: 'needs-cast'; readonly cast: string };

export interface LeftOutObject {
  /** Such as `operator class "acme.ops"`. */
  readonly object: string;
  /** As statements name kinds, such as `table`, `operator class`. */
  readonly what: string;
  readonly name: Name;
  /** The table that it belongs to. */
  readonly table?: Name;
  /** True if the object exists, and only a statement about it was left out. */
  readonly isPartly: boolean;
  readonly because: LeftOutReason;
}
