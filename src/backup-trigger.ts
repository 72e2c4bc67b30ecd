import { Stage, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { recognizable } from './private/copies';
import { hashOf, hashOfResources, resourcesIn } from './private/resource-hash';

/** Another value of this context makes another deployment of the same app. */
const DEPLOYMENT_CONTEXT = 'cdk-fsx-backup:deployment';

/**
 * When to take another backup.
 *
 * Whenever the value of a trigger differs from the last deployment, another backup is taken. A rollback to
 * the former value takes none: the resource gets its former backup back.
 */
export class BackupTrigger {
  /**
   * When a deployment changes these constructs: when the CloudFormation resources at or below them (logical
   * id, type and properties, as they will be in the template) differ from last time.
   *
   * What is defined later counts too, and so does what these resources refer to if CloudFormation replaces it
   * at every change: the task definition of an ECS service, versions and layers of a Lambda function, launch
   * templates and configurations, job definitions. Of other things that are referred to, only the name is in
   * the template: cover them by a scope of their own. Metadata and dependencies do not count, nor does this
   * library's own part of the template.
   *
   * @param scopes constructs, of this or other stacks of the same stage; at least one resource must be at or
   * below them
   */
  public static onChangeOf(...scopes: IConstruct[]): BackupTrigger {
    return new BackupTrigger(
      // The hash covers what is not in place yet while CDK looks for references, and holds none.
      (_, isPreparing) => (isPreparing ? [] : [`onChangeOf:${hashOfResources(resourcesIn(scopes))}`]),
      (backup) => problemsOf(scopes, backup),
    );
  }

  /**
   * When one of these values changes: a version, the hash of an asset, the id of a build.
   *
   * @param values may be tokens, that is, known only when the stack is deployed. An attribute of another
   * stack never changes: CloudFormation refuses to change an export that is in use
   * @throws if there is no value, an empty one, or a list whose length is known only when the stack is
   * deployed
   */
  public static onValue(...values: string[]): BackupTrigger {
    if (values.length === 0) {
      throw new Error(
        'BackupTrigger.onValue needs a value: without one, there would never be another backup',
      );
    }
    if (Token.isUnresolved(values)) {
      throw new Error(
        'BackupTrigger.onValue got a list that is only known at deployment: join it, ' +
          "onValue(Fn.join(',', list))",
      );
    }
    for (const value of values) {
      if (typeof value === 'string' && value !== '') continue;
      throw new Error(
        `BackupTrigger.onValue got ${JSON.stringify(value) ?? 'undefined'}: give a text that is not empty; ` +
          'a variable of the environment may be missing',
      );
    }
    return new BackupTrigger(() => [`onValue:${knownOrHash(values.join('\n'))}`]);
  }

  /**
   * Whenever the app is synthesized.
   *
   * Set the context `cdk-fsx-backup:deployment` to anything, and that is the value: for tests, and for a
   * quiet `cdk diff`.
   */
  public static everyDeployment(): BackupTrigger {
    const now = new Date().toISOString();
    return new BackupTrigger((backup) => [
      `everyDeployment:${backup.node.tryGetContext(DEPLOYMENT_CONTEXT) ?? now}`,
    ]);
  }

  private constructor(
    /** @internal */ public readonly _values: (backup: IConstruct, isPreparing: boolean) => string[],
    /** @internal */ public readonly _validate: (backup: IConstruct) => string[] = () => [],
  ) {}
}

recognizable(BackupTrigger);

/** CloudFormation must see tokens. What is known may be long, and is hashed. */
function knownOrHash(text: string): string {
  return Token.isUnresolved(text) ? text : hashOf(text, 16);
}

function problemsOf(scopes: readonly IConstruct[], backup: IConstruct): string[] {
  const covered = resourcesIn(scopes);
  if (covered.length === 0) {
    const names = scopes.map((scope) => `"${scope.node.path || 'App'}"`).join(', ');
    return [
      `BackupTrigger.onChangeOf covers no resource: ${names || 'it got none, which'} would never change. ` +
        'Name constructs that define what is deployed',
    ];
  }
  const foreign = covered.find((resource) => Stage.of(resource) !== Stage.of(backup));
  return foreign
    ? [
        `BackupTrigger.onChangeOf covers "${foreign.node.path}", which is in another stage, and CDK ` +
          'synthesizes stages one after the other, so what aspects and tags do there would not be seen: ' +
          'name constructs of the stage of the backup, or use onValue',
      ]
    : [];
}
