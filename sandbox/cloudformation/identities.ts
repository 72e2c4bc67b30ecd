import { createHash } from 'node:crypto';

/**
 * Invented ids: unlike each other, and the same in every run, so that a failing test fails the same way
 * twice.
 */
export class Identities {
  private count = 0;

  constructor(private readonly seed: string) {}

  uuid(): string {
    const hex = this.hex(32);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  hex(length: number): string {
    return createHash('sha256').update(`${this.seed} ${++this.count}`).digest('hex').slice(0, length);
  }

  /** What CloudFormation appends to the names that it makes up. */
  suffix(): string {
    return BigInt(`0x${this.hex(20)}`)
      .toString(36)
      .toUpperCase()
      .padStart(13, '0')
      .slice(-13);
  }

  /** A physical id of CloudFormation's own making: `<stack>-<logicalId>-<SUFFIX>`. */
  physicalId(stackName: string, logicalId: string, longest = 255): string {
    return `${`${stackName}-${logicalId}`.slice(0, longest - 14)}-${this.suffix()}`;
  }
}
