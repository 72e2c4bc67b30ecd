import { IConstruct } from 'constructs';
import { oncePer } from './once';

/** The last preparation of each app. */
const preparations = new WeakMap<IConstruct, object>();

/** CDK prepares the app of this construct, once for each synthesis: what was found in it counts no more. */
export function prepareAgain({ node: { root } }: IConstruct): void {
  preparations.set(root, {});
}

/** A function that computes its result once for each construct, until CDK prepares the app again. */
export function oncePerPreparation<K extends IConstruct, V>(compute: (key: K) => V): (key: K) => V {
  const knownIn = oncePer((_preparation: object) => oncePer(compute));
  return (key) => knownIn(preparations.get(key.node.root) ?? key.node.root)(key);
}

/** All that an app consists of. */
export const constructsOf = oncePerPreparation((root: IConstruct) => root.node.findAll());
