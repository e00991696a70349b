/** A wire is a protocol that clients and providers speak. Each has a folder with the same file names; this is what it offers. */
import type { Usage } from '../../schema/record';
import type { Frames } from './aws-frames';
import type { Inbound, Outbound } from './canonical';
import type { Embedder } from './embedder';
import type { SseEvent } from './sse';

export type WireName =
  | 'openai-chat'
  | 'openai-responses'
  | 'openai-embeddings'
  | 'openai-moderations'
  | 'anthropic-messages'
  | 'gemini'
  | 'gemini-embeddings'
  | 'vertex-embeddings'
  | 'bedrock-converse'
  | 'bedrock-embeddings'
  | 'openai-images'
  | 'openai-audio'
  | 'rerank'
  | 'mistral-ocr'
  | 'raw';

export type JsonObject = Readonly<Record<string, unknown>>;

/** `settings`: by Claude's names where it has them. `isNative`: in the dialect's own words, which its vendor reads itself. */
export interface WebSearch {
  readonly settings: JsonObject;
  readonly isNative: boolean;
}

/** What the gateway needs to know of a request body. Foreign bodies are read leniently: what is not there is null. */
export interface RequestFacts {
  readonly model: string | null;
  readonly streamed: boolean;
  /** Answers asked for in one call (`n`); a stream is whole when that many have finished. */
  readonly choices: number;
  /** Most tokens of all answers together, as the body states them; null: it states none. */
  readonly maxOutputTokens: number | null;
  readonly user: string | null;
  readonly session: string | null;
  /** Its answer is made after it has ended. */
  readonly isBackground?: true;
  /** A search on the web is asked for. */
  readonly search?: WebSearch;
}

/** An answer that its vendor makes after the call has ended: https://platform.openai.com/docs/guides/background */
export interface Background {
  /** Under which it lies there. */
  readonly id: string;
  /** What it used up, once that is known. */
  readonly usage: Usage | null;
}

export interface AnswerFacts {
  readonly model: string | null;
  readonly usage: Usage | null;
  /** The provider's own message when the body is an error under a success status. */
  readonly error: string | null;
  /** It failed or goes on, in a form that is no error: not to be repeated to others. */
  readonly isPassing?: true;
  readonly background?: Background | null;
}

/** What one event of a stream was. */
export interface EventFacts {
  /** Text, reasoning, a tool call or a refusal: what a reader would call the first byte. */
  readonly content?: boolean;
  /** The event is the usage that only Weir asked for and is taken out again. */
  readonly drop?: boolean;
  /** The provider reports a failure inside the stream, in its own words. */
  readonly error?: string;
  /** What the provider calls that failure. */
  readonly errorCode?: string | null;
  /** Why the event is none of this protocol. */
  readonly malformed?: string;
}

/** Follows one stream, event by event. */
export interface StreamReader {
  read(event: SseEvent): EventFacts;
  /** The finish reason (of every choice) has come. */
  readonly finished: boolean;
  /** The protocol's own last word has come; nothing follows it. */
  readonly ended: boolean;
  readonly usage: Usage | null;
  readonly model: string | null;
  readonly background?: Background | null;
}

/** An error of Weir's to be written in a wire's dialect. */
export interface WireError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  /** What OpenAI's wires call its kind; without it, by the status. */
  readonly type?: string;
  readonly requestId: string;
}

/** A top-level member of a request body to set; `json` is the member's value as JSON text, or null where it is to go. */
export interface BodyEdit {
  readonly key: string;
  readonly json: string | null;
}

/** The most that a call uses up. `isStated`: by its own words; else `usage` is assumed, and `most` is what it can come to. */
export type Worst = { readonly usage: Usage; readonly isStated: true } | { readonly usage: Usage; readonly isStated: false; readonly most: Usage };

export interface Wire {
  readonly name: WireName;
  /** Model and streaming are named by the path, not by the body. */
  readonly hasModelInPath?: true;
  /** Calls may come as `multipart/form-data`; their fields are read as an object of texts. */
  readonly takesForms?: true;
  /** Answers may be something else than JSON. */
  readonly answersBytes?: true;
  /** Its calls ask for answers that were made before, and use up nothing. */
  readonly isStored?: true;
  /** What a call uses up by its request alone, where the answer does not say. */
  readonly usageOfRequest?: (body: JsonObject) => Usage | null;
  /** The most that a call uses up, of wires whose answers are no text. `byteLength`: of the body. */
  readonly worstOfRequest?: (body: JsonObject, facts: RequestFacts, byteLength: number) => Worst;
  /** `path`: under the door, for wires that say something there. */
  readRequest(body: JsonObject, path: string): RequestFacts;
  /** Edits that make the provider report usage in a stream, or none when it does anyway or was asked already. */
  askForUsage(body: JsonObject): readonly BodyEdit[];
  readAnswer(body: JsonObject): AnswerFacts;
  /**
   * `dropUsage`: the usage event was asked for by Weir alone.
   * Null where nothing is known of such streams: they are whole when their connection ends properly.
   */
  openStream(facts: RequestFacts, dropUsage: boolean): StreamReader | null;
  writeError(error: WireError): JsonObject;
  writeErrorEvent(error: WireError): string;
  /** Null: calls in this wire stay in it. */
  readonly inbound: Inbound | null;
  /** Null: no call of another wire is translated for this one. */
  readonly outbound: Outbound | null;
  /** Edits of a body that names the model of its path again, where the target calls it otherwise. */
  readonly renameModel?: (body: JsonObject, model: string) => readonly BodyEdit[];
  /** Its calls turn texts into vectors. */
  readonly embedder?: Embedder;
  /** Its streams come in a framing of their own, and are read as the server-sent events that this makes of it. */
  readonly openFrames?: () => Frames;
}
