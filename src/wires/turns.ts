/** Whose turn it is in a conversation, for dialects that are stricter about it than the one that it comes from. */
import type { Conversation, Message, Part } from './canonical';

/**
 * The system's words amid a conversation stay where they are, as the user's (`as`) for dialects that keep the system's apart. Results
 * follow their calls at once, so what stands between them waits.
 */
export function settled(it: Conversation, as: 'user' | 'system' = 'user'): Conversation {
  const begins = it.messages.findIndex(({ role }) => role !== 'system');
  if (begins === -1 || !isLate(it)) return it;
  const messages: Message[] = it.messages.slice(0, begins);
  let waiting: Message[] = [];
  for (const message of it.messages.slice(begins)) {
    if (message.role === 'system') waiting.push({ ...message, role: as });
    else {
      if (!message.parts.some(({ kind }) => kind === 'tool-result')) {
        messages.push(...waiting);
        waiting = [];
      }
      messages.push(message);
    }
  }
  return { ...it, messages: [...messages, ...waiting] };
}

const isLate = ({ messages }: Conversation): boolean =>
  messages.some(({ role }, index) => role === 'system' && messages[index - 1]?.role !== 'system' && index > 0);

/** Where the assistant's turns hold no images; what is lost is named. */
export function withoutImages(it: Conversation): Conversation {
  const isDrawn = ({ role, parts }: Message): boolean => role === 'assistant' && parts.some(({ kind }) => kind === 'image');
  if (!it.messages.some(isDrawn)) return it;
  const messages = it.messages.map((each) => (isDrawn(each) ? { ...each, parts: each.parts.filter(({ kind }) => kind !== 'image') } : each));
  return { ...it, messages: messages.filter(({ parts }) => parts.length > 0), dropped: [...it.dropped, 'images of the assistant'] };
}

export const droppedRole = (it: Conversation): string[] => (isLate(it) ? ['the role of system messages amid the conversation'] : []);

/** Turns of one speaker in one message: elsewhere each call, result and text may be one of its own. A result ends with the user's own words. */
export function inTurns(messages: readonly Message[]): Message[] {
  const turns: { readonly role: Message['role']; readonly parts: Part[]; readonly isResult: boolean }[] = [];
  for (const { role, parts } of messages) {
    const last = turns.at(-1);
    const isResult = parts.length > 0 && parts.every((part) => part.kind === 'tool-result');
    const goesOn = last?.role === role && (role === 'assistant' || (role === 'user' && last.isResult && isResult));
    if (last !== undefined && goesOn) for (const part of parts) last.parts.push(part);
    else turns.push({ role, parts: [...parts], isResult });
  }
  return turns;
}
