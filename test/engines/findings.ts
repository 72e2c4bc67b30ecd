import { EXPLAINED_FINDINGS, type ExplainedFinding } from './explained-findings';
import type { Synthesis, Template } from './subjects';

/** What a validator says about a template or a construct. */
export interface Finding {
  place: string;
  validator: string;
  rule: string;
  /** of several things that a rule finds in one resource; without what differs from one app to the next */
  what?: string;
  /** the path of the resource within the provider, or the stack, that it is in */
  where: string;
  message: string;
}

export function unexplained(findings: Finding[], explained = EXPLAINED_FINDINGS): string[] {
  return findings
    .filter((finding) => !explained.some((explanation) => explains(explanation, finding)))
    .map(
      ({ place, rule, what, where, message }) =>
        `${place}: ${where}: ${what === undefined ? rule : `${rule}[${what}]`}: ${message}`,
    );
}

/** Rules, things and places that an explanation names, and that are not found any more. */
export function stale(findings: Finding[], explained = EXPLAINED_FINDINGS): string[] {
  return explained.flatMap((explanation) => {
    const own = findings.filter((finding) => explains(explanation, finding));
    return [
      ...explanation.rules.filter((rule) => !own.some((finding) => isRule(rule, finding))),
      ...(explanation.what?.filter((what) => !own.some((finding) => finding.what === what)) ?? []),
      ...explanation.where.filter((where) => !own.some((finding) => isWithin(where, finding))),
    ].map((name) => `${name} (${explanation.rules[0]}, ${explanation.where[0]})`);
  });
}

function explains({ rules, what, where }: ExplainedFinding, finding: Finding): boolean {
  return (
    rules.some((rule) => isRule(rule, finding)) &&
    (what === undefined || what.includes(finding.what ?? '')) &&
    where.some((place) => isWithin(place, finding))
  );
}

/** Packs of cdk-nag share rules, and put their names in front. */
function isRule(rule: string, finding: Finding): boolean {
  return finding.rule === rule || finding.rule.endsWith(`-${rule}`);
}

function isWithin(where: string, finding: Finding): boolean {
  return finding.where === where || finding.where.startsWith(`${where}/`);
}

/** Where the resource is that has this logical id in a template. */
export function whereIs({ body }: Template, logicalId: string | undefined, { names }: Synthesis): string {
  const resource = body.Resources[logicalId ?? ''];
  return names.get(resource?.Metadata?.['aws:cdk:path']) ?? logicalId ?? 'the template';
}
