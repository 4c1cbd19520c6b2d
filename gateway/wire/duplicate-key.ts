/**
 * Finds a key that occurs twice in one object of a JSON text, which JSON.parse would settle silently in favour of the last one.
 * The text must be known to be well formed (JSON.parse took it). One pass, no recursion: depth costs memory, not stack.
 */
export function hasDuplicateKey(json: string): boolean {
  /** Keys seen per open object; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let keys: Set<string> | undefined;
  let expectsKey = false;
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case 0x7b: // {
        open.push((keys = new Set()));
        expectsKey = true;
        break;
      case 0x5b: // [
        open.push((keys = undefined));
        expectsKey = false;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        keys = open.at(-1);
        expectsKey = false;
        break;
      case 0x2c: // ,
        expectsKey = keys !== undefined;
        break;
      case 0x22: {
        const start = i;
        let escaped = false;
        for (i++; json.charCodeAt(i) !== 0x22; i++) {
          if (json.charCodeAt(i) === 0x5c) {
            escaped = true;
            i++;
          }
        }
        if (!expectsKey || keys === undefined) break;
        // "a" is the key "a": compare what the text means.
        const key = escaped ? (JSON.parse(json.slice(start, i + 1)) as string) : json.slice(start + 1, i);
        if (keys.has(key)) return true;
        keys.add(key);
        expectsKey = false;
        break;
      }
    }
  }
  return false;
}
