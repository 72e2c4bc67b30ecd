import type { PolicyDocument, Role } from '../../sandbox';

/** The policies of a role, but for one thing. */
export interface Mutant {
  /** what was taken away, and from where */
  what: string;
  /** of the statement that was changed; undefined: any */
  actions?: string[];
  role: Role;
}

/** With less than it grants: without a statement, an action, a resource, a managed policy. */
export function narrower(role: Role): Mutant[] {
  const { managedPolicyArns: arns = [] } = role;
  return [
    ...mutants(role, (statement) => [
      { what: 'the statement', statement: undefined },
      ...without(statement, 'Action'),
      ...without(statement, 'Resource'),
    ]),
    ...arns.map((arn) => ({
      what: `managed policy ${arn}`,
      role: { ...role, managedPolicyArns: arns.filter((other) => other !== arn) },
    })),
  ];
}

/** With more than it grants: without a condition, or on every resource. */
export function wider(role: Role): Mutant[] {
  return mutants(role, (statement) => [
    ...Object.entries<any>(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.keys(keys).map((key) => ({
        what: `condition ${operator} ${key}`,
        statement: { ...statement, Condition: withoutKey(statement.Condition, operator, key) },
      })),
    ),
    ...listOf(statement.Resource)
      .filter((resource) => resource !== '*')
      .map((resource) => ({
        what: `limit to resource ${resource}`,
        statement: {
          ...statement,
          Resource: listOf(statement.Resource).map((other) => (other === resource ? '*' : other)),
        },
      })),
  ]);
}

interface Change {
  what: string;
  /** undefined: there is none any more */
  statement: any;
}

function mutants(role: Role, changesOf: (statement: any) => Change[]): Mutant[] {
  return Object.entries(role.inline ?? {}).flatMap(([name, document]) => {
    const statements = listOf(document.Statement);
    return statements.flatMap((statement, at) =>
      changesOf(statement).map(({ what, statement: changed }) => {
        const Statement = statements.flatMap((other, nth) =>
          nth !== at ? [other] : changed ? [changed] : [],
        );
        const policy: PolicyDocument = { ...document, Statement };
        const actions: string[] = listOf(statement.Action);
        return {
          what: `${what} of ${JSON.stringify(statement)} in ${name}`,
          actions,
          role: { ...role, inline: { ...role.inline, [name]: policy } },
        };
      }),
    );
  });
}

function without(statement: any, element: 'Action' | 'Resource'): Change[] {
  const members = listOf(statement[element]);
  if (members.length < 2) return []; // that is the statement
  return members.map((member) => ({
    what: `${element.toLowerCase()} ${member}`,
    statement: { ...statement, [element]: members.filter((other) => other !== member) },
  }));
}

function withoutKey(condition: any, operator: string, key: string): any {
  const { [key]: _, ...keys } = condition[operator];
  const { [operator]: __, ...operators } = condition;
  return Object.keys(keys).length > 0 ? { ...operators, [operator]: keys } : operators;
}

function listOf<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}
