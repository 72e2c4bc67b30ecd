import type { AuthorizationRequest, Role, Sandbox } from '../../sandbox';

/** A call that IAM was asked for, and the policies of its principal at that time. */
export interface RecordedCall {
  role: Role | undefined;
  request: AuthorizationRequest;
  allowed: boolean;
}

export interface Recording {
  /** each of them once, as long as the policies of the principal are the same */
  calls: RecordedCall[];
  /** of each role, all the policies that it had one after the other */
  roles: Map<string, Set<Role>>;
}

/** From now on, what the sandbox asks IAM, and which roles there are. */
export function record({ policies }: Sandbox): Recording {
  const calls = new Map<Role | undefined, Map<string, RecordedCall>>();
  const recording: Recording = { calls: [], roles: new Map() };
  const [authorize, putRole, putPolicy] = [
    policies.authorize.bind(policies),
    policies.putRole.bind(policies),
    policies.putPolicy.bind(policies),
  ];
  const noteRole = (arn: string) =>
    recording.roles.set(arn, (recording.roles.get(arn) ?? new Set()).add(policies.role(arn)!));
  policies.putRole = async (arn, role) => {
    await putRole(arn, role);
    noteRole(arn);
  };
  policies.putPolicy = async (arn, name, document) => {
    await putPolicy(arn, name, document);
    noteRole(arn);
  };
  policies.authorize = async (request) => {
    const role = policies.role(request.principal);
    const note = (allowed: boolean) => {
      const ofRole = calls.get(role) ?? new Map<string, RecordedCall>();
      const call = { role, request, allowed };
      const key = JSON.stringify([request, allowed]);
      if (!ofRole.has(key)) recording.calls.push(call);
      calls.set(role, ofRole.set(key, call));
    };
    await authorize(request).then(
      () => note(true),
      (error) => {
        note(false);
        throw error;
      },
    );
  };
  return recording;
}
