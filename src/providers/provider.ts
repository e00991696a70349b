/** Who serves models: a provider is one entry of data in `registry.ts`. */

/** An endpoint of a wire that the AI Gateway can call. */
export type EndpointName =
  | 'chat'
  | 'completions'
  | 'embeddings'
  | 'moderations'
  | 'responses'
  | 'messages'
  | 'count-tokens'
  | 'generate-content'
  | 'count-content'
  | 'embed-content';

export const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type Effort = (typeof EFFORTS)[number];

/** How some models are told how much to think. */
export interface ReasoningEntry {
  readonly models: RegExp;
  /** A word (`reasoning_effort`), a number of tokens, a level, or the model's own measure under a word. */
  readonly style: 'effort' | 'budget' | 'level' | 'adaptive';
  /** The words that it knows, where not all. */
  readonly efforts?: readonly Effort[];
  /** Least and most tokens, and whether 0 turns it off. */
  readonly budget?: { readonly least: number; readonly most: number; readonly hasOff: boolean };
}

/** How the provider wants its key: the header's name, and what precedes the key in it. */
export interface AuthScheme {
  readonly header: 'authorization' | 'x-api-key' | 'x-goog-api-key';
  readonly prefix: '' | 'Bearer ';
}

export interface Provider {
  /** The name in paths (`/groq/…`) and model strings (`groq/…`). */
  readonly slug: string;
  /** Other names of the same provider in paths, hosts and model strings. */
  readonly aliases: readonly string[];
  /**
   * Where it is. For OpenAI-compatible providers what precedes `/chat/completions`; for Anthropic's and Gemini's wires the host.
   * Never ends in a slash.
   */
  readonly baseUrl: string;
  readonly auth: AuthScheme;
  /** Variable that holds its key, by the name its own SDK reads, or null when it takes none. */
  readonly keyVariable: string | null;
  /** Variable that moves {@link baseUrl}. */
  readonly baseUrlVariable: string;
  /** What it can be asked for in its own wire. */
  readonly endpoints: readonly EndpointName[];
  /** Its id in the price catalogue, or null when that does not list it. */
  readonly priceId: string | null;
  /** Whether a chat stream may be asked for usage (`stream_options.include_usage`). */
  readonly streamUsage: boolean;
  /** What its chat endpoint calls the limit of the answer's tokens. */
  readonly outputLimitField: 'max_tokens' | 'max_completion_tokens';
  /** Models that can be told how much to think, and how; the first that fits counts. */
  readonly reasoning: readonly ReasoningEntry[];
  /** Models that refuse sampling parameters, or null. */
  readonly fixedSampling: RegExp | null;
  /**
   * It goes on from an assistant's message at the end of a chat, by its documents: for which models, and what member that message
   * must carry; `repeats`: its answer begins with that text again. Null: it does not, or does not say so.
   */
  readonly prefill: { readonly models: RegExp; readonly flag: 'prefix' | null; readonly repeats: boolean } | null;
  /** Models beyond the price catalogue's. */
  readonly models: readonly string[];
  /** Answers in place of the network; only built-in providers have one. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

export const BEARER: AuthScheme = { header: 'authorization', prefix: 'Bearer ' };
