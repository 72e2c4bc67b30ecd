import { IConstruct } from 'constructs';

/** The last preparation of each app. */
const preparations = new WeakMap<IConstruct, object>();

/** CDK prepares the app of this construct, once for each synthesis: what was found in it counts no more. */
export function prepareAgain({ node: { root } }: IConstruct): void {
  preparations.set(root, {});
}

/** A function that computes its result once for each construct, until CDK prepares the app again. */
export function oncePerPreparation<K extends IConstruct, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly preparation?: object; readonly value: V }>();
  return (key) => {
    const preparation = preparations.get(key.node.root);
    const last = known.get(key);
    if (last && last.preparation === preparation) return last.value;
    const value = compute(key);
    known.set(key, { preparation, value });
    return value;
  };
}

/** All that an app consists of. */
export const constructsOf = oncePerPreparation((root: IConstruct) => root.node.findAll());
