/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (request syntax); the model stands in the path. */

import type { WriteOptions, WrittenRequest } from '../canonical';
import {
  type CacheLife,
  type Conversation,
  droppedMarks,
  droppedSteering,
  droppedThinking,
  type Message,
  ONE_BY_ONE,
  outputFor,
  ownFor,
  type Part,
  samplingFor,
  systemOf,
  type Tool,
  Untranslatable,
} from '../canonical';
import { readInput } from '../claude-blocks';
import { writeThinking } from '../claude-thinking';
import { closedSchema } from '../closed-schema';
import { at, limitOf } from '../json';
import { unescaped } from '../path';
import { droppedRole, inTurns, settled } from '../turns';
import { droppedDetail, droppedStrictness } from '../unread';
import type { JsonObject, RequestFacts } from '../wire';

const MODEL_IN_PATH = /\/model\/([^/]+)\/converse(-stream)?$/;

export function readRequest(body: JsonObject, path: string): RequestFacts {
  const [, model, streamed] = MODEL_IN_PATH.exec(path) ?? [];
  return {
    model: model === undefined ? null : unescaped(model),
    streamed: streamed !== undefined,
    choices: 1,
    maxOutputTokens: limitOf(at(body, 'inferenceConfig', 'maxTokens')),
    user: null,
    session: null,
  };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html */
const TEMPERATURE_MOST = 1;
/** Members that the platform hands on to Claude as they are. */
const IS_CLAUDE = /(?:^|[./])(?:anthropic\.)?claude-/;

export function writeConversation(asked: Conversation, options: WriteOptions): WrittenRequest {
  const it = settled(asked);
  const { model, outputLimit, isSamplingFixed, reasoning, defaultOutputTokens } = options;
  if (it.format !== null && it.format.schema === null) throw new Untranslatable('response_format', 'any JSON, expected a schema for it');
  const format = it.format?.schema == null ? null : closedSchema(it.format.schema);
  const isClaude = IS_CLAUDE.test(model);
  const sampling = samplingFor(it, isSamplingFixed);
  const output = outputFor(it.maxOutputTokens, outputLimit);
  const thinking = isClaude ? writeThinking(it, reasoning, output.tokens ?? defaultOutputTokens) : null;
  const isThinking = thinking?.thinking !== undefined && thinking.thinking['type'] !== 'disabled';
  const messages = writeMessages(it.messages, KEEPS_PREFIXES.test(model));
  if (messages.length === 0) throw new Untranslatable('messages', 'none of the user or the assistant');
  const marks = KEEPS_PREFIXES.test(model);
  const system = writeSystem(it.messages, marks);
  const stop = it.stop.filter((each) => each.trim() !== '');
  // A budget needs room beside it.
  const maxTokens = output.tokens ?? (isThinking ? defaultOutputTokens : null);
  const allowed = isThinking ? { temperature: null, topP: null, topK: null } : sampling;
  const temperature = allowed.temperature === null ? null : Math.min(allowed.temperature, TEMPERATURE_MOST);
  // Claude's newer models take one of both alone.
  const topP = isClaude && temperature !== null ? null : allowed.topP;
  const { topK } = allowed;
  const inference = {
    ...(maxTokens !== null && { maxTokens }),
    ...(temperature !== null && { temperature }),
    ...(topP !== null && { topP }),
    ...(stop.length > 0 && { stopSequences: stop }),
  };
  const further = {
    ...(isClaude && topK !== null && { top_k: topK }),
    ...(thinking?.thinking !== undefined && { thinking: thinking.thinking }),
  };
  const config = {
    ...(format !== null && { textFormat: writeFormat(it.format?.name ?? '', format.schema) }),
    ...(thinking?.effort !== undefined && { effort: thinking.effort }),
  };
  const tools = writeTools(it, model, marks);
  const body: JsonObject = {
    messages,
    ...(system.length > 0 && { system }),
    ...(Object.keys(inference).length > 0 && { inferenceConfig: inference }),
    ...(tools !== null && { toolConfig: tools }),
    ...(Object.keys(further).length > 0 && { additionalModelRequestFields: further }),
    ...(Object.keys(config).length > 0 && { outputConfig: config }),
  };
  const dropped = [
    ...output.dropped,
    ...sampling.dropped,
    ...droppedSteering(it),
    ...(it.reasoning !== null && thinking === null ? ['reasoning effort'] : []),
    ...(isThinking && [sampling.temperature, sampling.topP, sampling.topK].some((each) => each !== null) ? ['sampling beside thinking'] : []),
    ...(stop.length === it.stop.length ? [] : ['blank stop sequences']),
    ...(!isClaude && topK !== null ? ['top_k'] : []),
    ...(it.parallelTools === false && tools !== null ? [ONE_BY_ONE] : []),
    ...(it.user === null ? [] : ['user']),
    ...ownFor(it, undefined).dropped,
    ...(marks ? [] : droppedMarks(it)),
    ...droppedThinking(it, 'anthropic'),
    ...droppedStrictness(it),
    ...droppedDetail(it),
    ...droppedRole(asked),
    ...(format?.told ?? []).map((name) => `${name} of the schema`),
    ...(temperature === allowed.temperature ? [] : [`temperature above ${TEMPERATURE_MOST}`]),
    ...(topP === allowed.topP ? [] : ['top_p beside temperature']),
    ...(it.tools.length === 0 && tools !== null ? ['that no tool may be called: those of earlier turns have to be named'] : []),
  ];
  return { body, dropped };
}

/** Schemas are handed over as text. */
const writeFormat = (name: string, schema: JsonObject): JsonObject => ({
  type: 'json_schema',
  structure: { jsonSchema: { name, schema: JSON.stringify(schema) } },
});

/** No tool can be forbidden here but by leaving all out, which a conversation that used some does not allow. */
function writeTools({ tools, toolChoice, messages }: Conversation, model: string, marks: boolean): JsonObject | null {
  const used = new Set(messages.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'tool-call' ? [part.name] : []))));
  if (tools.length === 0) {
    // A conversation that has called tools has to name them.
    return used.size === 0 ? null : { tools: [...used].map((name) => writeTool({ name, description: null, schema: {} })) };
  }
  if (toolChoice === 'none') {
    if (used.size > 0) throw new Untranslatable('tool_choice', '`none` in a conversation that has called tools');
    return null;
  }
  const choice = writeChoice(toolChoice, tools.length, model);
  return {
    tools: tools.flatMap((tool) => [writeTool(tool), ...(marks ? cachePoint(tool) : [])]),
    ...(choice !== null && { toolChoice: choice }),
  };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolSpecification.html */
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

function writeTool({ name, description, schema }: Tool): JsonObject {
  if (!TOOL_NAME.test(name)) throw new Untranslatable('tools', `the name \`${name.slice(0, 80)}\`, expected letters, digits, _ and -, at most 64`);
  const described = description !== null && description !== '' ? { description } : {};
  return { toolSpec: { name, ...described, inputSchema: { json: { type: 'object', ...schema } } } };
}

/** Turns alternate, and results of parallel tools stand together. */
function writeMessages(messages: readonly Message[], marks: boolean): JsonObject[] {
  const turns: { role: string; content: JsonObject[] }[] = [];
  let files = 0;
  const nextFile = (): number => ++files;
  for (const { role, parts } of inTurns(messages)) {
    if (role === 'system') continue;
    if (role === 'assistant' && parts.some(({ kind }) => kind === 'image' || kind === 'file')) {
      throw new Untranslatable('messages', 'an image or a file of the assistant');
    }
    const content = withWords(parts.flatMap((part) => marked(writeBlock(part, nextFile), part, marks)));
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) turns.push({ role, content });
  }
  return turns;
}

/** Models that keep marked prefixes: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html */
const KEEPS_PREFIXES = /claude-|amazon\.nova-/;

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html: who can be made to call one tool, and who none at all. */
const TAKES_NAMES = /claude-|amazon\.nova-/;
const TAKES_NONE = /meta\.llama|cohere\.|ai21\./;

function writeChoice(choice: Conversation['toolChoice'], toolCount: number, model: string): JsonObject | null {
  if (choice === null || choice === 'none') return null;
  if (choice === 'auto') return TAKES_NONE.test(model) ? null : { auto: {} };
  if (TAKES_NONE.test(model)) throw new Untranslatable('tool_choice', 'this model cannot be made to call a tool there');
  if (choice === 'required') return { any: {} };
  if (TAKES_NAMES.test(model)) return { tool: choice };
  // Of one tool, any is that one.
  if (toolCount === 1) return { any: {} };
  throw new Untranslatable('tool_choice', 'this model cannot be made to call one tool of several there');
}

/** A mark stands behind what it marks, as a block of its own. */
const cachePoint = ({ cache }: { readonly cache?: CacheLife }): JsonObject[] =>
  cache === undefined ? [] : [{ cachePoint: { type: 'default', ...(cache === '1h' && { ttl: '1h' }) } }];

/** Behind nothing there is nothing to be kept. */
const marked = (blocks: JsonObject[], part: Part, marks: boolean): JsonObject[] =>
  marks && blocks.length > 0 ? [...blocks, ...cachePoint(part)] : blocks;

function writeSystem(messages: readonly Message[], marks: boolean): JsonObject[] {
  const parts = messages.filter(({ role }) => role === 'system').flatMap((message) => message.parts);
  if (!marks || parts.every(({ cache }) => cache === undefined)) {
    const text = systemOf(messages) ?? '';
    return text.trim() === '' ? [] : [{ text }];
  }
  return parts.flatMap((part) =>
    marked(
      writeBlock(part, () => 0),
      part,
      true,
    ),
  );
}

/** A document has to stand beside some text. */
function withWords(content: readonly JsonObject[]): JsonObject[] {
  const named = content.map((block) => at(block, 'document', 'name')).find((name) => typeof name === 'string');
  if (named === undefined || content.some((block) => block['text'] !== undefined)) return [...content];
  return [...content, { text: named }];
}

/** Blank text is refused, and so is thinking without its vendor's signature. */
function writeBlock(part: Part, nextFile: () => number): JsonObject[] {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return part.text.trim() === '' ? [] : [{ text: part.text }];
    case 'thinking':
      if (part.signature?.by !== 'anthropic') return [];
      if (part.signature.isHidden === true) return [{ reasoningContent: { redactedContent: part.signature.text } }];
      return [{ reasoningContent: { reasoningText: { text: part.text, signature: part.signature.text } } }];
    case 'image':
      return [{ image: { format: formatOf(part, IMAGE_FORMATS), source: { bytes: dataOf(part) } } }];
    case 'file':
      return [{ document: { format: formatOf(part, FILE_FORMATS), name: fileName(part.name, nextFile()), source: { bytes: dataOf(part) } } }];
    case 'audio':
      throw new Untranslatable('messages', 'sound, expected text, images or documents');
    case 'tool-call':
      return [{ toolUse: { toolUseId: toolId(part.id), name: part.name, input: readInput(part) } }];
    case 'tool-result': {
      const content = part.parts.flatMap((each) => writeBlock(each, nextFile));
      return [{ toolResult: { toolUseId: toolId(part.id), content, ...(part.isError && { status: 'error' }) } }];
    }
  }
}

type Media = Extract<Part, { kind: 'image' | 'file' }>;

const IMAGE_FORMATS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpeg', 'image/gif': 'gif', 'image/webp': 'webp' };
const FILE_FORMATS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/csv': 'csv',
  'text/html': 'html',
  'text/plain': 'txt',
  'text/markdown': 'md',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
};

function dataOf({ kind, source }: Media): string {
  if ('data' in source) return source.data;
  throw new Untranslatable('messages', `${kind === 'image' ? 'an image' : 'a file'} by its URL, expected its data`);
}

function formatOf({ kind, source }: Media, formats: Readonly<Record<string, string>>): string {
  const type = 'mediaType' in source ? source.mediaType : '';
  const format = formats[type.toLowerCase()];
  if (format === undefined && 'data' in source) {
    throw new Untranslatable('messages', `${kind} data of type \`${type.slice(0, 40)}\`, expected ${Object.values(formats).join(', ')}`);
  }
  return format ?? '';
}

/** Letters, digits, single spaces, hyphens and brackets alone, and no name twice. */
const fileName = (name: string | null, index: number): string =>
  `${(name ?? 'document')
    .replace(/[^A-Za-z0-9\-()[\]]+/g, ' ')
    .trim()
    .slice(0, 150)} ${index}`.trim();

/** Ids elsewhere hold dots and colons, which are refused here, and may be longer. */
const toolId = (id: string): string => id.replace(/[^\w-]/g, '_').slice(0, 64);
