import { Annotations, AspectPriority, Aspects, CfnResource, IAspect, Stack, Stage } from 'aws-cdk-lib';
import { Construct, IConstruct } from 'constructs';
import { BackupSource } from '../backup-source';
import { FsxBackup } from '../fsx-backup';
import { FsxFinalBackup } from '../fsx-final-backup';
import type { FsxProtectionOptions } from '../fsx-protection';
import { finalBackupsOf, isGuarded } from './backups-of';
import { shareCondition } from './condition';
import { report } from './findings';
import { nearest } from './nesting';
import { isRetained } from './removal-policies';
import { templateOf } from './rendered-template';
import { isOtherHalf, isSource } from './source-checks';

/** What was decided for a scope. It holds for what is below, unless something nearer decides otherwise. */
export type Decision = { readonly options: FsxProtectionOptions } | { readonly noneBecause: string };

const decisions = new WeakMap<IConstruct, Decision>();

export function decide(scope: IConstruct, decision: Decision): void {
  decisions.set(scope, decision);
}

/** The one of the nearest scope. */
export function decisionFor(source: CfnResource): Decision | undefined {
  const scope = nearest(source, (each) => decisions.has(each));
  return scope && decisions.get(scope);
}

/** The constructs at or below a scope that something may be decided for. */
export function sourcesIn(scope: IConstruct): CfnResource[] {
  return scope.node.findAll().filter(isSource);
}

/**
 * CDK synthesizes each stage by itself: neither aspects nor validations of the app reach it.
 *
 * @returns where something has to be added to reach all that is below the scope, now
 */
export function placesIn(scope: IConstruct): IConstruct[] {
  const here = nearest(scope, Stack.isStack) ?? scope;
  return [...new Set([here, ...scope.node.findAll().filter(Stage.isStage)])];
}

/** After aspects that change removal policies, and before those that judge. */
const PRIORITY = (AspectPriority.DEFAULT + AspectPriority.READONLY) / 2;

const reached = new WeakSet<CfnResource>();

/** One for all apps, since CDK lets each aspect visit a construct once. */
const PROTECTION: IAspect = {
  visit: (construct) => {
    // At its stack, so that all aspects visit what is added; and at itself, if an aspect has added it.
    if (Stack.isStack(construct)) sourcesIn(construct).forEach(protect);
    else if (isSource(construct)) protect(construct);
  },
};

/** Give what is below a scope its backups, when the app is complete. */
export function protectBelow(scope: IConstruct): void {
  for (const place of placesIn(scope)) {
    const aspects = Aspects.of(place);
    if (!aspects.all.includes(PROTECTION)) aspects.add(PROTECTION, { priority: PRIORITY });
  }
  scope.node.addValidation({ validate: () => unreachedIn(scope) });
}

function unreachedIn(scope: IConstruct): string[] {
  return sourcesIn(scope)
    .filter((source) => !reached.has(source) && 'options' in (decisionFor(source) ?? {}))
    .map(
      ({ node: { path } }) =>
        `FsxProtection of "${scope.node.path || 'App'}" did not reach "${path}". If it is in a stage, call ` +
        'FsxProtection.of(stage) in that stage, since CDK synthesizes a stage by itself; if an aspect has ' +
        'added it, set the feature flag @aws-cdk/core:aspectStabilization',
    );
}

function protect(source: CfnResource): void {
  reached.add(source);
  const decision = decisionFor(source);
  if (!decision || isOtherHalf(source)) return;
  if ('noneBecause' in decision) return tellOfNone(source, decision.noneBecause);
  const why = whyNotProtected(source);
  if (why) report(source, 'cdk-fsx-backup:notProtected', why);
  else giveBackups(source, decision.options);
}

function giveBackups(
  source: CfnResource,
  { beforeChange = true, finalBackup = true, ...given }: FsxProtectionOptions,
): void {
  // What is undefined would win over the defaults of a property injector.
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (beforeChange && !isGuarded(source)) {
    FsxBackup.beforeChangeOf(placeFor(source), 'BeforeChange', source, options);
  }
  if (finalBackup && !isRetained(source) && finalBackupsOf(source).length === 0) {
    const backup = new FsxFinalBackup(placeFor(source), 'Final', { source: BackupSource.of(source) });
    shareCondition(backup._resource, source);
  }
}

export function tellOfNone(source: CfnResource, reason: string): void {
  Annotations.of(source).addInfo(`"${source.node.path}" has no backups of FsxProtection: ${reason}`);
}

/** Why FSx cannot back it up. */
export function whyNotProtected(source: CfnResource): string | undefined {
  const [why] = BackupSource.of(source)._validate(source.node.root);
  return (
    why &&
    `no backup of "${source.node.path}" can be taken: ${why}; if it is right as it is, say why: ` +
      'FsxProtection.of(construct).none(reason)'
  );
}

/** Below its stack, under a name that only a move of the source itself changes. */
function placeFor(source: CfnResource): Construct {
  const { stack } = source;
  const ids = source.node.scopes.slice(stack.node.scopes.length).map(({ node }) => node.id);
  // as in logical ids, what an L2 calls its resource does not count
  const named = ids.length > 1 && /^(Resource|Default)$/.test(ids.at(-1)!) ? ids.slice(0, -1) : ids;
  const all = child(stack, 'FsxProtection', () => {
    stack.node.addValidation({ validate: () => problemsOfSize(stack) });
  });
  return child(all, named.join('--'));
}

function child(scope: Construct, id: string, onNew: () => void = () => undefined): Construct {
  const known = scope.node.tryFindChild(id);
  if (known) return known as Construct;
  onNew();
  return new Construct(scope, id);
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const MAX_RESOURCES = 500;

function problemsOfSize(stack: Stack): string[] {
  const { ids, own } = templateOf(stack);
  if (ids.size <= MAX_RESOURCES) return [];
  return [
    `stack "${stack.node.path}" has ${ids.size} resources, ${own.size} of them for backups, and ` +
      `CloudFormation allows ${MAX_RESOURCES}: put some file systems into another stack or a NestedStack, ` +
      'or let FsxProtection add fewer backups (beforeChange or finalBackup: false, a timeout of 55 minutes)',
  ];
}
