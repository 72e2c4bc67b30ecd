import { arn, type World } from '../world';
import { ResourceFailure, type ExistingRequest, type NativeType, type ResourceRequest } from './provider';

/** Roles and policies, handed to the policy store that authorizes every call. */
export function iamTypes(world: World): Record<string, NativeType> {
  const roleArns = new Map<string, string>();
  /** the properties of each role, by its name */
  const roles = new Map<string, any>();
  /** customer managed policies, by ARN */
  const managed = new Map<string, any>();
  /** what is attached to a role from outside of it: name → document */
  const attached = new Map<string, Map<string, any>>();

  const roleArn = (name: string) => {
    const found = roleArns.get(name);
    if (found === undefined) throw new ResourceFailure(`The role with name ${name} cannot be found.`);
    return found;
  };
  const putRole = async (name: string, properties: any) => {
    roles.set(name, properties);
    const policies = Object.fromEntries(
      (properties.Policies ?? []).map((policy: any) => [policy.PolicyName, policy.PolicyDocument]),
    );
    const arns: string[] = properties.ManagedPolicyArns ?? [];
    const own = Object.fromEntries(
      arns.filter((policy) => managed.has(policy)).map((policy) => [policy, managed.get(policy)]),
    );
    await world.policies?.putRole(roleArn(name), {
      trust: properties.AssumeRolePolicyDocument,
      inline: { ...policies, ...own, ...Object.fromEntries(attached.get(name) ?? []) },
      managedPolicyArns: arns.filter((policy) => !managed.has(policy)),
      permissionsBoundary: managed.get(properties.PermissionsBoundary) ?? properties.PermissionsBoundary,
    });
  };
  const attach = async (names: string[], policy: string, document: any) => {
    for (const role of names) {
      await world.policies?.putPolicy(roleArn(role), policy, document);
      attached.set(role, (attached.get(role) ?? new Map()).set(policy, document));
    }
  };
  const detach = (names: string[], policy: string) => {
    for (const role of names) {
      if (!roleArns.has(role)) continue;
      world.policies?.removePolicy(roleArn(role), policy);
      attached.get(role)?.delete(policy);
    }
  };

  return {
    'AWS::IAM::Role': {
      attributes: ['Arn', 'RoleId'],
      replacedBy: ['RoleName', 'Path'],
      create: async (request) => {
        const { properties } = request;
        const name = properties.RoleName ?? nameFor(world, request, 64);
        const Arn = arn(world, 'iam', `role${properties.Path ?? '/'}${name}`, '');
        roleArns.set(name, Arn);
        await putRole(name, properties);
        return { physicalId: name, attributes: { Arn, RoleId: `AROA${world.identities.suffix()}` } };
      },
      update: ({ physicalId, properties }) => putRole(physicalId, properties),
      delete: ({ physicalId }) => {
        world.policies?.removeRole(roleArn(physicalId));
        roleArns.delete(physicalId);
        roles.delete(physicalId);
        attached.delete(physicalId);
      },
    },
    'AWS::IAM::Policy': {
      attributes: ['Id'],
      create: async (request) => {
        await attach(
          rolesOf(request.properties),
          request.properties.PolicyName,
          request.properties.PolicyDocument,
        );
        const physicalId = nameFor(world, request, 128);
        return { physicalId, attributes: { Id: physicalId } };
      },
      update: async ({ properties, oldProperties }) => {
        detach(rolesOf(oldProperties), oldProperties.PolicyName);
        await attach(rolesOf(properties), properties.PolicyName, properties.PolicyDocument);
      },
      delete: ({ properties }) => detach(rolesOf(properties), properties.PolicyName),
    },
    'AWS::IAM::ManagedPolicy': {
      attributes: ['PolicyArn', 'PolicyId'],
      replacedBy: ['ManagedPolicyName', 'Path', 'Description'],
      create: async (request) => {
        const { properties } = request;
        const PolicyArn = arn(
          world,
          'iam',
          `policy${properties.Path ?? '/'}${properties.ManagedPolicyName ?? nameFor(world, request, 128)}`,
          '',
        );
        managed.set(PolicyArn, properties.PolicyDocument);
        await attach(rolesOf(properties), PolicyArn, properties.PolicyDocument);
        return {
          physicalId: PolicyArn,
          attributes: { PolicyArn, PolicyId: `ANPA${world.identities.suffix()}` },
        };
      },
      update: async ({ physicalId, properties, oldProperties }: ExistingRequest) => {
        managed.set(physicalId, properties.PolicyDocument);
        detach(rolesOf(oldProperties), physicalId);
        await attach(rolesOf(properties), physicalId, properties.PolicyDocument);
        const users = [...roles].filter(([, role]) =>
          [...(role.ManagedPolicyArns ?? []), role.PermissionsBoundary].includes(physicalId),
        );
        for (const [name, role] of users) await putRole(name, role);
      },
      delete: ({ physicalId, properties }) => {
        detach(rolesOf(properties), physicalId);
        managed.delete(physicalId);
      },
    },
  };
}

function rolesOf({ Roles, Users, Groups }: any): string[] {
  if (Users?.length || Groups?.length) {
    throw new ResourceFailure('the sandbox serves policies of roles only, not of users or groups');
  }
  return Roles ?? [];
}

function nameFor(world: World, { stack, logicalId }: ResourceRequest, longest: number): string {
  return world.identities.physicalId(stack.name, logicalId, longest);
}
