/**
 * RFC 8785 canonical JSON: keys sorted by UTF-16 code units, ECMAScript numbers and strings, no white space.
 * Keys whose value is undefined are left out. Own code because it is on the hot path; tested against `canonicalize`.
 */
export function canonicalJson(value: unknown): string {
  return isInOrder(value) ? JSON.stringify(value) : writeInOrder(value);
}

/** Whether JSON.stringify writes it canonically as it stands: what is built in order need not be sorted. */
function isInOrder(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (Array.isArray(value)) return value.every(isInOrder);
  const members = value as Record<string, unknown>;
  if (members['toJSON'] !== undefined) return false;
  let last = '';
  for (const key of Object.keys(members)) {
    if (key < last) return false;
    last = key;
    const member = members[key];
    if (member !== undefined && !isInOrder(member)) return false;
  }
  return true;
}

function writeInOrder(value: unknown): string {
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new RangeError('canonical JSON has no NaN or Infinity');
    return JSON.stringify(value) ?? 'null';
  }
  if (Array.isArray(value)) {
    let text = '[';
    for (let i = 0; i < value.length; i++) text += (i === 0 ? '' : ',') + writeInOrder(value[i]);
    return `${text}]`;
  }
  const members = value as Record<string, unknown>;
  let text = '{';
  for (const key of Object.keys(members).sort()) {
    const member = members[key];
    if (member === undefined) continue;
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${writeInOrder(member)}`;
  }
  return `${text}}`;
}
