/** https://platform.openai.com/docs/api-reference/responses/object */
import type { Response as OpenAiResponse } from 'openai/resources/responses/responses';
import { type Citation, type Completion, type FinishReason, imageInAnswer, type Part, Untranslatable } from '../canonical';
import { citationsWithin, readAnnotations, writeAnnotation } from '../citations';
import { at, objects, shown, stringOr } from '../json';
import { readError } from '../openai-chat/error';
import { unfoldSignatures } from '../signature';
import type { AnswerFacts, JsonObject } from '../wire';
import { nameIn, readReasoning, writeReasoning } from './request';
import { readBackground, readUsage, writeUsage } from './usage';

/** Of `status`: the answer will not change any more. */
const LASTING: ReadonlySet<unknown> = new Set(['completed', 'incomplete']);

export const readAnswer = (body: JsonObject): AnswerFacts => ({
  model: stringOr(body['model'], null),
  usage: readUsage(body),
  // `error` stands beside `output` in a failed response, which is an answer of its own and no error body.
  error: body['object'] === 'response' ? null : readError(body),
  ...(body['object'] === 'response' && !LASTING.has(body['status']) && { isPassing: true }),
  background: readBackground(body),
});

export function readFinish(response: unknown, hasTools: boolean): FinishReason {
  if (at(response, 'status') !== 'incomplete') return hasTools ? 'tool-calls' : 'stop';
  return at(response, 'incomplete_details', 'reason') === 'content_filter' ? 'filter' : 'length';
}

export function readCompletion(body: JsonObject): Completion {
  if (!Array.isArray(body['output'])) throw new Untranslatable('output', 'expected a list');
  if (!LASTING.has(body['status'])) throw new Untranslatable('status', `\`${shown(body['status'])}\`, expected completed or incomplete`);
  const parts = objects(body['output']).flatMap(readOutput);
  return {
    id: stringOr(body['id'], ''),
    model: stringOr(body['model'], ''),
    parts,
    citations: readCitations(body['output']),
    finish: readFinish(
      body,
      parts.some((part) => part.kind === 'tool-call'),
    ),
    usage: readUsage(body),
  };
}

function readCitations(output: unknown): Citation[] {
  let said = 0;
  const messages = objects(output).filter(({ type }) => type !== 'reasoning' && type !== 'function_call');
  return messages
    .flatMap(({ content }) => objects(content))
    .flatMap(({ text, annotations }) => {
      const found = readAnnotations(annotations, said);
      said += stringOr(text, '').length;
      return found;
    });
}

function readOutput(item: JsonObject): Part[] {
  if (item['type'] === 'function_call') {
    const name = nameIn(stringOr(item['namespace'], null), stringOr(item['name'], ''));
    return [{ kind: 'tool-call', id: stringOr(item['call_id'], ''), name, input: stringOr(item['arguments'], '') }];
  }
  if (item['type'] === 'reasoning') {
    const thought = readReasoning(item);
    return thought === null ? [] : [thought];
  }
  return objects(item['content']).flatMap((part): Part[] => {
    if (typeof part['refusal'] === 'string') return [{ kind: 'refusal', text: part['refusal'] }];
    return typeof part['text'] === 'string' && part['text'] !== '' ? [{ kind: 'text', text: part['text'] }] : [];
  });
}

/** The caller's functions in namespaces, by the name under which they are called elsewhere. */
export function namespacesIn(request: JsonObject): ReadonlyMap<string, JsonObject> {
  const found = objects(request['tools']).flatMap((tool) => {
    const { type, name: namespace } = tool;
    if (type !== 'namespace' || typeof namespace !== 'string') return [];
    return objects(tool['tools']).map(({ name }) => [nameIn(namespace, stringOr(name, '')), { name, namespace }] as const);
  });
  return new Map(found);
}

export const splitName = (name: string, namespaces: ReadonlyMap<string, JsonObject>): JsonObject => namespaces.get(name) ?? { name };

/** The frame of a response; what the caller asked for is repeated in it. `createdAt`: Unix seconds. */
export function frameOf(id: string, model: string, createdAt: number, request: JsonObject): JsonObject {
  return {
    id,
    object: 'response' satisfies OpenAiResponse['object'],
    created_at: createdAt,
    model,
    error: null,
    incomplete_details: null,
    instructions: request['instructions'] ?? null,
    metadata: request['metadata'] ?? {},
    max_output_tokens: request['max_output_tokens'] ?? null,
    parallel_tool_calls: request['parallel_tool_calls'] ?? true,
    previous_response_id: null,
    reasoning: request['reasoning'] ?? { effort: null, summary: null },
    store: false,
    temperature: request['temperature'] ?? null,
    text: request['text'] ?? { format: { type: 'text' } },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: request['tools'] ?? [],
    top_p: request['top_p'] ?? null,
    truncation: 'disabled',
  };
}

/** How the response ended: `completed`, or `incomplete` and why. */
export function endOf(finish: FinishReason): { readonly status: 'completed' | 'incomplete'; readonly incomplete_details: JsonObject | null } {
  if (finish === 'length') return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  if (finish === 'filter') return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  return { status: 'completed', incomplete_details: null };
}

/** The items of an output have ids of their own, made of the response's and their place. */
export const itemId = (kind: 'msg' | 'fc' | 'rs', responseId: string, index: number): string =>
  `${kind}_${responseId.replace(/^resp_/, '')}_${index}`;

export function writeCompletion(it: Completion, createdAt: number, request: JsonObject): JsonObject {
  const namespaces = namespacesIn(request);
  if (it.parts.some((part) => part.kind === 'image')) throw imageInAnswer();
  const output: JsonObject[] = [];
  let message: JsonObject[] | null = null;
  let said = 0;
  for (const part of unfoldSignatures(it.parts)) {
    if (part.kind === 'text' || part.kind === 'refusal') {
      if (message === null) {
        message = [];
        output.push({ type: 'message', id: itemId('msg', it.id, output.length), status: 'completed', role: 'assistant', content: message });
      }
      if (part.kind === 'refusal') message.push({ type: 'refusal', refusal: part.text });
      else {
        const annotations = citationsWithin(it.citations, said, part.text.length).map(writeAnnotation);
        message.push({ type: 'output_text', text: part.text, annotations, logprobs: [] });
        said += part.text.length;
      }
      continue;
    }
    message = null;
    if (part.kind === 'thinking') {
      output.push({ ...writeReasoning(part.text, part.signature), id: itemId('rs', it.id, output.length) });
    } else if (part.kind === 'tool-call') {
      const { id, name, input } = part;
      output.push({
        type: 'function_call',
        id: itemId('fc', it.id, output.length),
        call_id: id,
        ...splitName(name, namespaces),
        arguments: input,
        status: 'completed',
      });
    }
  }
  return { ...frameOf(it.id, it.model, createdAt, request), ...endOf(it.finish), output, usage: it.usage === null ? null : writeUsage(it.usage) };
}
