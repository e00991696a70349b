/**
 * What the wires write, held against the types of the vendors' own SDKs: each body, answer and event is put into a file as a literal
 * of the vendor's type, and the compiler reads it.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { NO_USAGE } from '../../schema/record';
import { anthropicMessages } from '../../src/wires/anthropic-messages/wire';
import type { Citation, Completion, FinishReason, Part, StreamPart } from '../../src/wires/canonical';
import { gemini } from '../../src/wires/gemini/wire';
import { openAiChat } from '../../src/wires/openai-chat/wire';
import { openAiResponses } from '../../src/wires/openai-responses/wire';
import { eventsOf } from '../../src/wires/sse';
import type { Wire } from '../../src/wires/wire';
import { ROOT } from '../harness/build.ts';

/** Where packages are found, and nothing is kept. */
const FOLDER = join(ROOT, 'node_modules/.weir-shapes');
const run = promisify(execFile);

/** Enumerations as the words they stand for, bytes as the text they are in JSON. */
const PRELUDE = `
import type { ConverseRequest } from '@aws-sdk/client-bedrock-runtime';
import type { Message, MessageCreateParams, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages';
import type { Content, GenerateContentResponse, GenerationConfig, Tool, ToolConfig } from '@google/genai';
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionCreateParams } from 'openai/resources/chat/completions';
import type { Response as OpenAiResponse, ResponseCreateParamsNonStreaming, ResponseInputItem, ResponseOutputMessage, ResponseReasoningItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
type Json<T> = unknown extends T ? T
  : T extends Uint8Array ? string
  : T extends string ? \`\${T}\`
  : T extends number | boolean | null | undefined ? T
  : T extends readonly (infer Each)[] ? Json<Each>[]
  : { [Key in keyof T]: Json<T[Key]> };
/** Reasoning as DeepSeek and OpenRouter put it beside a chat's text. */
interface Reasoning { reasoning_content?: string | null; reasoning?: string | null; reasoning_details?: object[] }
/** Its search models put them into the stream as into the whole message. */
type Annotations = { annotations?: ChatCompletion.Choice['message']['annotations'] };
type ChatRequest = ChatCompletionCreateParams;
type ChatMessage = ChatCompletion.Choice['message'] & Reasoning;
type Chat = Omit<ChatCompletion, 'choices'> & { choices: (Omit<ChatCompletion.Choice, 'message'> & { message: ChatMessage })[] };
type ChatDelta = ChatCompletionChunk.Choice.Delta & Reasoning & Annotations;
type ChatChunk = Omit<ChatCompletionChunk, 'choices'> & { choices: (Omit<ChatCompletionChunk.Choice, 'delta'> & { delta: ChatDelta })[] };
/** What is not stored has no id to be looked up by, and Codex sends none. */
type ResponseItem = ResponseInputItem | Omit<ResponseReasoningItem, 'id'> | Omit<ResponseOutputMessage, 'id' | 'status'>;
type ResponsesRequest = Omit<ResponseCreateParamsNonStreaming, 'input'> & { input: string | ResponseItem[] };
/** The service says whether it stores, and null before there is a usage; \`output_text\` is the SDK's own. */
type Stored<T> = Omit<T, 'output_text' | 'usage' | 'access_programs'> & { store: boolean; usage?: OpenAiResponse['usage'] | null };
type ResponseAnswer = Stored<OpenAiResponse>;
/** The call's name stands in the event by the reference, and not in every SDK. */
type ResponseEvent = { [Type in ResponseStreamEvent['type']]: Extract<ResponseStreamEvent, { type: Type }> } extends infer Events
  ? { [Type in keyof Events]: Events[Type] extends { response: infer R } ? Omit<Events[Type], 'response'> & { response: Stored<R> } : Events[Type] & { name?: string } }[keyof Events]
  : never;
/** The newest models refuse sampling, and the type has none of it; the older ones take it. */
type MessagesRequest = MessageCreateParams & { temperature?: number; top_p?: number; top_k?: number };
type GeminiRequest = Json<{ contents: Content[]; systemInstruction?: Content; tools?: Tool[]; toolConfig?: ToolConfig; generationConfig?: GenerationConfig }>;
type GeminiAnswer = Json<Pick<GenerateContentResponse, 'candidates' | 'usageMetadata' | 'modelVersion' | 'responseId' | 'promptFeedback'>>;
type BedrockRequest = Json<Omit<ConverseRequest, 'modelId'>>;
`;

const REQUESTS = {
  chat: 'ChatRequest',
  responses: 'ResponsesRequest',
  messages: 'MessagesRequest',
  gemini: 'GeminiRequest',
  bedrock: 'BedrockRequest',
} as const;

interface Dialect {
  readonly wire: Wire;
  readonly answer: string;
  readonly event: string;
}
const CALLERS: Readonly<Record<string, Dialect>> = {
  chat: { wire: openAiChat, answer: 'Chat', event: 'ChatChunk' },
  responses: { wire: openAiResponses, answer: 'ResponseAnswer', event: 'ResponseEvent' },
  messages: { wire: anthropicMessages, answer: 'Message', event: 'RawMessageStreamEvent' },
  gemini: { wire: gemini, answer: 'GeminiAnswer', event: 'GeminiAnswer' },
};

const call: Part = { kind: 'tool-call', id: 'call_1', name: 'get_weather', input: '{"city":"Oslo"}' };
const text: Part = { kind: 'text', text: 'Snow.' };
const cited: readonly Citation[] = [{ url: 'https://example.com/snow', title: 'Snow', from: 0, to: 5 }];
type Said = readonly [FinishReason, readonly Part[], (readonly Citation[])?];
const PARTS: Readonly<Record<string, Said>> = {
  text: ['stop', [text]],
  'text with its source': ['stop', [text], cited],
  nothing: ['stop', []],
  'cut by its length': ['length', [text]],
  filtered: ['filter', [text]],
  'a refusal': ['stop', [{ kind: 'refusal', text: 'No.' }]],
  tools: ['tool-calls', [text, call, { ...call, id: 'call_2', input: '{}' }]],
  'thinking that is signed': ['stop', [{ kind: 'thinking', text: 'hm', signature: { by: 'anthropic', text: 'c2ln' } }, text]],
  'thinking that is not': ['stop', [{ kind: 'thinking', text: 'hm', signature: null }, text]],
  'thinking that is hidden': ['stop', [{ kind: 'thinking', text: '', signature: { by: 'openai', text: 'ZW5j', isHidden: true } }, text]],
};
const usage = { ...NO_USAGE, input: 12, output: 6, cacheRead: 4, cacheWrite: 2, reasoning: 3 };

const completionOf = ([finish, parts, citations = []]: Said): Completion => ({ id: 'a1', model: 'm', parts, citations, finish, usage });

function streamOf([finish, parts, citations = []]: Said): StreamPart[] {
  let tool = 0;
  const content = parts.flatMap((part): StreamPart[] => {
    if (part.kind === 'text' || part.kind === 'refusal') return [{ kind: part.kind, text: part.text }];
    if (part.kind === 'thinking') {
      const signature: StreamPart[] = part.signature === null ? [] : [{ kind: 'signature', ...part.signature }];
      return part.text === '' ? signature : [{ kind: 'thinking', text: part.text }, ...signature];
    }
    if (part.kind !== 'tool-call') throw new Error(part.kind);
    const at = tool++;
    return [
      { kind: 'tool-call', tool: at, id: part.id, name: part.name },
      { kind: 'tool-input', tool: at, text: part.input },
    ];
  });
  const told = citations.map((each) => ({ kind: 'citation', ...each }) as const);
  return [{ kind: 'start', id: 'a1', model: 'm' }, ...content, ...told, { kind: 'finish', reason: finish }, { kind: 'usage', usage }];
}

function eventsWritten({ inbound }: Wire, parts: readonly StreamPart[]): string[] {
  const writer = inbound?.openWriter(1_700_000_000, {});
  if (writer === undefined) return [];
  const stream = parts.map((part) => writer.write(part)).join('') + writer.end();
  return eventsOf(stream).flatMap(({ data }) => (data === '' || data === '[DONE]' ? [] : [data]));
}

/** One line a value, so that the compiler's line number says which. */
const lines: string[] = [];
const names: string[] = [];
function hold(name: string, type: string, json: string): void {
  names.push(name);
  // Within a text they are nothing; the compiler counts them as ends of lines.
  const safe = json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  lines.push(`void (${safe} satisfies ${type});`);
}

for (const [target, type] of Object.entries(REQUESTS)) {
  for (const line of readFileSync(join(ROOT, 'test/fixtures/bodies', `${target}.snap`), 'utf8')
    .trimEnd()
    .split('\n')) {
    const [, name = '', json = ''] = /^(.*?): (\{.*\}|null)$/s.exec(line) ?? [];
    if (json !== 'null') hold(`the body for ${target}: ${name}`, type, json);
  }
}
for (const [caller, { wire, answer, event }] of Object.entries(CALLERS)) {
  for (const [name, parts] of Object.entries(PARTS)) {
    hold(`the answer to ${caller}: ${name}`, answer, JSON.stringify(wire.inbound?.writeCompletion(completionOf(parts), 1_700_000_000, {})));
    for (const data of eventsWritten(wire, streamOf(parts))) hold(`an event to ${caller}: ${name}`, event, data);
  }
}

afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

it('fits the types of the SDKs', async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const prelude = PRELUDE.trim();
  const options = {
    target: 'es2024',
    module: 'esnext',
    moduleResolution: 'bundler',
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
  };
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['shapes.ts'] }));
  writeFileSync(join(FOLDER, 'shapes.ts'), `${prelude}\n${lines.join('\n')}\n`);
  const { stdout } = await run(join(ROOT, 'node_modules/.bin/tsc'), ['--project', FOLDER, '--pretty', 'false']).catch(
    (error: { stdout: string }) => error,
  );
  const offset = prelude.split('\n').length + 1;
  const faults = stdout.split('\n').flatMap((line) => {
    const at = /shapes\.ts\((\d+),\d+\): (.*)$/.exec(line);
    return at === null ? (line.startsWith('error') ? [line] : []) : [`${names[Number(at[1]) - offset]}: ${at[2]}`];
  });
  expect(faults).toEqual([]);
  expect(lines.length).toBeGreaterThan(200);
}, 60_000);
