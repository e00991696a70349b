/** What a whole stream of each dialect must look like, by the vendors' streaming pages; each throws at the first event that breaks it. */
import { eventsOf } from '../../src/wires/sse.ts';

// biome-ignore lint/suspicious/noExplicitAny: read by a grammar that checks each member it uses
type Json = any;

const fail = (what: string): never => {
  throw new Error(`grammar: ${what}`);
};

export interface ReadStream {
  readonly text: string;
  readonly tools: readonly { id: string; name: string; input: string }[];
  readonly finish: string;
  readonly usage: Json;
}

/** Role first, one finish reason, usage last, `[DONE]`; one id throughout, whoever goes on. https://platform.openai.com/docs/api-reference/chat-streaming */
export function readChatStream(stream: string): ReadStream {
  const events = eventsOf(stream);
  if (events.at(-1)?.data !== '[DONE]') fail('no [DONE] at the end');
  const chunks: Json[] = events.slice(0, -1).map((event) => JSON.parse(event.data));
  let text = '';
  let finish: string | null = null;
  let usage: Json = null;
  const tools: { id: string; name: string; input: string }[] = [];
  chunks.forEach((chunk, index) => {
    if (chunk.object !== 'chat.completion.chunk') fail(`object ${chunk.object}`);
    if (chunk.id !== chunks[0].id) fail('the id changes');
    if (usage !== null) fail('something behind the usage');
    const [choice] = chunk.choices;
    if (choice === undefined) {
      if (finish === null) fail('usage before the finish reason');
      usage = chunk.usage;
      return;
    }
    if (index === 0 && choice.delta.role !== 'assistant') fail('no role at first');
    if (finish !== null) fail('a choice behind the finish reason');
    text += choice.delta.content ?? '';
    for (const call of choice.delta.tool_calls ?? []) {
      const known = tools[call.index];
      if (known === undefined) tools[call.index] = { id: call.id, name: call.function.name, input: call.function.arguments ?? '' };
      else known.input += call.function.arguments;
    }
    finish = choice.finish_reason;
  });
  return { text, tools, finish: finish ?? fail('no finish reason'), usage };
}

/** message_start … message_stop, blocks opened and closed in order. https://platform.claude.com/docs/en/build-with-claude/streaming */
export function readMessagesStream(stream: string): ReadStream {
  let state: 'before' | 'between' | 'inside' | 'finished' | 'after' = 'before';
  let index = -1;
  let kind = '';
  let text = '';
  let finish: string | null = null;
  let usage: Json = null;
  const tools: { id: string; name: string; input: string }[] = [];
  for (const event of eventsOf(stream)) {
    const body: Json = JSON.parse(event.data);
    if (event.name !== body.type) fail(`event ${event.name} with type ${body.type}`);
    if (body.type === 'ping') continue;
    switch (`${state} ${body.type}`) {
      case 'before message_start':
        state = 'between';
        break;
      case 'between content_block_start':
        if (body.index !== ++index) fail(`block ${body.index}, expected ${index}`);
        kind = body.content_block.type;
        if (kind === 'tool_use') tools.push({ id: body.content_block.id, name: body.content_block.name, input: '' });
        state = 'inside';
        break;
      case 'inside content_block_delta': {
        if (body.index !== index) fail(`a delta of block ${body.index} in block ${index}`);
        const expected = { text: 'text_delta', tool_use: 'input_json_delta', thinking: 'thinking_delta' }[kind];
        if (body.delta.type !== expected && body.delta.type !== 'signature_delta') fail(`${body.delta.type} in a block of ${kind}`);
        text += body.delta.text ?? '';
        const tool = tools.at(-1);
        if (tool !== undefined) tool.input += body.delta.partial_json ?? '';
        break;
      }
      case 'inside content_block_stop':
        state = 'between';
        break;
      case 'between message_delta':
        finish = body.delta.stop_reason;
        usage = body.usage;
        state = 'finished';
        break;
      case 'finished message_stop':
        state = 'after';
        break;
      default:
        fail(`${body.type} while ${state}`);
    }
  }
  if (state !== 'after') fail(`ended while ${state}`);
  return { text, tools, finish: finish ?? fail('no stop reason'), usage };
}

/** Candidates, then one finish reason with the usage, and nothing behind it. https://ai.google.dev/api/generate-content */
export function readGeminiStream(stream: string): ReadStream {
  let text = '';
  let finish: string | null = null;
  let usage: Json = null;
  const tools: { id: string; name: string; input: string }[] = [];
  for (const event of eventsOf(stream)) {
    const body: Json = JSON.parse(event.data);
    if (finish !== null) fail('something behind the finish reason');
    const [candidate] = body.candidates;
    if (candidate.content.role !== 'model') fail(`role ${candidate.content.role}`);
    for (const part of candidate.content.parts) {
      if (part.thought !== true) text += part.text ?? '';
      if (part.functionCall !== undefined)
        tools.push({ id: part.functionCall.id, name: part.functionCall.name, input: JSON.stringify(part.functionCall.args) });
    }
    finish = candidate.finishReason ?? null;
    usage = body.usageMetadata ?? null;
    if (usage !== null && finish === null) fail('usage before the finish reason');
  }
  return { text, tools, finish: finish ?? fail('no finish reason'), usage };
}

/** Created, in progress, items and their parts in order, completed, under rising numbers. https://platform.openai.com/docs/api-reference/responses-streaming */
export function readResponsesStream(stream: string): ReadStream {
  const events: Json[] = eventsOf(stream).map((event) => {
    const body: Json = JSON.parse(event.data);
    if (event.name !== body.type) fail(`event ${event.name} with type ${body.type}`);
    return body;
  });
  events.forEach((body, index) => {
    if (body.sequence_number !== index) fail(`number ${body.sequence_number}, expected ${index}`);
  });
  if (events[0]?.type !== 'response.created' || events[1]?.type !== 'response.in_progress') fail('no beginning');
  const last = events.at(-1);
  if (!/^response\.(?:completed|incomplete)$/.test(last.type)) fail(`ended with ${last.type}`);
  let text = '';
  let open: Json = null;
  let isPartOpen = false;
  /** What the open part, or the open call's arguments, have come to. */
  let said = '';
  const tools: { id: string; name: string; input: string }[] = [];
  const items: Json[] = [];
  for (const body of events.slice(2, -1)) {
    if (body.item_id !== undefined && body.item_id !== open?.id) fail(`${body.type} of an item that is not open`);
    switch (body.type) {
      case 'response.output_item.added':
        if (open !== null || body.output_index !== items.length) fail('an item inside another, or out of order');
        open = body.item;
        said = '';
        if (open.type === 'function_call') tools.push({ id: open.call_id, name: open.name, input: '' });
        break;
      case 'response.content_part.added':
      case 'response.reasoning_summary_part.added':
        if (isPartOpen) fail('a part inside another');
        isPartOpen = true;
        said = '';
        break;
      case 'response.content_part.done':
      case 'response.reasoning_summary_part.done':
        if (!isPartOpen) fail('a part done that was not open');
        if ((body.part.text ?? body.part.refusal) !== said) fail('a part that is done with another text than its deltas');
        isPartOpen = false;
        break;
      case 'response.output_text.delta':
      case 'response.refusal.delta':
      case 'response.reasoning_summary_text.delta':
        if (!isPartOpen) fail('text outside a part');
        said += body.delta;
        if (body.type === 'response.output_text.delta') text += body.delta;
        break;
      case 'response.output_text.annotation.added':
        if (!isPartOpen) fail('an annotation outside a part');
        break;
      case 'response.output_text.done':
      case 'response.refusal.done':
      case 'response.reasoning_summary_text.done':
        if ((body.text ?? body.refusal) !== said) fail('a text that is done with another than its deltas');
        break;
      case 'response.function_call_arguments.delta': {
        const tool = tools.at(-1);
        if (open?.type !== 'function_call' || tool === undefined) return fail('arguments outside a call');
        tool.input += body.delta;
        said += body.delta;
        break;
      }
      case 'response.function_call_arguments.done':
        if (body.arguments !== said) fail('arguments that are done with others than their deltas');
        break;
      case 'response.output_item.done':
        if (isPartOpen) fail('an item done while its part is open');
        items.push(body.item);
        open = null;
        break;
      default:
        fail(`${body.type}, which is no event of ours`);
    }
  }
  if (open !== null) fail('an item is not done');
  if (JSON.stringify(items) !== JSON.stringify(last.response.output)) fail('the response has another output than its events');
  return { text, tools, finish: last.response.status, usage: last.response.usage };
}
