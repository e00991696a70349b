/** What the stages hand to each other. */
import type { BodyMembers, Provider, Signing } from '../providers/provider';
import type { Endpoint } from '../wires/endpoints';
import type { JsonObject, RequestFacts, Wire } from '../wires/wire';
import type { GatewayError } from './errors';

/** Where a call came in, which decides whose provider key it uses and who names the host. */
export type Door =
  /** AI Gateway: any model in the endpoint's dialect, provider keys held by Weir. */
  | { readonly kind: 'gateway'; readonly endpoint: Endpoint }
  /** Provider proxy: the rest of the path goes to one provider. */
  | { readonly kind: 'proxy'; readonly provider: Provider }
  /** `/gateway/*`: the caller names the host. */
  | { readonly kind: 'target' };

export interface Call {
  /** Made by Weir: UUID version 7. */
  readonly id: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly door: Door;
  readonly wire: Wire;
  readonly method: string;
  /** Path under the door, with a leading slash and without key segments. */
  readonly path: string;
  /** The path as it is logged: the whole one, without key segments. */
  readonly fullPath: string;
  /** Query string byte for byte but for Weir keys, with its `?`, or empty. */
  readonly query: string;
  /** By lower-cased name, read out of the request once: each look into Headers crosses into the runtime. */
  readonly headers: ReadonlyMap<string, string>;
  /** A Weir key that stood in the path or the query. */
  readonly urlKey: string | null;
  /** Opens the body as a stream; null when there is none. Not asked for where `text` will do: the stream object alone costs. */
  readonly openBody: () => ReadableStream<Uint8Array> | null;
  /** Reads the whole body as text by the shortest way; only called when its length is known to be allowed. */
  readonly text: () => Promise<string>;
  readonly signal: AbortSignal;
  /** Two-letter country of the client, or null. */
  readonly country: string | null;
  /** Why it cannot be served, whatever it says. */
  readonly refusal?: GatewayError;
}

export const SCOPES = ['proxy', 'read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Identity {
  readonly keyId: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Header name (lower case) → value that counts when the call does not send the header. */
  readonly defaults: Readonly<Record<string, string>>;
  /** `own`: the caller sent its provider key along. `held`: Weir supplies it. */
  readonly providerKey: 'own' | 'held';
  /** Headers in which a Weir key stands, with what is left of them to send on, or null for nothing. */
  readonly rewritten: ReadonlyMap<string, string | null>;
}

/** A request body, read as far as it can be. */
export interface CallBody {
  /** Text of a buffered JSON body. */
  readonly text: string | null;
  /** Bytes of any other buffered body. */
  readonly bytes: Uint8Array | null;
  /** A body too large to buffer, to be passed on once. */
  readonly stream: ReadableStream<Uint8Array> | null;
  /** Bytes as they came, or 0 when that is not known. */
  readonly byteLength: number;
  readonly json: JsonObject | null;
  /** Fields of a form as texts, files named by size and type; null where it is none. */
  readonly form: JsonObject | null;
  /** What the wire made of it. */
  readonly facts: RequestFacts;
  readonly contentType: string;
}

/** One provider to ask. */
export interface Target {
  readonly provider: Provider | null;
  /** What attempts and records call it: a provider's slug, or the host. */
  readonly name: string;
  /** What it speaks: the call's own wire, or one that the call is translated into. */
  readonly wire: Wire;
  readonly url: string;
  /** The model's name at this provider, or null on paths without one. */
  readonly model: string | null;
  /** The key that Weir holds for it, or null when the caller sent its own or none is needed. */
  readonly key: string | null;
  /** What Weir signs calls with in place of a key, or null. */
  readonly signing: Signing | null;
  /** A tool of the vendor's own that the body gets beside the caller's, or null. */
  readonly tool: JsonObject | null;
  /** Members that the body needs there, or must not have. */
  readonly bodyMembers: BodyMembers;
  /** Tokens of prompt and answer that the model takes, or null when that is not known. */
  readonly contextWindow: number | null;
  /** Most tokens of an answer, or null when that is not known. */
  readonly outputLimit: number | null;
  /** Set by `Helicone-Fallbacks`, else null. */
  readonly fallback: Fallback | null;
}

/** What one entry of `Helicone-Fallbacks` says beside its host. */
export interface Fallback {
  /** From 0, in the order of the header. */
  readonly index: number;
  /** In place of the call's own headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** Statuses that move on to the next entry: from, to. */
  readonly onCodes: readonly (readonly [number, number])[];
  /** Top-level members to set in the body. */
  readonly bodyOverride: JsonObject | null;
}
