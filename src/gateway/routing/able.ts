/** Which targets can do what a call asks of them beside text, as far as that is known of their models. Pure. */
import { type Abilities, abilitiesOf } from '../../providers/abilities';
import { type Conversation, type Part, Untranslatable } from '../../wires/canonical';
import type { Call, CallBody, Target } from '../call';
import { shownTarget } from './strategy';

const NEEDS = ['image', 'pdf', 'audio', 'tools'] as const;
type Need = (typeof NEEDS)[number];

const SHOWN: Readonly<Record<Need, string>> = { image: 'images', pdf: 'documents', audio: 'audio', tools: 'tools' };

const has = (abilities: Abilities, need: Need): boolean => (need === 'tools' ? abilities.tools : abilities.takes.includes(need));

/**
 * The targets whose model is not known to lack what the call needs; all where none would be left, since a table may be behind its
 * time. The conversation is read only where the targets differ.
 */
export function able(call: Call, body: CallBody, targets: readonly Target[], warn: (sentence: string) => void): readonly Target[] {
  if (targets.length < 2) return targets;
  const lacked = targets.map(({ model, provider }) => {
    const abilities = model === null ? null : abilitiesOf(model);
    if (abilities === null) return [];
    return NEEDS.filter((need) => !has(abilities, need) && !(need === 'pdf' && provider?.readsDocuments === true));
  });
  const telling = NEEDS.filter((need) => new Set(lacked.map((each) => each.includes(need))).size > 1);
  if (telling.length === 0) return targets;
  const needed = needsOf(call, body).filter((need) => telling.includes(need));
  const missing = lacked.map((each) => needed.find((need) => each.includes(need)));
  const left = targets.filter((_, index) => missing[index] === undefined);
  if (left.length === 0 || left.length === targets.length) return targets;
  const unable = targets.flatMap((target, index) => {
    const need = missing[index];
    return need === undefined ? [] : [`${shownTarget(target)} (${SHOWN[need]})`];
  });
  warn(`left out for what they do not take: ${unable.join(', ')}`);
  return left;
}

function needsOf({ wire }: Call, { json, facts }: CallBody): readonly Need[] {
  if (wire.inbound === null || json === null) return [];
  try {
    const conversation = wire.inbound.readConversation(json, facts);
    return NEEDS.filter((need) =>
      need === 'tools' ? offersTools(conversation) : conversation.messages.some(({ parts }) => parts.some(holds(need))),
    );
  } catch (error) {
    // What no other dialect can say stays with those who speak this one, and they know best; nesting too deep is found when it is sent.
    if (error instanceof Untranslatable || error instanceof RangeError) return [];
    throw error;
  }
}

const offersTools = ({ tools, toolChoice }: Conversation): boolean => tools.length > 0 && toolChoice !== 'none';

const holds =
  (need: Exclude<Need, 'tools'>) =>
  (part: Part): boolean => {
    if (part.kind === 'tool-result') return part.parts.some(holds(need));
    return need === 'pdf' ? part.kind === 'file' : part.kind === need;
  };
