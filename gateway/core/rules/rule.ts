import type { Declaration } from '../declaration';
import type { Problem } from '../problem';

type Scalar = string | number | boolean | null | undefined;

/**
 * A declaration of which anything may be missing: rules also run when the schema found faults, so that the sender gets everything
 * at once. What is there has the right type; an entry of a list that has not is undefined.
 */
export type Sparse<T> = unknown extends T
  ? T
  : T extends Scalar
    ? T | undefined
    : T extends (infer Item)[]
      ? Sparse<Item>[]
      : { [Key in keyof T]?: Sparse<T[Key]> | undefined };
export type SparseDeclaration = Sparse<Declaration>;

/** What a rule may know beside the declaration. Lists are imported: they are constants. */
export interface RuleFacts {
  /** The gateway's receive time: a rule has no clock. Absent where only the declaration is judged. */
  receivedAt?: string;
}

/** A pure rule on what a declaration means. Its severity is the policy's business. */
export type Rule = (declaration: SparseDeclaration, facts: RuleFacts) => Problem[];

type Formalities = NonNullable<SparseDeclaration['formalities']>;

/** A formality that is there and not withdrawn. */
export function formality<Name extends keyof Formalities>(
  declaration: SparseDeclaration,
  name: Name,
): NonNullable<Formalities[Name]> | undefined {
  return declaration.formalities?.[name] ?? undefined;
}

/** Visits the entries of a list that are there, with their index in it. */
export function forEachEntry<Item>(
  list: readonly Item[] | null | undefined,
  visit: (item: NonNullable<Item>, index: number) => void,
): void {
  if (list === undefined || list === null) return;
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (item !== undefined && item !== null) visit(item, index);
  }
}
