import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalid } from './intrinsics';
import type { Template } from './template';

/** A stack of a cloud assembly, ready to be deployed. */
export interface AssemblyStack {
  stackName: string;
  template: Template;
  /** where it lies */
  templatePath: string;
  parameters: Record<string, string>;
  tags: Record<string, string>;
  assets: (s3Key: string) => string;
}

interface Artifact {
  type: string;
  dependencies?: string[];
  properties?: any;
}

/** The stacks of a cloud assembly and of the assemblies nested in it, each after those that it depends on. */
export function stacksOf(directory: string): AssemblyStack[] {
  const artifacts: Record<string, Artifact> = readJson(directory, 'manifest.json').artifacts ?? {};
  return inDependencyOrder(artifacts).flatMap((name) => {
    const { type, properties } = artifacts[name];
    if (type === 'cdk:cloud-assembly') return stacksOf(join(directory, properties.directoryName));
    if (type !== 'aws:cloudformation:stack') return [];
    return [
      {
        stackName: properties.stackName ?? name,
        template: readJson(directory, properties.templateFile),
        templatePath: join(directory, properties.templateFile),
        parameters: properties.parameters ?? {},
        tags: properties.tags ?? {},
        assets: assetsOf(directory, artifacts),
      },
    ];
  });
}

function inDependencyOrder(artifacts: Record<string, Artifact>): string[] {
  const ordered = new Set<string>();
  const visit = (name: string) => {
    if (ordered.has(name)) return;
    (artifacts[name]?.dependencies ?? []).forEach(visit);
    if (name in artifacts) ordered.add(name);
  };
  Object.keys(artifacts).forEach(visit);
  return [...ordered];
}

/** Where each asset lies, by the key that it will have in S3. */
function assetsOf(directory: string, artifacts: Record<string, Artifact>): (s3Key: string) => string {
  const places = new Map<string, string>();
  for (const { type, properties } of Object.values(artifacts)) {
    if (type !== 'cdk:asset-manifest') continue;
    const files: Record<string, any> = readJson(directory, properties.file).files ?? {};
    for (const { source, destinations } of Object.values(files)) {
      for (const { objectKey } of Object.values<any>(destinations)) {
        places.set(objectKey, join(directory, source.path ?? ''));
      }
    }
  }
  return (s3Key) => {
    const place = places.get(s3Key);
    if (place === undefined) throw invalid(`S3 key ${s3Key} is in no asset manifest of the cloud assembly`);
    return place;
  };
}

function readJson(directory: string, file: string): any {
  return JSON.parse(readFileSync(join(directory, file), 'utf8'));
}
