/** https://platform.openai.com/docs/api-reference/responses/create */
import {
  type Conversation,
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
  readData,
  readSource,
  type Signature,
  samplingFor,
  sourceUrl,
  systemOf,
  type Tool,
  textOf,
  Untranslatable,
  type WriteOptions,
  type WrittenRequest,
} from '../canonical';
import { CONTEXT_EDITING, readContextEditing } from '../context-editing';
import { at, isObject, limitOf, numberOr, objects, shown, stringOr } from '../json';
import { withoutNodes } from '../patch-json';
import { ASKED_MEMBERS, readAsked, unreadAsked } from '../reasoning';
import { isSealed, sealed, UNSIGNED, unsealed } from '../signature';
import { readDetail, unread } from '../unread';
import { isCached, isOpenAiSearch, otherPlugins, searchInResponses } from '../web-search';
import type { JsonObject, RequestFacts } from '../wire';

export function readRequest(body: JsonObject): RequestFacts {
  const search = searchInResponses(body);
  return {
    model: stringOr(body['model'], null),
    streamed: body['stream'] === true,
    choices: 1,
    maxOutputTokens: limitOf(body['max_output_tokens']),
    user: stringOr(body['user'], null) ?? stringOr(body['safety_identifier'], null),
    session: null,
    ...(body['background'] === true && { isBackground: true as const }),
    ...(search !== null && { search }),
  };
}

// --- to the canonical form and back ---

const READ: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'tools',
  'tool_choice',
  'max_output_tokens',
  'temperature',
  'top_p',
  'user',
  'safety_identifier',
  'parallel_tool_calls',
  'text',
  ...ASKED_MEMBERS,
  'plugins',
  CONTEXT_EDITING,
  'store',
  // What clients send always, and what is for OpenAI's own house.
  'include',
  ...OPENAI_MEMBERS,
  'client_metadata',
]);
/** What lies at the vendor, and is nowhere else. */
const STATE = ['previous_response_id', 'conversation', 'background', 'prompt'];
/** Tools that the vendor runs itself, which a model can do without. */
const DISPENSABLE = /^(?:image_generation|tool_search)/;

export function readConversation(body: JsonObject): Conversation {
  const { include } = body;
  if (Array.isArray(include) && include.includes('message.output_text.logprobs')) throw new Untranslatable('include', 'probabilities of tokens');
  for (const name of STATE) {
    if ((body[name] ?? false) !== false) throw new Untranslatable(name, 'lies at OpenAI, expected a call that brings everything along');
  }
  const { instructions, input } = body;
  const system: Message[] =
    typeof instructions === 'string' && instructions !== '' ? [{ role: 'system', parts: [{ kind: 'text', text: instructions }] }] : [];
  const tools = listOf(body['tools'], 'tools');
  const format = at(body, 'text', 'format');
  return {
    model: stringOr(body['model'], ''),
    streamed: body['stream'] === true,
    messages: [...system, ...readInput(input)],
    tools: tools.flatMap((tool) => readTool(tool, null)),
    toolChoice: readChoice(body['tool_choice'] ?? null),
    parallelTools: typeof body['parallel_tool_calls'] === 'boolean' ? body['parallel_tool_calls'] : null,
    maxOutputTokens: limitOf(body['max_output_tokens']),
    temperature: numberOr(body['temperature'], null),
    topP: numberOr(body['top_p'], null),
    topK: null,
    steering: {},
    stop: [],
    user: readRequest(body).user,
    format: isObject(format) ? readFormat(format) : null,
    reasoning: readAsked(body, undefined),
    own: {
      ...pickOwn('anthropic', { [CONTEXT_EDITING]: readContextEditing(body) }),
      ...pickOwn('openai', { ...Object.fromEntries(OPENAI_MEMBERS.map((name) => [name, body[name]])), verbosity: at(body, 'text', 'verbosity') }),
    },
    dropped: [
      ...Object.keys(body).filter((name) => !READ.has(name) && !STATE.includes(name) && body[name] !== null),
      ...tools.filter((tool) => isCached(tool) || DISPENSABLE.test(stringOr(tool['type'], ''))).map(({ type }) => `tool ${shown(type)}`),
      ...unreadIn(body, tools),
    ],
  };
}

const ITEM = [
  ...['type', 'role', 'content', 'id', 'status', 'summary', 'encrypted_content'],
  ...['call_id', 'name', 'namespace', 'arguments', 'output', 'phase'],
];
const PART = ['type', 'text', 'refusal', 'image_url', 'detail', 'file_data', 'file_url', 'filename', 'annotations', 'logprobs'];

function unreadIn(body: JsonObject, tools: readonly JsonObject[]): string[] {
  const items = objects(body['input']);
  const parts = items.flatMap((item) => [...objects(item['content']), ...objects(item['output'])]);
  const functions = tools
    .flatMap((tool) => (tool['type'] === 'namespace' ? objects(tool['tools']) : [tool]))
    .filter(({ type }) => type === 'function');
  return [
    ...unread('input', items, ITEM),
    ...unread('content', parts, PART),
    ...unread('tools', functions, ['type', 'name', 'description', 'parameters', 'strict']),
    ...unread('text', [body['text']].filter(isObject), ['format', 'verbosity']),
    ...unread('text.format', [at(body, 'text', 'format')].filter(isObject), ['type', 'name', 'schema', 'strict']),
    ...unreadAsked(body),
    ...otherPlugins(body),
  ];
}

function readFormat(format: JsonObject): Conversation['format'] {
  const { type, schema, name } = format;
  if (type === 'text') return null;
  if (type === 'json_object') return { name: 'answer', schema: null, isStrict: false };
  if (type !== 'json_schema' || !isObject(schema)) {
    throw new Untranslatable('text.format', `type \`${shown(type)}\`, expected text, json_object, or json_schema with its schema`);
  }
  return { name: stringOr(name, 'answer'), schema, isStrict: format['strict'] === true };
}

function readChoice(choice: unknown): Conversation['toolChoice'] {
  if (choice === 'auto' || choice === 'none' || choice === 'required' || choice === null) return choice;
  const name = at(choice, 'name');
  if (at(choice, 'type') === 'function' && typeof name === 'string') return { name: nameIn(stringOr(at(choice, 'namespace'), null), name) };
  throw new Untranslatable('tool_choice', 'expected auto, none, required, or one function');
}

/** A function in a namespace is called by both names elsewhere. */
export const nameIn = (namespace: string | null, name: string): string => (namespace === null ? name : `${namespace}__${name}`);

function readTool(tool: JsonObject, namespace: string | null): Tool[] {
  const type = stringOr(tool['type'], '');
  const name = stringOr(tool['name'], '');
  const schema = tool['parameters'];
  if (type === 'function') {
    return [
      {
        name: nameIn(namespace, name),
        description: stringOr(tool['description'], null),
        schema: isObject(schema) ? schema : { type: 'object', properties: {} },
        ...(tool['strict'] === true && { isStrict: true }),
      },
    ];
  }
  if (type === 'namespace' && namespace === null) return listOf(tool['tools'], 'tools').flatMap((each) => readTool(each, name));
  if (isOpenAiSearch(tool) || DISPENSABLE.test(type)) return [];
  throw new Untranslatable('tools', `a tool of type \`${type.slice(0, 40)}\`, expected function`);
}

function readInput(input: unknown): Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ kind: 'text', text: input }] }];
  return listOf(input, 'input').flatMap(readItem);
}

function readItem(item: JsonObject, index: number): Message[] {
  const where = `input[${index}]`;
  const type = stringOr(item['type'], 'message');
  switch (type) {
    case 'message':
      return [readMessage(item, where)];
    case 'reasoning': {
      const thought = readReasoning(item);
      return thought === null ? [] : [{ role: 'assistant', parts: [thought] }];
    }
    case 'function_call': {
      const name = nameIn(stringOr(item['namespace'], null), stringOr(item['name'], ''));
      return [{ role: 'assistant', parts: [{ kind: 'tool-call', id: stringOr(item['call_id'], ''), name, input: stringOr(item['arguments'], '') }] }];
    }
    case 'function_call_output': {
      const { output } = item;
      const parts = typeof output === 'string' ? said(output) : listOf(output, `${where}.output`).flatMap((part) => readPart(part, where));
      return [{ role: 'user', parts: [{ kind: 'tool-result', id: stringOr(item['call_id'], ''), parts, isError: false }] }];
    }
    // What the vendor searched for an earlier answer, which holds what was found.
    case 'web_search_call':
      return [];
    case 'item_reference':
      throw new Untranslatable(
        where,
        'names an item that lies nowhere, for nothing is stored; expected the item itself (`store: false` makes SDKs send it)',
      );
    default:
      throw new Untranslatable(where, `an item of type \`${type.slice(0, 40)}\`, expected message, reasoning, function_call or function_call_output`);
  }
}

const said = (text: string): Part[] => (text === '' ? [] : [{ kind: 'text', text }]);

function readMessage(item: JsonObject, where: string): Message {
  const { role, content } = item;
  const parts = typeof content === 'string' ? said(content) : listOf(content, `${where}.content`).flatMap((part) => readPart(part, where));
  if (role === 'system' || role === 'developer') return { role: 'system', parts };
  if (role === 'user' || role === 'assistant') return { role, parts };
  throw new Untranslatable(`${where}.role`, `\`${shown(role)}\`, expected system, developer, user or assistant`);
}

function readPart(part: JsonObject, where: string): Part[] {
  const { type, text, refusal } = part;
  const image = part['image_url'];
  const file = part['file_data'];
  if ((type === 'input_text' || type === 'output_text' || type === 'text') && typeof text === 'string') return said(text);
  if (type === 'refusal' && typeof refusal === 'string') return [{ kind: 'refusal', text: refusal }];
  if (type === 'input_image' && typeof image === 'string') return [{ kind: 'image', source: readSource(image), ...readDetail(part['detail']) }];
  const address = part['file_url'];
  if (type === 'input_file' && typeof address === 'string')
    return [{ kind: 'file', source: { url: address }, name: stringOr(part['filename'], null) }];
  if (type === 'input_file' && typeof file === 'string') return [{ kind: 'file', source: readData(file), name: stringOr(part['filename'], null) }];
  throw new Untranslatable(`${where}.content`, `a part of type \`${shown(type)}\`, expected text, an image by its URL, or a file with its data`);
}

/** Reasoning as an item of a call's history, or of an answer; null where there is nothing in it. */
export function readReasoning(item: JsonObject): Extract<Part, { kind: 'thinking' }> | null {
  const textIn = (name: string): string =>
    objects(item[name])
      .map((part) => stringOr(part['text'], ''))
      .join('\n\n');
  // Servers of open weights show what was thought itself: https://platform.openai.com/docs/api-reference/responses/object (reasoning content)
  const text = textIn('summary') || textIn('content');
  const signature = readEncrypted(item['encrypted_content']);
  return text === '' && signature === null ? null : { kind: 'thinking', text, signature };
}

export function readEncrypted(content: unknown): Signature | null {
  const text = stringOr(content, '');
  if (isSealed(text)) return unsealed(text);
  return text === '' ? null : { by: 'openai', text, isHidden: true };
}

/** What was thought as this wire has it: OpenAI's encrypted, others' under a seal. */
export const writeReasoning = (text: string, signature: Signature | null): JsonObject => ({
  type: 'reasoning',
  summary: text === '' ? [] : [{ type: 'summary_text', text }],
  encrypted_content: writeEncrypted(signature),
});

export const writeEncrypted = (signature: Signature | null): string =>
  signature === null ? UNSIGNED : signature.by === 'openai' ? signature.text : sealed(signature);

/** Reasoning of others, or that nobody signed, is refused by the vendor, which has none of it. */
export function withoutSeals(text: string, { input }: JsonObject): string | null {
  const items: readonly unknown[] = Array.isArray(input) ? input : [];
  const isForeign = (item: unknown): boolean => at(item, 'type') === 'reasoning' && isSealed(at(item, 'encrypted_content'));
  const paths = items.flatMap((item, index) => (isForeign(item) ? [['input', index] as const] : []));
  return paths.length === 0 ? null : withoutNodes(text, paths);
}

export function writeConversation(it: Conversation, { model, outputLimit, isSamplingFixed, reasoning, vendor }: WriteOptions): WrittenRequest {
  const sampling = samplingFor(it, isSamplingFixed);
  const own = ownFor(it, vendor);
  const { verbosity, ...members } = own.members;
  if (it.stop.length > 0) throw new Untranslatable('stop', 'the responses endpoint has no stop sequences');
  const begins = it.messages.findIndex(({ role }) => role !== 'system');
  const system = systemOf(it.messages.slice(0, begins === -1 ? undefined : begins));
  const output = outputFor(it.maxOutputTokens, outputLimit);
  const hasTools = it.tools.length > 0;
  const input = begins === -1 ? [] : it.messages.slice(begins).flatMap(writeMessage);
  if (input.length === 0) throw new Untranslatable('messages', 'none of the user or the assistant');
  const toolChoice = hasTools ? it.toolChoice : null;
  const body: JsonObject = {
    model,
    input,
    store: false,
    ...(system !== null && { instructions: system }),
    ...(it.streamed && { stream: true }),
    ...(output.tokens !== null && { max_output_tokens: output.tokens }),
    ...(sampling.temperature !== null && { temperature: sampling.temperature }),
    ...(sampling.topP !== null && { top_p: sampling.topP }),
    ...(it.user !== null && { safety_identifier: it.user }),
    ...(hasTools && { tools: it.tools.map(writeTool) }),
    ...(toolChoice !== null && { tool_choice: typeof toolChoice === 'string' ? toolChoice : { type: 'function', ...toolChoice } }),
    ...(hasTools && it.parallelTools !== null && { parallel_tool_calls: it.parallelTools }),
    ...((it.format !== null || verbosity !== undefined) && {
      text: { ...(it.format !== null && { format: writeFormat(it.format) }), ...(verbosity !== undefined && { verbosity }) },
    }),
    ...members,
    ...(it.reasoning !== null && reasoning === 'effort' && { reasoning: { effort: it.reasoning.effort } }),
    // Without it what the model thought lies nowhere, for nothing is stored.
    ...(reasoning === 'effort' && { include: ['reasoning.encrypted_content'] }),
  };
  const dropped = [
    ...sampling.dropped,
    ...own.dropped,
    ...droppedSteering(it),
    ...(sampling.topK === null ? [] : ['top_k']),
    ...(it.reasoning !== null && reasoning !== 'effort' ? ['reasoning effort'] : []),
    ...output.dropped,
    ...droppedMarks(it),
    ...droppedThinking(it, 'openai'),
    ...droppedFailures(it),
  ];
  return { body, dropped };
}

const writeFormat = ({ name, schema, isStrict }: NonNullable<Conversation['format']>): JsonObject =>
  schema === null ? { type: 'json_object' } : { type: 'json_schema', name, schema, strict: isStrict };

const writeTool = ({ name, description, schema, isStrict }: Tool): JsonObject => ({
  type: 'function',
  name,
  ...(description !== null && { description }),
  parameters: schema,
  strict: isStrict === true,
});

function writeMessage({ role, parts }: Message): JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] = [];
  const flush = (): void => {
    if (content.length > 0) items.push({ type: 'message', role, content });
    content = [];
  };
  for (const part of parts) {
    if (part.kind === 'tool-call') {
      flush();
      items.push({ type: 'function_call', call_id: part.id, name: part.name, arguments: part.input });
    } else if (part.kind === 'tool-result') {
      flush();
      items.push({ type: 'function_call_output', call_id: part.id, output: textOf(part.parts) });
      content.push(...part.parts.filter((each) => each.kind !== 'text').flatMap((each) => writePart(each, 'user')));
    } else if (part.kind === 'thinking') {
      flush();
      if (part.signature?.by === 'openai') items.push(writeReasoning(part.text, part.signature));
    } else content.push(...writePart(part, role));
  }
  flush();
  return items;
}

function writePart(part: Part, role: Message['role']): JsonObject[] {
  switch (part.kind) {
    case 'text':
      return [role === 'assistant' ? { type: 'output_text', text: part.text, annotations: [] } : { type: 'input_text', text: part.text }];
    case 'refusal':
      return [{ type: 'refusal', refusal: part.text }];
    case 'image':
      return [{ type: 'input_image', image_url: sourceUrl(part.source), detail: part.detail ?? 'auto' }];
    case 'file':
      if ('url' in part.source) return [{ type: 'input_file', file_url: part.source.url }];
      return [{ type: 'input_file', filename: part.name ?? 'document.pdf', file_data: sourceUrl(part.source) }];
    case 'audio':
      throw new Untranslatable('messages', 'sound, expected text, images or documents');
    default:
      return [];
  }
}
