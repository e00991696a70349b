/** https://platform.openai.com/docs/api-reference/chat/create and /completions/create */
import {
  CACHED_CONTENT,
  type Conversation,
  type Data,
  droppedFailures,
  droppedMarks,
  droppedSteering,
  droppedThinking,
  listOf,
  type Message,
  OPENAI_MEMBERS,
  outputFor,
  ownFor,
  type Part,
  pickOwn,
  readMark,
  readSteering,
  type Signature,
  type Source,
  samplingFor,
  sourceUrl,
  steeringFor,
  systemText,
  type Tool,
  textOf,
  Untranslatable,
  type WriteOptions,
  type WrittenRequest,
} from '../canonical';
import { readImages, readParts } from '../chat-content';
import { CONTEXT_EDITING, readContextEditing } from '../context-editing';
import { at, count, isObject, limitOf, numberOr, objects, shown, stringOr } from '../json';
import { ASKED_MEMBERS, readAsked, unknownEffort, unreadAsked } from '../reasoning';
import { readDetails } from '../reasoning-details';
import { inTurns, settled } from '../turns';
import { unread } from '../unread';
import { otherPlugins, searchInChat } from '../web-search';
import type { BodyEdit, JsonObject, RequestFacts } from '../wire';

export function readRequest(body: JsonObject): RequestFacts {
  const search = searchInChat(body);
  const each = Math.max(1, count(body['n']));
  // Both names are in use, and the provider decides which one counts.
  const stated = limitOf(body['max_completion_tokens'], body['max_tokens']);
  // A list of numbers is one prompt in tokens.
  const prompts = Array.isArray(body['prompt']) && body['prompt'].every((it) => typeof it !== 'number') ? Math.max(1, body['prompt'].length) : 1;
  return {
    model: stringOr(body['model'], null),
    streamed: body['stream'] === true,
    choices: each * prompts,
    maxOutputTokens: stated === null ? null : stated * Math.max(each, count(body['best_of'])) * prompts,
    user: stringOr(body['user'], null) ?? stringOr(body['safety_identifier'], null),
    session: null,
    ...(search !== null && { search }),
  };
}

export function askForUsage(body: JsonObject): readonly BodyEdit[] {
  const options = body['stream_options'];
  if (isObject(options) && options['include_usage'] === true) return [];
  return [{ key: 'stream_options', json: JSON.stringify({ ...(isObject(options) ? options : {}), include_usage: true }) }];
}

// --- to the canonical form and back ---

/** Members that are read here, or that say nothing to another wire. */
const READ: ReadonlySet<string> = new Set([
  ...['model', 'messages', 'system', 'stream', 'stream_options', 'tools', 'tool_choice', 'parallel_tool_calls', 'plugins', 'web_search_options'],
  ...['max_tokens', 'max_completion_tokens', 'temperature', 'top_p', 'top_k', 'seed', 'random_seed', 'presence_penalty', 'frequency_penalty', 'stop'],
  ...['user', 'safety_identifier', CONTEXT_EDITING, 'reasoning_effort', ...ASKED_MEMBERS, ...OPENAI_MEMBERS, 'response_format'],
  // Refused, or named, where they say something.
  ...['n', 'logprobs', 'logit_bias', 'store', 'modalities'],
]);

export function readConversation(body: JsonObject): Conversation {
  refuseMeaning(body);
  const stop = body['stop'];
  const named = at(body, 'tool_choice', 'function', 'name');
  return {
    model: stringOr(body['model'], ''),
    streamed: body['stream'] === true,
    messages: [...readSystem(body['system']), ...listOf(body['messages'], 'messages').map((each, index) => marked(readMessage(each, index), each))],
    tools: listOf(body['tools'], 'tools').map(readTool),
    toolChoice: typeof named === 'string' ? { name: named } : readChoice(body['tool_choice'] ?? null),
    parallelTools: typeof body['parallel_tool_calls'] === 'boolean' ? body['parallel_tool_calls'] : null,
    maxOutputTokens: limitOf(body['max_completion_tokens'], body['max_tokens']),
    temperature: numberOr(body['temperature'], null),
    topP: numberOr(body['top_p'], null),
    topK: numberOr(body['top_k'], null),
    // Mistral's word for it: https://docs.mistral.ai/api/#tag/chat
    steering: readSteering((name) => body[name] ?? (name === 'seed' ? body['random_seed'] : undefined)),
    stop: typeof stop === 'string' ? [stop] : Array.isArray(stop) ? stop.filter((each) => typeof each === 'string') : [],
    user: readRequest(body).user,
    format: readFormat(body['response_format']),
    ...(wantsImages(body) && { givesImages: true }),
    reasoning: readAsked(body, body['reasoning_effort']),
    own: {
      ...pickOwn('openai', Object.fromEntries(OPENAI_MEMBERS.map((name) => [name, body[name]]))),
      ...pickOwn('anthropic', { [CONTEXT_EDITING]: readContextEditing(body) }),
      ...pickOwn('google', { [CACHED_CONTENT]: at(body, 'extra_body', 'google', CACHED_CONTENT) }),
    },
    dropped: [
      ...Object.keys(body).filter((name) => !READ.has(name) && body[name] !== null),
      ...(body['store'] === true ? ['store'] : []),
      ...unknownEffort(body['reasoning_effort']),
      ...unreadAsked(body),
      ...otherPlugins(body),
      ...unreadIn(body),
    ],
  };
}

/** It stands beside the messages where a program was written for Claude. */
const readSystem = (it: unknown): Message[] => {
  const parts = it === undefined || it === null ? [] : readParts(it, 'system');
  return parts.length === 0 ? [] : [{ role: 'system', parts }];
};

/** https://platform.openai.com/docs/api-reference/chat/create, and what others have added to messages. */
const MESSAGE = [
  'role',
  'content',
  'tool_calls',
  'tool_call_id',
  'refusal',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'annotations',
  'cache_control',
];
const PART = ['type', 'text', 'image_url', 'file', 'input_audio', 'refusal', 'thinking', 'cache_control', 'source', 'title'];

function unreadIn(body: JsonObject): string[] {
  const messages = objects(body['messages']);
  const parts = messages.flatMap((message) => objects(message['content']));
  const tools = objects(body['tools']);
  const functions = tools.map((tool) => tool['function']).filter(isObject);
  return [
    // The name of a tool stands in its call, too.
    ...unread(
      'messages',
      messages.map(({ name, images, ...message }) => {
        const isRead = message['role'] === 'assistant' && Array.isArray(images) && readImages(images).length === images.length;
        return { ...message, ...(message['role'] !== 'tool' && { name }), ...(!isRead && { images }) };
      }),
      MESSAGE,
    ),
    ...unread('content', parts, PART),
    ...unread('image_url', parts.map((part) => part['image_url']).filter(isObject), ['url', 'detail']),
    ...unread('tools', tools, ['type', 'function', 'cache_control']),
    ...unread('function', functions, ['name', 'description', 'parameters', 'strict']),
    ...unread('json_schema', [at(body, 'response_format', 'json_schema')].filter(isObject), ['name', 'schema', 'strict']),
  ];
}

function refuseMeaning(body: JsonObject): void {
  if (count(body['n']) > 1) throw new Untranslatable('n', `${count(body['n'])} answers in one call, expected 1`);
  if (body['logprobs'] === true) throw new Untranslatable('logprobs', 'probabilities of tokens');
  for (const name of ['audio', 'functions', 'function_call', 'logit_bias']) {
    const asked = body[name];
    // Some clients send what says nothing.
    const isEmpty = typeof asked === 'object' && asked !== null && Object.keys(asked).length === 0;
    if (asked !== undefined && asked !== null && !(isEmpty && name === 'logit_bias')) throw new Untranslatable(name, 'has no counterpart');
  }
  const search = body['web_search_options'];
  if (search !== undefined && search !== null && !isObject(search)) throw new Untranslatable('web_search_options', 'expected an object');
  const modalities = body['modalities'];
  if (Array.isArray(modalities) && modalities.includes('audio')) throw new Untranslatable('modalities', 'an answer in audio');
}

const wantsImages = ({ modalities }: JsonObject): boolean => Array.isArray(modalities) && modalities.includes('image');

function readChoice(it: unknown): 'auto' | 'none' | 'required' | null {
  // Mistral's word for it.
  if (it === 'any') return 'required';
  if (it === 'auto' || it === 'none' || it === 'required' || it === null) return it;
  throw new Untranslatable('tool_choice', 'expected auto, none, required, or one function');
}

function readFormat(format: unknown): Conversation['format'] {
  if (!isObject(format) || format['type'] === 'text') return null;
  if (format['type'] === 'json_object') return { name: 'answer', schema: null, isStrict: false };
  const schema = at(format, 'json_schema', 'schema');
  if (format['type'] !== 'json_schema' || !isObject(schema)) {
    throw new Untranslatable('response_format', `type \`${shown(format['type'])}\`, expected text, json_object, or json_schema with its schema`);
  }
  return { name: stringOr(at(format, 'json_schema', 'name'), 'answer'), schema, isStrict: at(format, 'json_schema', 'strict') === true };
}

function readTool(tool: JsonObject): Tool {
  // Some clients write it flat, as the Responses endpoint has it.
  const { name, description, parameters, strict } = isObject(tool['function']) ? tool['function'] : tool;
  if (tool['type'] !== 'function' || typeof name !== 'string') {
    throw new Untranslatable('tools', `a tool of type \`${shown(tool['type'])}\`, expected function with its name`);
  }
  return {
    name,
    description: stringOr(description, null),
    schema: isObject(parameters) ? parameters : { type: 'object', properties: {} },
    ...(strict === true && { isStrict: true }),
    ...readMark(tool['cache_control']),
  };
}

/** Programs of Helicone's mark a message as a whole, which stands for its last part: https://docs.helicone.ai/gateway/concepts/prompt-caching */
function marked(it: Message, { cache_control: asked }: JsonObject): Message {
  const mark = readMark(asked);
  const last = it.parts.at(-1);
  return mark.cache === undefined || last === undefined ? it : { ...it, parts: [...it.parts.slice(0, -1), { ...last, ...mark }] };
}

function readMessage(message: JsonObject, index: number): Message {
  const role = message['role'];
  const where = `messages[${index}]`;
  if (role === 'system' || role === 'developer') return { role: 'system', parts: readParts(message['content'], where) };
  if (role === 'user') return { role, parts: readParts(message['content'], where) };
  if (role === 'tool') {
    const id = stringOr(message['tool_call_id'], '');
    return { role: 'user', parts: [{ kind: 'tool-result', id, parts: readParts(message['content'], where), isError: false }] };
  }
  if (role !== 'assistant') throw new Untranslatable(`${where}.role`, `\`${shown(role)}\`, expected system, developer, user, assistant or tool`);
  return { role, parts: readAssistant(message, where) };
}

/** An assistant's message, in a request's history or in an answer. */
export function readAssistant(message: JsonObject, where: string): Part[] {
  const parts: Part[] = [];
  // Not OpenAI's own; DeepSeek began it and most that serve reasoning models follow.
  const thinking = message['reasoning_content'] ?? message['reasoning'];
  const details = readDetails(message['reasoning_details']);
  // Where the details hold what is encrypted alone, what can be read stands beside them.
  const isTold = details.some(({ text }) => text !== '');
  if (!isTold && typeof thinking === 'string' && thinking !== '') parts.push({ kind: 'thinking', text: thinking, signature: null });
  parts.push(...details);
  parts.push(...readParts(message['content'], where), ...readImages(message['images']));
  const { refusal } = message;
  if (typeof refusal === 'string' && refusal !== '') parts.push({ kind: 'refusal', text: refusal });
  for (const call of listOf(message['tool_calls'], `${where}.tool_calls`)) {
    const name = at(call, 'function', 'name');
    if (typeof name !== 'string') throw new Untranslatable(`${where}.tool_calls`, 'a call that is no function');
    const signature = at(call, 'extra_content', 'google', 'thought_signature');
    const input = stringOr(at(call, 'function', 'arguments'), '');
    parts.push({
      kind: 'tool-call',
      id: stringOr(call['id'], ''),
      name,
      input,
      ...(typeof signature === 'string' && { signature: { by: 'google', text: signature } }),
    });
  }
  return parts;
}

/** https://platform.openai.com/docs/api-reference/chat/create (`stop`) */
const STOPS_MOST = 4;

export function writeConversation(
  it: Conversation,
  { model, outputLimitField, outputLimit, isSamplingFixed, reasoning, vendor }: WriteOptions,
): WrittenRequest {
  const sampling = samplingFor(it, isSamplingFixed);
  const steering = steeringFor(it, isSamplingFixed);
  const { format } = it;
  const own = ownFor(it, vendor);
  const output = outputFor(it.maxOutputTokens, outputLimit);
  const messages = inTurns(settled(it, 'system').messages).flatMap(writeMessage);
  if (messages.length === 0) throw new Untranslatable('messages', 'none');
  const hasTools = it.tools.length > 0;
  const toolChoice = hasTools ? it.toolChoice : null;
  if (it.stop.length > STOPS_MOST) throw new Untranslatable('stop_sequences', `${it.stop.length} of them, expected at most ${STOPS_MOST}`);
  const body: JsonObject = {
    model,
    messages,
    ...(it.streamed && { stream: true }),
    ...(output.tokens !== null && { [outputLimitField]: output.tokens }),
    ...(sampling.temperature !== null && { temperature: sampling.temperature }),
    ...(sampling.topP !== null && { top_p: sampling.topP }),
    ...steering,
    ...(it.stop.length > 0 && { stop: it.stop }),
    ...(it.user !== null && { user: it.user }),
    ...(hasTools && { tools: it.tools.map(writeTool) }),
    ...(toolChoice !== null && { tool_choice: typeof toolChoice === 'string' ? toolChoice : { type: 'function', function: toolChoice } }),
    ...(hasTools && it.parallelTools !== null && { parallel_tool_calls: it.parallelTools }),
    ...(format !== null && { response_format: writeFormat(format) }),
    ...(it.reasoning !== null && reasoning === 'effort' && { reasoning_effort: it.reasoning.effort }),
    ...own.members,
  };
  return {
    body,
    dropped: [
      ...sampling.dropped,
      ...own.dropped,
      ...droppedSteering(it, steering),
      ...output.dropped,
      ...(sampling.topK === null ? [] : ['top_k']),
      ...droppedFailures(it),
      ...droppedMarks(it),
      ...droppedThinking(it, null),
      ...(it.reasoning !== null && reasoning !== 'effort' ? ['reasoning effort'] : []),
    ],
  };
}

const writeFormat = (format: NonNullable<Conversation['format']>): JsonObject =>
  format.schema === null
    ? { type: 'json_object' }
    : { type: 'json_schema', json_schema: { name: format.name, schema: format.schema, strict: format.isStrict } };

const writeTool = (tool: Tool): JsonObject => ({
  type: 'function',
  function: {
    name: tool.name,
    ...(tool.description !== null && { description: tool.description }),
    parameters: tool.schema,
    ...(tool.isStrict === true && { strict: true }),
  },
});

/** Results of tools are messages of their own here, and images in them follow as the user's. */
function writeMessage({ role, parts }: Message): JsonObject[] {
  if (role === 'system') return [{ role, content: systemText(parts) }];
  // Reasoning alone is no message here.
  if (role === 'assistant') return parts.every((part) => part.kind === 'thinking') ? [] : [writeAssistant(parts, false)];
  const results = parts.filter((part) => part.kind === 'tool-result');
  const rest = [
    ...results.flatMap((part) => part.parts.filter((each) => each.kind !== 'text')),
    ...parts.filter((part) => part.kind !== 'tool-result'),
  ];
  return [
    ...results.map((part) => ({ role: 'tool', tool_call_id: part.id, content: textOf(part.parts) })),
    ...(rest.length > 0 ? [{ role, content: writeParts(rest) }] : []),
  ];
}

/** `isAnswer`: for a caller, who brings signatures back; targets refuse what they do not know. Thinking has no place of its own here. */
export function writeAssistant(parts: readonly Part[], isAnswer: boolean): JsonObject {
  const text = textOf(parts);
  const calls = parts.filter((part) => part.kind === 'tool-call');
  const refusal = parts.find((part) => part.kind === 'refusal')?.text;
  return {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== undefined) ? null : text,
    ...(refusal !== undefined && { refusal }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, input, signature }) => ({
        id,
        type: 'function',
        function: { name, arguments: input },
        ...(isAnswer && signed(signature)),
      })),
    }),
  };
}

/** Images beside an answer's text, counted from `first`: https://openrouter.ai/docs/features/multimodal/image-generation */
export function writeImages(images: readonly { readonly source: Source }[], first = 0): JsonObject {
  if (images.length === 0) return {};
  return { images: images.map(({ source }, index) => ({ type: 'image_url', image_url: { url: sourceUrl(source) }, index: first + index })) };
}

/** Where Google's own compatible endpoint keeps the signature of a call: https://ai.google.dev/gemini-api/docs/thought-signatures */
export const signed = (signature: Signature | undefined): JsonObject =>
  signature?.by === 'google' ? { extra_content: { google: { thought_signature: signature.text } } } : {};

function writeParts(parts: readonly Part[]): string | JsonObject[] {
  if (parts.every((part) => part.kind === 'text')) return textOf(parts);
  return parts.flatMap((part): JsonObject[] => {
    if (part.kind === 'text') return [{ type: 'text', text: part.text }];
    if (part.kind === 'image')
      return [{ type: 'image_url', image_url: { url: sourceUrl(part.source), ...(part.detail !== undefined && { detail: part.detail }) } }];
    if (part.kind === 'audio') return [{ type: 'input_audio', input_audio: { data: part.source.data, format: soundFormat(part.source) } }];
    if (part.kind !== 'file') return [];
    if ('url' in part.source) throw new Untranslatable('messages', 'a document by its address, expected its data');
    return [{ type: 'file', file: { filename: part.name ?? 'document.pdf', file_data: sourceUrl(part.source) } }];
  });
}

/** https://platform.openai.com/docs/guides/audio (`input_audio.format`) */
function soundFormat({ mediaType }: Data): string {
  const format = /^audio\/(?:x-|vnd\.)?(wav|wave|mp3|mpeg)/.exec(mediaType.toLowerCase())?.[1];
  if (format === undefined) throw new Untranslatable('messages', `sound of type \`${mediaType.slice(0, 40)}\`, expected WAV or MP3`);
  return format.startsWith('w') ? 'wav' : 'mp3';
}
