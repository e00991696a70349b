/** https://platform.claude.com/docs/en/api/messages; `metadata.user_id` as Claude Code sends it is a JSON object in a string. */

import {
  type Conversation,
  droppedSteering,
  droppedThinking,
  listOf,
  type Message,
  outputFor,
  ownFor,
  readMark,
  samplingFor,
  systemOf,
  type Tool,
  Untranslatable,
  type WriteOptions,
  type WrittenRequest,
} from '../canonical';
import { readParts, writeBlock, writeMark } from '../claude-blocks';
import { writeThinking } from '../claude-thinking';
import { closedSchema } from '../closed-schema';
import { CONTEXT_BETA, CONTEXT_EDITING } from '../context-editing';
import { at, isObject, limitOf, numberOr, objects, parseObject, shown, stringOr } from '../json';
import { effortOf, type Reasoning, readEffort } from '../reasoning';
import { droppedRole, settled } from '../turns';
import { droppedDetail, droppedStrictness, unread } from '../unread';
import { isClaudeSearch, searchInMessages } from '../web-search';
import type { JsonObject, RequestFacts } from '../wire';

export function readRequest(body: JsonObject): RequestFacts {
  const search = searchInMessages(body);
  const userId = stringOr(at(body, 'metadata', 'user_id'), null);
  const packed = userId?.startsWith('{') ? parseObject(userId) : null;
  const user = packed === null ? userId : stringOr(packed['account_uuid'] || packed['user_id'] || packed['device_id'], userId);
  return {
    model: stringOr(body['model'], null),
    streamed: body['stream'] === true,
    choices: 1,
    maxOutputTokens: limitOf(body['max_tokens']),
    user,
    session: stringOr(packed?.['session_id'], null),
    ...(search !== null && { search }),
  };
}

// --- to the canonical form and back ---

const READ: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'stream',
  'tools',
  'tool_choice',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'metadata',
  'output_config',
  'output_format',
  'thinking',
  'cache_control',
]);

export function readConversation(body: JsonObject): Conversation {
  for (const name of ['container', 'mcp_servers', 'thread']) {
    if (body[name] !== undefined && body[name] !== null) throw new Untranslatable(name, 'has no counterpart');
  }
  const choice = body['tool_choice'];
  // No other vendor is told so in the words for a function.
  const isSearchAsked = objects(body['tools']).some((tool) => isClaudeSearch(tool) && at(choice, 'name') === stringOr(tool['name'], ''));
  const oneByOne = at(choice, 'disable_parallel_tool_use');
  // The second is its beta form: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
  const schema = at(body, 'output_config', 'format', 'schema') ?? at(body, 'output_format', 'schema');
  return {
    model: stringOr(body['model'], ''),
    streamed: body['stream'] === true,
    messages: withMark(readMessages(body), body['cache_control']),
    tools: listOf(body['tools'], 'tools').flatMap(readTool),
    toolChoice: isObject(choice) && !isSearchAsked ? readChoice(choice) : null,
    parallelTools: oneByOne === true ? false : null,
    maxOutputTokens: limitOf(body['max_tokens']),
    temperature: numberOr(body['temperature'], null),
    topP: numberOr(body['top_p'], null),
    topK: numberOr(body['top_k'], null),
    steering: {},
    stop: Array.isArray(body['stop_sequences']) ? body['stop_sequences'].filter((each) => typeof each === 'string') : [],
    user: readRequest(body).user,
    format: isObject(schema) ? { name: 'answer', schema, isStrict: false } : null,
    reasoning: readThinking(body),
    own: {},
    dropped: [
      ...(isSearchAsked ? ['tool_choice'] : []),
      ...Object.keys(body).filter((name) => !READ.has(name) && body[name] !== null),
      ...unreadIn(body),
    ],
  };
}

const BLOCK = [
  ...['type', 'text', 'thinking', 'signature', 'data', 'source', 'title', 'context', 'id', 'name', 'input'],
  ...['tool_use_id', 'tool_name', 'content', 'is_error', 'cache_control', 'caller'],
];

function unreadIn(body: JsonObject): string[] {
  const messages = objects(body['messages']);
  const tools = objects(body['tools']);
  const blocks = messages.flatMap((message) => objects(message['content']));
  return [
    ...unread('messages', messages, ['role', 'content']),
    ...unread('output_config', [body['output_config']].filter(isObject), ['effort', 'format']),
    ...unread('thinking', [body['thinking']].filter(isObject), ['type', 'budget_tokens']),
    ...unread('content', [...objects(body['system']), ...blocks, ...blocks.flatMap((block) => objects(block['content']))], BLOCK),
    ...tools.filter(isToolSearch).map(({ type }) => `tool ${shown(type)}`),
    ...unread(
      'tools',
      tools.filter((tool) => !isClaudeSearch(tool)),
      ['type', 'name', 'description', 'input_schema', 'strict', 'cache_control', 'eager_input_streaming'],
    ),
  ];
}

/** https://platform.claude.com/docs/en/build-with-claude/extended-thinking; an effort without it is a word on the answer alone. */
function readThinking(body: JsonObject): Reasoning | null {
  const type = at(body, 'thinking', 'type');
  const budget = at(body, 'thinking', 'budget_tokens');
  if (type === 'disabled') return { effort: 'none', budget: null };
  if (type === 'enabled' && typeof budget === 'number') return { effort: effortOf(budget), budget };
  return readEffort(at(body, 'output_config', 'effort'));
}

function readMessages(body: JsonObject): Message[] {
  const system = readParts(body['system'], 'system');
  const messages = listOf(body['messages'], 'messages').map((message, index): Message => {
    const { role } = message;
    if (role !== 'user' && role !== 'assistant' && role !== 'system') {
      throw new Untranslatable(`messages[${index}].role`, `\`${shown(role)}\`, expected user, assistant or system`);
    }
    return { role, parts: readParts(message['content'], `messages[${index}].content`) };
  });
  return system.length > 0 ? [{ role: 'system', parts: system }, ...messages] : messages;
}

function readChoice(choice: JsonObject): Conversation['toolChoice'] {
  const { type, name } = choice;
  if (type === 'tool' && typeof name === 'string') return { name };
  if (type === 'any') return 'required';
  if (type === 'none' || type === 'auto') return type;
  throw new Untranslatable('tool_choice', `type \`${shown(type)}\`, expected auto, any, none, or tool with its name`);
}

/** It finds tools that were put off: elsewhere all of them are there. */
const TOOL_SEARCH = /^tool_search_tool/;

const isToolSearch = ({ type }: JsonObject): boolean => TOOL_SEARCH.test(stringOr(type, ''));

function readTool(tool: JsonObject): Tool[] {
  const { name, type, description } = tool;
  const schema = tool['input_schema'];
  if (isClaudeSearch(tool) || isToolSearch(tool)) return [];
  if (typeof name !== 'string' || !isObject(schema)) {
    throw new Untranslatable('tools', `a tool of type \`${shown(type)}\` that the vendor runs itself, expected one with an input_schema`);
  }
  const isStrict = tool['strict'] === true ? ({ isStrict: true } as const) : {};
  return [{ name, description: stringOr(description, null), schema, ...isStrict, ...readMark(tool['cache_control']) }];
}

/** A mark on the call as a whole stands for one behind its last block: https://platform.claude.com/docs/en/build-with-claude/prompt-caching */
function withMark(messages: Message[], it: unknown): Message[] {
  const mark = readMark(it);
  const last = messages.at(-1);
  const part = last?.parts.at(-1);
  if (mark.cache === undefined || last === undefined || part === undefined) return messages;
  return [...messages.slice(0, -1), { ...last, parts: [...last.parts.slice(0, -1), { ...part, ...mark }] }];
}

/** As one text where nothing in it is marked. */
function writeSystem(messages: readonly Message[]): string | JsonObject[] | null {
  const parts = messages.filter(({ role }) => role === 'system').flatMap((message) => message.parts);
  return parts.some(({ cache }) => cache !== undefined) ? parts.flatMap(writeBlock) : systemOf(messages);
}

/** https://platform.claude.com/docs/en/api/messages; of temperature and top_p its newer models take one alone. */
const TEMPERATURE_MOST = 1;

export function writeConversation(
  asked: Conversation,
  { model, defaultOutputTokens, outputLimit, isSamplingFixed, reasoning, vendor, takesStrict = false }: WriteOptions,
): WrittenRequest {
  const it = settled(asked);
  const own = ownFor(it, vendor);
  const editing = own.members[CONTEXT_EDITING];
  const sampling = samplingFor(it, isSamplingFixed);
  const system = writeSystem(it.messages);
  const messages = writeMessages(it.messages);
  if (messages.length === 0) throw new Untranslatable('messages', 'none of the user or the assistant');
  const output = outputFor(it.maxOutputTokens ?? defaultOutputTokens, outputLimit);
  const maxTokens = output.tokens ?? defaultOutputTokens;
  const stop = it.stop.filter((each) => each.trim() !== '');
  const temperature = sampling.temperature === null ? null : Math.min(sampling.temperature, TEMPERATURE_MOST);
  const topP = temperature === null ? sampling.topP : null;
  const choice = writeChoice(it);
  if (it.format !== null && it.format.schema === null) throw new Untranslatable('response_format', 'any JSON, expected a schema for it');
  const format = it.format?.schema == null ? null : closedSchema(it.format.schema);
  const thinking = writeThinking(it, reasoning, maxTokens);
  const isThinking = thinking?.thinking !== undefined && thinking.thinking['type'] !== 'disabled';
  const config = {
    ...(format !== null && { format: { type: 'json_schema', schema: format.schema } }),
    ...(thinking?.effort !== undefined && { effort: thinking.effort }),
  };
  const body: JsonObject = {
    model,
    max_tokens: maxTokens,
    ...(system !== null && { system }),
    messages,
    ...(it.streamed && { stream: true }),
    ...(thinking?.thinking !== undefined && { thinking: thinking.thinking }),
    ...(temperature !== null && !isThinking && { temperature }),
    ...(topP !== null && !isThinking && { top_p: topP }),
    ...(sampling.topK !== null && !isThinking && { top_k: sampling.topK }),
    ...(stop.length > 0 && { stop_sequences: stop }),
    ...(it.user !== null && { metadata: { user_id: it.user } }),
    ...(it.tools.length > 0 && { tools: it.tools.map((tool) => writeTool(tool, takesStrict)) }),
    ...(choice !== null && { tool_choice: choice }),
    ...(Object.keys(config).length > 0 && { output_config: config }),
    ...(editing !== undefined && { context_management: editing }),
  };
  const dropped = [
    ...output.dropped,
    ...own.dropped,
    ...(it.reasoning !== null && thinking === null ? ['reasoning effort'] : []),
    ...(isThinking && (temperature !== null || topP !== null || sampling.topK !== null) ? ['sampling beside thinking'] : []),
    ...(stop.length === it.stop.length ? [] : ['blank stop sequences']),
    ...sampling.dropped,
    ...droppedSteering(it),
    ...(temperature === sampling.temperature ? [] : [`temperature above ${TEMPERATURE_MOST}`]),
    ...(topP === sampling.topP ? [] : ['top_p beside temperature']),
    ...droppedThinking(it, 'anthropic'),
    ...(takesStrict ? [] : droppedStrictness(it)),
    ...droppedDetail(it),
    ...droppedRole(asked),
    ...(format?.told ?? []).map((name) => `${name} of the schema`),
  ];
  return { body, dropped, ...(editing !== undefined && { headers: CONTEXT_BETA }) };
}

const writeTool = (tool: Tool, takesStrict: boolean): JsonObject => ({
  name: tool.name,
  ...(tool.description !== null && { description: tool.description }),
  input_schema: { type: 'object', ...tool.schema },
  ...(takesStrict && tool.isStrict === true && { strict: true }),
  ...writeMark(tool.cache),
});

function writeChoice({ toolChoice, parallelTools, tools }: Conversation): JsonObject | null {
  if (tools.length === 0) return null;
  const alone = parallelTools === false ? { disable_parallel_tool_use: true } : {};
  if (toolChoice === null) return parallelTools === false ? { type: 'auto', ...alone } : null;
  if (typeof toolChoice !== 'string') return { type: 'tool', name: toolChoice.name, ...alone };
  if (toolChoice === 'none') return { type: 'none' };
  return { type: toolChoice === 'required' ? 'any' : 'auto', ...alone };
}

/** Turns alternate, so neighbours of one role become one message: results of parallel tools must stand together. */
function writeMessages(messages: readonly Message[]): JsonObject[] {
  const turns: { role: string; content: JsonObject[] }[] = [];
  for (const { role, parts } of messages) {
    if (role === 'system') continue;
    const content = parts.flatMap(writeBlock);
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) turns.push({ role, content });
  }
  return turns;
}
