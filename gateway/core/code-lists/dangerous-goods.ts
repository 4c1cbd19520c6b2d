import ranges from './data/un-numbers.json';

/**
 * Class of each UN number (UN Model Regulations up to revision 23, IMDG amendment 42-24): of explosives only that they are class 1,
 * of aerosols and small gas cartridges only that they are class 2. Packing groups by number are not in the table.
 */
const classesByNumber = new Map<string, readonly string[]>();

for (const [hazardClass, list] of Object.entries(ranges))
  for (const range of list.split(' ')) {
    const [first = '', last = first] = range.split('-');
    for (let number = Number(first); number <= Number(last); number++) {
      const unNumber = String(number).padStart(4, '0');
      classesByNumber.set(unNumber, [...(classesByNumber.get(unNumber) ?? []), hazardClass]);
    }
  }

export function isUnNumber(unNumber: string): boolean {
  return classesByNumber.has(unNumber);
}

/** The classes that a UN number may have (two where amendments differ); undefined when the number is not assigned. */
export function classesOfUnNumber(unNumber: string): readonly string[] | undefined {
  return classesByNumber.get(unNumber);
}

export function unNumbers(): { code: string; name: string }[] {
  return [...classesByNumber]
    .map(([code, classes]) => ({ code, name: `Class ${classes.join(' or ')}` }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}
