/** Who serves models: a provider is one entry of data, in `vendors.ts`, `hosts.ts` or `clouds/`. */

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
  | 'embed-content'
  | 'embed-predict'
  | 'converse'
  | 'embed-invoke'
  | 'images'
  | 'image-edits'
  | 'speech'
  | 'transcriptions'
  | 'translations'
  | 'rerank'
  | 'ocr';

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

/** Where a deployment keeps its data and its calls (`WEIR_REGION`), by the names of Cloudflare's jurisdictions. */
export const REGIONS = ['eu', 'us', 'fedramp'] as const;
export type Region = (typeof REGIONS)[number];

/** How the provider wants its key: the header's name, and what precedes the key in it. */
export interface AuthScheme {
  readonly header: 'authorization' | 'x-api-key' | 'x-goog-api-key' | 'api-key';
  readonly prefix: '' | 'Bearer ';
}

/** What proves who calls where it is no key: a signature over each call, or a token that is fetched and kept. */
export type Signing =
  /** Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
  | {
      readonly kind: 'aws';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string | null;
      readonly region: string;
      readonly service: string;
    }
  /** A service account: https://developers.google.com/identity/protocols/oauth2/service-account */
  | { readonly kind: 'google'; readonly clientEmail: string; readonly privateKey: string; readonly tokenUrl: string }
  /** A client of Microsoft Entra: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow */
  | { readonly kind: 'entra'; readonly clientId: string; readonly clientSecret: string; readonly tokenUrl: string; readonly scope: string };

/** Values of the variables that an entry names. */
export type Settings = Readonly<Record<string, string>>;

/** Members of a body by name: a value to set, or null for one that must not be there. */
export type BodyMembers = Readonly<Record<string, string | null>>;

export interface Provider {
  /** The name in paths (`/groq/…`) and model strings (`groq/…`). */
  readonly slug: string;
  /** Other names of the same provider in paths, hosts and model strings. */
  readonly aliases: readonly string[];
  /**
   * Where it is. For OpenAI-compatible providers what precedes `/chat/completions`; for Anthropic's and Gemini's wires the host.
   * Never ends in a slash. `{NAME}` stands for a variable, `{NAME=x}` for one that is x unless it is set.
   */
  readonly baseUrl: string;
  /** The URL once its variables are filled in, where that is not all. */
  readonly adaptUrl?: (url: string) => string;
  /** Where the same service is in one region, by its documents. */
  readonly regions?: Readonly<Partial<Record<Region, string>>>;
  /** The regions that it is in by its settings, where those place it. */
  readonly regionsBy?: (settings: Settings) => readonly Region[];
  /** Its proxy's paths may begin with the place to ask, as Helicone's do; and what a caller signs with, by its headers. */
  readonly placed?: {
    /** What stands before the path of the provider, or null. */
    readonly read: (path: string) => { readonly place: string; readonly path: string } | null;
    readonly baseUrl: (place: string) => string;
    readonly regions: (place: string) => readonly Region[];
    readonly headers: readonly string[];
    /** `headers`: by lower-cased name. Null where they hold no keys. */
    readonly sign: (place: string, headers: ReadonlyMap<string, string>, held: Signing | null) => Signing | null;
  };
  /** Models by whose very names it leaves a region. */
  readonly leavesRegion?: (model: string, region: Region) => boolean;
  /** Where its API is described. */
  readonly documentation: string;
  /** What its documents say of keeping data and training on it, or null. */
  readonly dataUse: string | null;
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
  readonly prefill: { readonly models: RegExp; readonly flag: 'prefix' | 'partial' | null; readonly repeats: boolean } | null;
  /** Models that keep to a schema only in the arguments of a tool, or null. */
  readonly schemaByTool: RegExp | null;
  /** Models that keep to a schema only in calls without tools. */
  readonly schemaWithoutTools?: RegExp;
  /** Models beyond the price catalogue's. */
  readonly models: readonly string[];
  /** Variables beyond those in {@link baseUrl} that {@link pathFor} reads. */
  readonly settings?: readonly string[];
  /** In place of a key. Of its variables the first `required` must be set. */
  readonly signing?: { readonly variables: readonly string[]; readonly required: number; readonly read: (settings: Settings) => Signing | null };
  /** Where an endpoint is, as seen from the base URL (`../anthropic/v1/messages`), where it is not at its usual path below. */
  readonly paths?: Readonly<Partial<Record<EndpointName, string>>>;
  /** What follows the base URL, where it is not the endpoint's usual path; null: it is. */
  readonly pathFor?: (endpoint: EndpointName, model: string, streamed: boolean, settings: Settings) => string | null;
  /** What a model can be asked for, where each vendor's models are served in that vendor's wire; else `endpoints`. */
  readonly endpointsFor?: (model: string) => readonly EndpointName[];
  /** How a model is told to search the web (`:online`): by its name, or by a tool of the endpoint's; without it, not at all. */
  readonly online?: { readonly suffix: string } | { readonly tools: Readonly<Partial<Record<EndpointName, Readonly<Record<string, unknown>>>>> };
  /** It turns documents into text for any of its models, by its documents. */
  readonly readsDocuments?: true;
  /** Whose models it serves with all members of a body that only their vendor knows. */
  readonly vendor?: 'google' | 'openai';
  /** It counts the tokens of what stands in the body, and not of a call within it. */
  readonly countsBare?: true;
  /** What it calls the size of an embedding, where that is not `dimensions`; null: its models have but one. */
  readonly vectorSize?: 'output_dimension' | null;
  /** Members that bodies need here, or must not have, by endpoint; some by the model as the caller names it. */
  readonly bodyFor?: Readonly<Partial<Record<EndpointName, BodyMembers | ((model: string) => BodyMembers)>>>;
  /** Members of a chat that it calls otherwise than OpenAI does, or does not take (null), where it refuses what it does not know. */
  readonly chatNames?: Readonly<Record<string, string | null>>;
  /** Members of the messages in a chat's history, where answers of other vendors leave some that it refuses. */
  readonly refusedInMessages?: (model: string) => readonly string[];
  /** What it takes by its address, where that is less than its wire allows. */
  readonly takesUrls?: readonly ('image' | 'file')[];
  /** The vendor's own spelling of names that others write otherwise; what it does not know stays. */
  readonly spelling?: (model: string) => string;
  /** The provider's own name of a model that its vendor calls otherwise; what it does not know stays. */
  readonly nameFor?: (model: string, settings: Settings) => string;
  /** Answers in place of the network; only built-in providers have one. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

export const BEARER: AuthScheme = { header: 'authorization', prefix: 'Bearer ' };
