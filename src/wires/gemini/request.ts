/** https://ai.google.dev/api/generate-content; the model and whether it streams stand in the path, and Python's client writes snake case. */
import {
  CACHED_CONTENT,
  type Conversation,
  droppedMarks,
  droppedSteering,
  droppedThinking,
  listOf,
  type Message,
  ONE_BY_ONE,
  outputFor,
  ownFor,
  type Part,
  readSteering,
  type Source,
  samplingFor,
  steeringFor,
  systemOf,
  type Tool,
  Untranslatable,
  type WriteOptions,
  type WrittenRequest,
} from '../canonical';
import { plainSchema } from '../google-schema';
import { loose, readSignature, SIGNED_CALLS, signTurns, writeThought } from '../google-signatures';
import { writeThinking } from '../google-thinking';
import { at, count, isObject, limitOf, numberOr, objects, parseObject, stringOr } from '../json';
import { unescaped } from '../path';
import { effortOf, type Reasoning, readEffort } from '../reasoning';
import { foldSignatures } from '../signature';
import { droppedRole, inTurns, settled } from '../turns';
import { droppedDetail, droppedStrictness, unread } from '../unread';
import { besideGoogleSearch, isGoogleSearch, searchInGemini } from '../web-search';
import type { JsonObject, RequestFacts } from '../wire';

/** A tuned model's name has colons of its own. */
const METHOD = /\/models\/(.+):(\w+)$/;

export function readRequest(body: JsonObject, path: string): RequestFacts {
  const [, model, method] = METHOD.exec(path) ?? [];
  const config = member(body, 'generationConfig');
  const stated = limitOf(member(config, 'maxOutputTokens'));
  const answers = Math.max(1, count(member(config, 'candidateCount')));
  const search = searchInGemini(body);
  return {
    model: model === undefined ? null : unescaped(model),
    streamed: method === 'streamGenerateContent',
    choices: answers,
    maxOutputTokens: stated === null ? null : stated * answers,
    user: null,
    session: null,
    ...(search !== null && { search }),
  };
}

/** A member by its name in camel case, or in snake case. */
const inSnake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const member = (it: unknown, name: string): unknown => at(it, name) ?? at(it, inSnake(name));

const CONFIG_READ: ReadonlySet<string> = new Set(
  [
    'temperature',
    'topP',
    'topK',
    'seed',
    'presencePenalty',
    'frequencyPenalty',
    'maxOutputTokens',
    'stopSequences',
    'candidateCount',
    'responseMimeType',
    'responseJsonSchema',
    'responseSchema',
    'thinkingConfig',
  ].flatMap((name) => [name, name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]),
);
const CAMEL = { seed: 'seed', presence_penalty: 'presencePenalty', frequency_penalty: 'frequencyPenalty' } as const;
const READ: ReadonlySet<string> = new Set([
  'contents',
  'systemInstruction',
  'system_instruction',
  'tools',
  'toolConfig',
  'tool_config',
  'generationConfig',
  'generation_config',
  'model',
]);

export function readConversation(body: JsonObject, facts: RequestFacts): Conversation {
  const config = member(body, 'generationConfig');
  if (count(member(config, 'candidateCount')) > 1)
    throw new Untranslatable('generationConfig.candidateCount', 'several answers in one call, expected 1');
  refuseMeaning(body, config);
  const stop = member(config, 'stopSequences');
  const calling = member(member(body, 'toolConfig'), 'functionCallingConfig');
  const instruction = member(body, 'systemInstruction');
  const said = typeof instruction === 'string' ? [{ text: instruction }] : at(instruction, 'parts');
  const system = said !== undefined ? [{ role: 'system', parts: readParts(said, 'systemInstruction.parts') } as const] : [];
  return {
    model: facts.model ?? '',
    streamed: facts.streamed,
    messages: [...system, ...readContents(body['contents'])],
    tools: listOf(body['tools'], 'tools').flatMap(readTools),
    toolChoice: readChoice(calling),
    parallelTools: null,
    maxOutputTokens: limitOf(member(config, 'maxOutputTokens')),
    temperature: numberOr(member(config, 'temperature'), null),
    topP: numberOr(member(config, 'topP'), null),
    topK: numberOr(member(config, 'topK'), null),
    steering: readSteering((name) => member(config, CAMEL[name])),
    stop: Array.isArray(stop) ? stop.filter((each) => typeof each === 'string') : [],
    user: null,
    format: readFormat(config),
    reasoning: readThinking(member(config, 'thinkingConfig')),
    own: {},
    dropped: [
      ...Object.keys(body).filter((name) => !READ.has(name) && body[name] !== null),
      ...Object.keys(isObject(config) ? config : {}).filter((name) => !CONFIG_READ.has(name)),
      ...unreadIn(body),
    ],
  };
}

const snaked = (names: readonly string[]): string[] => names.flatMap((name) => [name, inSnake(name)]);
const RESULT = snaked(['id', 'name', 'response', 'parts']);
const DATA = snaked(['mimeType', 'data', 'fileUri']);
const PART = snaked(['text', 'thought', 'thoughtSignature', 'functionCall', 'functionResponse', 'inlineData', 'fileData']);
const MODES = ['', 'MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE'];
const DECLARATION = snaked(['name', 'description', 'parameters', 'parametersJsonSchema']);

function unreadIn(body: JsonObject): string[] {
  const parts = objects(body['contents']).flatMap((content) => objects(content['parts']));
  const declarations = objects(body['tools']).flatMap((tool) => objects(member(tool, 'functionDeclarations')));
  const calling = member(member(body, 'toolConfig'), 'functionCallingConfig');
  const mode = stringOr(member(calling, 'mode'), '').toUpperCase();
  return [
    ...unread('parts', parts, PART),
    ...unread('functionResponse', parts.map((part) => member(part, 'functionResponse')).filter(isObject), RESULT),
    ...unread('inlineData', parts.map((part) => member(part, 'inlineData') ?? member(part, 'fileData')).filter(isObject), DATA),
    ...unread('functionDeclarations', declarations, DECLARATION),
    ...unread(
      'tools',
      objects(body['tools']).filter((tool) => !isGoogleSearch(tool)),
      snaked(['functionDeclarations']),
    ),
    ...unread('toolConfig', [member(body, 'toolConfig')].filter(isObject), snaked(['functionCallingConfig'])),
    ...(MODES.includes(mode) ? [] : [`functionCallingConfig.mode ${mode.slice(0, 40)}`]),
  ];
}

/** What would be missing from the call, or from its answer. */
function refuseMeaning(body: JsonObject, config: unknown): void {
  if (member(body, 'cachedContent') !== undefined)
    throw new Untranslatable('cachedContent', 'lies at Google, expected a call that brings everything along');
  const modalities = member(config, 'responseModalities');
  if (Array.isArray(modalities) && modalities.some((each) => each !== 'TEXT'))
    throw new Untranslatable('generationConfig.responseModalities', 'an answer in more than text');
  if (member(config, 'responseLogprobs') === true) throw new Untranslatable('generationConfig.responseLogprobs', 'probabilities of tokens');
}

function readFormat(config: unknown): Conversation['format'] {
  // The one is JSON Schema as it stands, the other Google's own.
  const own = member(config, 'responseSchema');
  const schema = member(config, 'responseJsonSchema') ?? (isObject(own) ? plainSchema(own) : own);
  const type = member(config, 'responseMimeType') ?? 'text/plain';
  if (type === 'text/plain') return null;
  if (type === 'application/json' && schema === undefined) return { name: 'answer', schema: null, isStrict: false };
  if (type !== 'application/json' || !isObject(schema))
    throw new Untranslatable('generationConfig.responseMimeType', 'expected text/plain or application/json');
  return { name: 'answer', schema, isStrict: false };
}

/** https://ai.google.dev/gemini-api/docs/thinking; a budget of -1 leaves it to the model. */
function readThinking(thinking: unknown): Reasoning | null {
  const budget = member(thinking, 'thinkingBudget');
  if (typeof budget === 'number' && budget >= 0) return { effort: effortOf(budget), budget };
  return readEffort(stringOr(member(thinking, 'thinkingLevel'), '').toLowerCase());
}

function readChoice(calling: unknown): Conversation['toolChoice'] {
  const mode = stringOr(member(calling, 'mode'), '').toUpperCase();
  const names = member(calling, 'allowedFunctionNames');
  const [only, ...others] = Array.isArray(names) ? names : [];
  if (mode === 'ANY' && typeof only === 'string' && others.length === 0) return { name: only };
  if (only !== undefined) throw new Untranslatable('toolConfig', 'several allowed functions, expected one or all');
  if (mode === 'ANY') return 'required';
  return mode === 'NONE' ? 'none' : mode === 'AUTO' ? 'auto' : null;
}

function readTools(tool: JsonObject): Tool[] {
  const others = isGoogleSearch(tool) ? besideGoogleSearch(tool) : [];
  if (others.length > 0) throw new Untranslatable('tools', `\`${others.join(', ').slice(0, 60)}\`, which the vendor runs itself`);
  if (isGoogleSearch(tool) && member(tool, 'functionDeclarations') === undefined) return [];
  const declarations = member(tool, 'functionDeclarations');
  if (!Array.isArray(declarations)) {
    throw new Untranslatable(
      'tools',
      `\`${Object.keys(tool).join(', ').slice(0, 60)}\`, which the vendor runs itself, expected functionDeclarations`,
    );
  }
  return listOf(declarations, 'tools').map((each) => {
    const own = member(each, 'parameters');
    const schema = member(each, 'parametersJsonSchema') ?? (isObject(own) ? plainSchema(own) : own);
    return {
      name: stringOr(each['name'], ''),
      description: stringOr(each['description'], null),
      schema: isObject(schema) ? schema : { type: 'object', properties: {} },
    };
  });
}

/** Calls have ids only where the client kept ours; the others get some here, and results with none, or one of the client's own, go to the first open call of their name. */
function readContents(contents: unknown): Message[] {
  const open: { readonly id: string; readonly name: string }[] = [];
  let made = 0;
  return listOf(contents, 'contents').map((content, index): Message => {
    const parts = foldSignatures(readParts(content['parts'], `contents[${index}].parts`)).map((part): Part => {
      if (part.kind === 'tool-call') {
        const id = part.id === '' ? `${part.name}_${made++}` : part.id;
        open.push({ id, name: part.name });
        return { ...part, id };
      }
      if (part.kind !== 'tool-result') return part;
      const [id = '', name = ''] = part.id.split(MARK);
      const exact = open.findIndex((each) => each.id === id);
      const at = exact === -1 ? open.findIndex((each) => each.name === name) : exact;
      const [call] = at === -1 ? [] : open.splice(at, 1);
      return { ...part, id: call?.id ?? (id || name) };
    });
    return { role: content['role'] === 'model' ? 'assistant' : 'user', parts };
  });
}

/** Between a result's id and the name of what was called, until its call is found. */
const MARK = '\u0000';

export function readParts(parts: unknown, where: string): Part[] {
  return listOf(parts, where).flatMap((part): Part[] => {
    const text = part['text'];
    const call = member(part, 'functionCall');
    const result = member(part, 'functionResponse');
    const signed = member(part, 'thoughtSignature');
    const signature = typeof signed === 'string' ? readSignature(signed) : null;
    if (isObject(call)) {
      const { id, name, args } = call;
      const input = JSON.stringify(args ?? {});
      return [{ kind: 'tool-call', id: stringOr(id, ''), name: stringOr(name, ''), input, ...(signature !== null && { signature }) }];
    }
    if (isObject(result)) return [readResult(result, where)];
    if (typeof text === 'string') {
      if (part['thought'] === true) return [{ kind: 'thinking', text, signature }];
      return [...(text === '' ? [] : [{ kind: 'text', text } as const]), ...loose(signature)];
    }
    const inline = member(part, 'inlineData') ?? member(part, 'fileData');
    // What it drew while it thought is shown to nobody.
    if (isObject(inline)) return part['thought'] === true ? [] : [readData(inline, where)];
    if (signature !== null) return loose(signature);
    throw new Untranslatable(
      where,
      `a part of \`${Object.keys(part).join(', ').slice(0, 60)}\`, expected text, inlineData, fileData, functionCall or functionResponse`,
    );
  });
}

/** A lone `output`, `result` or `error` is what the tool said; anything else is said as it stands. */
function readResult(result: JsonObject, where: string): Part {
  const { response } = result;
  const [key, ...others] = Object.keys(isObject(response) ? response : {});
  const isError = (at(response, 'error') ?? null) !== null;
  const isLone = others.length === 0 && (key === 'output' || key === 'result' || (key === 'error' && isError));
  const output = isLone && key !== undefined ? at(response, key) : (response ?? '');
  const said = typeof output === 'string' ? output : JSON.stringify(output);
  const media = readParts(result['parts'], where);
  const id = stringOr(result['id'], '') + MARK + stringOr(result['name'], '');
  return { kind: 'tool-result', id, parts: [...(said === '' ? [] : [{ kind: 'text', text: said } as const]), ...media], isError };
}

function readData(inline: JsonObject, where: string): Part {
  const mediaType = stringOr(member(inline, 'mimeType'), '');
  const data = inline['data'];
  const uri = member(inline, 'fileUri');
  const source: Source | null = typeof data === 'string' ? { mediaType, data } : typeof uri === 'string' ? { url: uri } : null;
  if (source !== null && mediaType.startsWith('image/')) return { kind: 'image', source };
  if (source !== null && mediaType === 'application/pdf') return { kind: 'file', source, name: null };
  if (source !== null && 'data' in source && mediaType.startsWith('audio/')) return { kind: 'audio', source };
  throw new Untranslatable(where, `data of type \`${mediaType.slice(0, 40)}\`, expected an image, a PDF or sound`);
}

export function writeConversation(asked: Conversation, { model, outputLimit, isSamplingFixed, reasoning, vendor }: WriteOptions): WrittenRequest {
  const it = settled(asked);
  const sampling = samplingFor(it, isSamplingFixed);
  const steering = steeringFor(it, isSamplingFixed);
  const own = ownFor(it, vendor);
  const cached = own.members[CACHED_CONTENT];
  const system = systemOf(it.messages);
  const names = new Map(
    it.messages.flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'tool-call' ? [[part.id, part.name] as const] : []))),
  );
  const contents = writeContents(it.messages, names, model);
  if (contents.length === 0) throw new Untranslatable('messages', 'none of the user or the assistant');
  const output = outputFor(it.maxOutputTokens, outputLimit);
  const maxOutputTokens = output.tokens;
  const thinking = writeThinking(it, reasoning, maxOutputTokens);
  const config: JsonObject = {
    ...(maxOutputTokens !== null && { maxOutputTokens }),
    ...(sampling.temperature !== null && { temperature: sampling.temperature }),
    ...(sampling.topP !== null && { topP: sampling.topP }),
    ...(sampling.topK !== null && { topK: sampling.topK }),
    ...Object.fromEntries(Object.entries(steering).map(([name, value]) => [CAMEL[name as keyof typeof CAMEL], value])),
    ...(it.stop.length > 0 && { stopSequences: it.stop }),
    ...(it.format !== null && { responseMimeType: 'application/json' }),
    ...(it.format !== null && it.format.schema !== null && { responseJsonSchema: it.format.schema }),
    ...(thinking !== null && { thinkingConfig: thinking }),
    ...(it.givesImages === true && { responseModalities: ['TEXT', 'IMAGE'] }),
  };
  const body: JsonObject = {
    contents,
    ...(system !== null && { systemInstruction: { parts: [{ text: system }] } }),
    ...(it.tools.length > 0 && { tools: [{ functionDeclarations: it.tools.map(writeTool) }] }),
    ...(it.tools.length > 0 && it.toolChoice !== null && { toolConfig: { functionCallingConfig: writeChoice(it.toolChoice) } }),
    ...(Object.keys(config).length > 0 && { generationConfig: config }),
    ...(cached !== undefined && { cachedContent: cached }),
  };
  const dropped = [
    ...sampling.dropped,
    ...own.dropped,
    ...droppedSteering(it, steering),
    ...output.dropped,
    ...(it.user === null ? [] : ['user']),
    ...droppedMarks(it),
    ...droppedThinking(it, 'google'),
    ...droppedStrictness(it),
    ...droppedDetail(it),
    ...(it.reasoning !== null && thinking === null ? ['reasoning effort'] : []),
    ...(it.parallelTools === false ? [ONE_BY_ONE] : []),
    ...droppedRole(asked),
  ];
  return { body, dropped };
}

const writeTool = ({ name, description, schema }: Tool): JsonObject => ({
  name,
  ...(description !== null && { description }),
  parametersJsonSchema: schema,
});

function writeChoice(choice: NonNullable<Conversation['toolChoice']>): JsonObject {
  if (typeof choice !== 'string') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { mode: choice === 'required' ? 'ANY' : choice.toUpperCase() };
}

function writeContents(messages: readonly Message[], names: ReadonlyMap<string, string>, model: string): JsonObject[] {
  const turns: { role: string; parts: JsonObject[] }[] = [];
  for (const { role, parts } of inTurns(messages)) {
    if (role === 'system') continue;
    const written = foldSignatures(parts).flatMap((part) => writePart(part, names));
    const speaker = role === 'assistant' ? 'model' : 'user';
    const last = turns.at(-1);
    if (last?.role === speaker) last.parts.push(...written);
    else if (written.length > 0) turns.push({ role: speaker, parts: written });
  }
  if (SIGNED_CALLS.test(model)) signTurns(turns);
  return turns;
}

export function writePart(part: Part, names: ReadonlyMap<string, string>): JsonObject[] {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }];
    case 'thinking':
      return part.signature?.by === 'google' ? [writeThought(part.text, part.signature)] : [];
    case 'image':
    case 'file':
    case 'audio':
      if ('url' in part.source) throw new Untranslatable('messages', 'an image or document by its address, expected its data');
      return [{ inlineData: { mimeType: part.source.mediaType, data: part.source.data } }];
    case 'tool-call': {
      const args = part.input.trim() === '' ? {} : parseObject(part.input);
      if (args === null) throw new Untranslatable('messages', `the arguments of \`${part.name.slice(0, 60)}\` are no JSON object`);
      return [
        { functionCall: { id: part.id, name: part.name, args }, ...(part.signature?.by === 'google' && { thoughtSignature: part.signature.text }) },
      ];
    }
    case 'tool-result': {
      const name = names.get(part.id);
      if (name === undefined) throw new Untranslatable('messages', `a result of the tool call \`${part.id.slice(0, 60)}\`, which is not there`);
      const said = objects(part.parts).length > 0 ? part.parts.map((each) => (each.kind === 'text' ? each.text : '')).join('') : '';
      // What is no text follows as the user's own.
      const media = part.parts.filter((each) => each.kind !== 'text').flatMap((each) => writePart(each, names));
      return [{ functionResponse: { id: part.id, name, response: part.isError ? { error: said } : { output: said } } }, ...media];
    }
  }
}
