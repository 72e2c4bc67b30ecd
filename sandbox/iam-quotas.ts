import { AwsError } from './endpoint';
import type { PolicyDocument, Role } from './iam';

/** IAM's default quotas, in characters without white space. */
const INLINE = 10_240;
const MANAGED = 6_144;
const TRUST = 2_048;

/**
 * @throws `AwsError` LimitExceeded if the policies of a role are too large: the trust policy, the inline ones
 * together, and each customer managed policy (those that are named by an ARN)
 */
export function assertWithinQuotas(
  roleName: string,
  { trust, inline = {}, permissionsBoundary }: Role,
): void {
  if (sizeOf(trust) > TRUST) throw exceeded(`Cannot exceed quota for ACLSizePerRole: ${TRUST}`);
  const managed = Object.keys(inline).filter((name) => name.startsWith('arn:'));
  for (const document of [...managed.map((name) => inline[name]), permissionsBoundary]) {
    if (typeof document === 'object') assertManagedPolicy(document);
  }
  const own = Object.keys(inline).filter((name) => !managed.includes(name));
  if (own.reduce((sum, name) => sum + sizeOf(inline[name]), 0) > INLINE) {
    throw exceeded(`Maximum policy size of ${INLINE} bytes exceeded for role ${roleName}`);
  }
}

/** @throws `AwsError` LimitExceeded if a customer managed policy is too large */
export function assertManagedPolicy(document: PolicyDocument): void {
  if (sizeOf(document) > MANAGED) throw exceeded(`Cannot exceed quota for PolicySize: ${MANAGED}`);
}

function sizeOf(document: PolicyDocument): number {
  return JSON.stringify(document).replace(/\s/g, '').length;
}

function exceeded(message: string): AwsError {
  return new AwsError('LimitExceeded', message, 409);
}
