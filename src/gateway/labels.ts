/** What a call is known by in the log. */
import type { CallLabels } from '../../schema/record';
import { sessionOf } from './session';
import type { Trail } from './trail';

/** A fetch that counts a call in the background has the labels of that call where it has none of its own. */
export function labelsOf({ call, policy, body, begun }: Trail): CallLabels {
  return {
    userId: policy?.userId ?? body?.facts.user ?? begun?.userId ?? null,
    sessionId: sessionOf(call, policy, body) ?? begun?.sessionId ?? null,
    sessionPath: policy?.sessionPath ?? begun?.sessionPath ?? null,
    sessionName: policy?.sessionName ?? begun?.sessionName ?? null,
    promptId: policy?.promptId ?? begun?.promptId ?? null,
    promptVersion: policy?.promptVersion ?? begun?.promptVersion ?? null,
    modelOverride: policy?.modelOverride ?? begun?.modelOverride ?? null,
    properties: { ...begun?.properties, ...policy?.properties },
  };
}
